# Tests, scratch clusters and the demo: included by the Makefile.  All but the programs at the end works without PGXS.

export PG_CONFIG

.PHONY: demo db-up db-down exif-backfill bench test test-programs check-lint check-compilers check-unit check-regress check-isolation check-tap

test:
	+@MAKE='$(MAKE)' test/run $(PARTS)

# one part; TE_ONLY="word word" chooses files by their names
check-lint check-compilers check-unit check-regress check-isolation check-tap: check-%:
	+@MAKE='$(MAKE)' test/run $*

# trouble of all kinds for long (test/soak), then power cuts: MINUTES=60, and SEED= to have the same actions again
MINUTES ?= 60
.PHONY: soak
soak:
	+@MAKE='$(MAKE)' TE_ONLY='070_soak 071_power_cut' TE_SOAK_SECONDS=$$(($(MINUTES) * 60)) TE_SOAK_SEED=$(SEED) test/run tap

# break the code on purpose, and see that tests fail; MUTATIONS="word word" chooses (by hand: it takes many minutes)
.PHONY: check-mutations
check-mutations:
	+@MAKE='$(MAKE)' test/mutate.sh $(MUTATIONS)

# what the README says to newcomers, on bare Debian systems in chroots (by hand, as root): CASES="sid-root bookworm-sudo"
.PHONY: check-fresh
check-fresh:
	+@MAKE='$(MAKE)' test/fresh $(CASES)

# packages for Debian and PGXN and the steps of the Dockerfile, built and tried in chroots (by hand, as root): CASES="debian-sid pgxn"
.PHONY: check-packages
check-packages:
	+@MAKE='$(MAKE)' test/packages $(CASES)

# a Citus cluster on this machine: its source is built into build/ the first time, unless PostgreSQL has Citus
.PHONY: check-citus
check-citus:
	+@citus=$$(test/citus/build) && MAKE='$(MAKE)' TE_CITUS="$$citus" TE_ONLY='$(or $(TE_ONLY),citus)' test/run tap

# with a PostgreSQL that has assertions, built from Debian's source package into build/ the first time; valgrind looks
# at that server and at the unit tests (PARTS and TE_ONLY choose, as above)
.PHONY: check-cassert check-valgrind
check-cassert check-valgrind: check-%:
	+@MAKE='$(MAKE)' test/strict $* $(PARTS)

# gcc -fanalyzer, clang-tidy, cppcheck; TOOLS=cppcheck chooses.  What they find and is right is in test/analyze.answers.
.PHONY: check-analyze
check-analyze:
	+@MAKE='$(MAKE)' test/analyze $(TOOLS)

# pgindent's layout: see it, or have it (FILES="a.c b.c": of those)
.PHONY: check-format format
check-format:
	@test/format --check $(FILES)
format:
	@test/format $(FILES)

demo:
	+@MAKE='$(MAKE)' tools/demo

# the picture of the README
.PHONY: picture
picture:
	+@MAKE='$(MAKE)' PICTURE=doc/demo.jpg tools/demo

db-up db-down: db-%:
	+@MAKE='$(MAKE)' tools/db $*

# the page of thumbexif_gallery(), made anew of its sources (by hand: needs node, npm and its registry)
.PHONY: gallery
gallery:
	tools/bundle-gallery

# in the database that PGHOST, PGDATABASE and so on name; make hands on what is set on its command line
exif-backfill:
	@tools/exif-backfill

bench:
	+@MAKE='$(MAKE)' bench/run $(FIGURES)

# A folder of sample pictures with expected.jsonl, ExifTool's answers; tests that need it are skipped without it.
THEXIF_PHOTOS ?= $(wildcard ../shared/photos)
export THEXIF_PHOTOS

# --- programs that tests need

TEST_CFLAGS = $(DECODER_CFLAGS) -I. $(PKGS_CFLAGS)
TEST_LIBS   = $(PKGS_LIBS) -lbrotlienc -lm
SANITIZE    = -O1 -U_FORTIFY_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# what is preloaded into servers, to give them trouble
shims = $(patsubst test/shim/%.c,build/shim_%.so,$(wildcard test/shim/*.c))

exif_sources  = $(wildcard src/wire/*.c src/container/*.c src/exif/*.c)
image_sources = $(exif_sources) $(wildcard src/image/*.c)
test_headers  = $(wildcard src/wire/*.h src/container/*.h src/exif/*.h src/image/*.h src/decoder/*.h src/opener/*.h test/unit/*.h test/pictures/*.h)
picture_files = $(wildcard test/pictures/*.c)
unit_programs = $(patsubst test/unit/%.c,build/unit/%,$(wildcard test/unit/test_*.c))
unit_library  = $(image_sources) $(wildcard src/decoder/*.c src/opener/*.c) \
                $(filter-out test/unit/test_% test/unit/exif_cases%,$(wildcard test/unit/*.c))

.PHONY: test-tools
test-tools: build/exif_dump build/exif_craft build/make_pictures build/stub_decoder build/stub_opener build/deny build/cpu_time $(shims)
test-programs: test-tools $(unit_programs)

# What is built of src for the decoder and the opener is linked as it is.
build/make_pictures: $(patsubst %.c,build/obj/%.o,$(picture_files)) $(wire_objs)
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

# the photos of the demo
build/demo-photos: build/make_pictures
	rm -rf $@ && mkdir $@
	build/make_pictures --demo $@ > /dev/null

# the bench's measure of quality
build/ssim: build/obj/bench/ssim.o
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

build/exif_dump: build/obj/test/conformance/exif_dump.o $(image_objs) $(wire_objs)
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

exif_case_files = $(wildcard test/unit/exif_cases*.c) test/pictures/containers.c test/pictures/exif_block.c \
                  test/pictures/exif_wrap.c test/pictures/exif_wrap_box.c test/pictures/older_raw.c test/pictures/packet_wrap.c
build/exif_craft: $(patsubst %.c,build/obj/%.o,test/conformance/craft.c $(exif_case_files))
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

# stands in for the decoder in a private installation
build/stub_decoder: build/obj/test/stub_decoder.o $(wire_objs)
	$(CC) $(TEST_CFLAGS) -o $@ $^

# system calls that a container does not permit
build/deny: build/obj/test/deny.o
	$(CC) $(TEST_CFLAGS) -o $@ $^ -lseccomp

# processor time of tests (TE_CPU=1)
build/cpu_time: build/obj/test/cpu_time.o
	$(CC) $(TEST_CFLAGS) -o $@ $^

# the opener itself, with a file system that hangs
build/stub_opener: build/obj/test/stub_opener.o $(opener_objs) $(wire_objs)
	$(CC) $(TEST_CFLAGS) -Wl,--wrap=opn_open_file -Wl,--wrap=opn_list_files -Wl,--wrap=opn_read_thumbnail -Wl,--wrap=opn_ask_for -o $@ $^

build/shim_%.so: test/shim/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -fPIC -shared -Wall -Wextra -D_GNU_SOURCE $(TE_CFLAGS) -o $@ $< -ldl

# the reference implementation of ThumbHash (npm and the network), for a test that is skipped without it
THUMBHASH = 0.1.1
.PHONY: build/thumbhash
build/thumbhash:
	mkdir -p $@
	cd $@ && npm pack --silent thumbhash@$(THUMBHASH) && tar -xzf thumbhash-$(THUMBHASH).tgz

build/obj/%.o: %.c Makefile $(test_headers)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -c -o $@ $<

# Fuzzing the EXIF code: make fuzz FUZZ_TIME=1800.  What libFuzzer finds goes to test/fuzz/corpus, which the tests replay.
FUZZ_TIME   ?= 60
FUZZ_CFLAGS  = $(filter-out -fstack-protector-strong -D_FORTIFY_SOURCE=2,$(TEST_CFLAGS)) -g -fno-omit-frame-pointer \
               -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_files   = test/fuzz/fuzz_exif.c $(exif_sources)
FUZZ_LIBS    = -lexif -lbrotlidec -lexpat -lz -lm

.PHONY: fuzz
fuzz: build/fuzz_exif build/exif_craft
	mkdir -p build/fuzz/seeds build/fuzz/corpus build/fuzz/crafted build/fuzz/found
	build/exif_craft build/fuzz/crafted
	perl test/fuzz/seeds.pl build/fuzz/crafted $(wildcard $(THEXIF_PHOTOS)) build/fuzz/seeds
	build/fuzz_exif -max_total_time=$(FUZZ_TIME) -timeout=5 -rss_limit_mb=1024 -max_len=16384 -artifact_prefix=build/fuzz/found/ \
		-dict=test/fuzz/exif.dict build/fuzz/corpus build/fuzz/seeds $(wildcard test/fuzz/corpus)

build/fuzz_exif: $(fuzz_files) $(test_headers)
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(fuzz_files) $(FUZZ_LIBS)

# the same without libFuzzer, for files
build/fuzz_exif_alone: $(fuzz_files) $(test_headers)
	@mkdir -p $(@D)
	$(CC) $(FUZZ_CFLAGS) -DFUZZ_ALONE -o $@ $(fuzz_files) $(FUZZ_LIBS)

# The same for pictures that our own code takes apart; seeds are the small ones of the test set.
image_fuzz_files = test/fuzz/fuzz_image.c $(image_sources)

.PHONY: fuzz-image
fuzz-image: build/fuzz_image build/make_pictures
	mkdir -p build/fuzz/image-seeds build/fuzz/image-corpus build/fuzz/found
	build/make_pictures build/fuzz/image-seeds
	find build/fuzz/image-seeds -size +100k -delete
	build/fuzz_image -max_total_time=$(FUZZ_TIME) -timeout=5 -rss_limit_mb=2048 -max_len=32768 -artifact_prefix=build/fuzz/found/ \
		build/fuzz/image-corpus build/fuzz/image-seeds

build/fuzz_image: $(image_fuzz_files) $(test_headers)
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(image_fuzz_files) $(TEST_LIBS)

# The same for our decoder of averages, which is compared with libjpeg; seeds are the cases of its unit test.
jpeg_fuzz_files = test/fuzz/fuzz_jpeg.c test/unit/jpeg_compare.c src/container/jpeg.c $(wildcard src/image/jpeg_dc*.c)

.PHONY: fuzz-jpeg
fuzz-jpeg: build/fuzz_jpeg build/unit/test_jpeg_dc
	mkdir -p build/fuzz/jpeg-seeds build/fuzz/jpeg-corpus build/fuzz/found
	build/unit/test_jpeg_dc build/fuzz/jpeg-seeds
	build/fuzz_jpeg -max_total_time=$(FUZZ_TIME) -timeout=5 -rss_limit_mb=2048 -max_len=16384 -artifact_prefix=build/fuzz/found/ \
		build/fuzz/jpeg-corpus build/fuzz/jpeg-seeds

build/fuzz_jpeg: $(jpeg_fuzz_files) $(test_headers)
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(jpeg_fuzz_files) $(TEST_LIBS)

# What is read against what ExifTool reads, on crafted pictures, on those in THEXIF_PHOTOS and on the samples that come
# with Debian's sources of libexif, exiv2 and ExifTool (fetched into build/samples, 150 MB).
.PHONY: conformance
conformance: build/exif_dump build/exif_craft
	mkdir -p build/crafted
	build/exif_craft build/crafted
	perl test/conformance/every_tag.pl build/crafted/jpeg.jpg build/crafted/every_tag.jpg
	test/conformance/fetch build/samples
	status=0; for folder in build/crafted build/samples $(wildcard $(THEXIF_PHOTOS)); do \
		echo "== $$folder"; test/conformance/compare.pl $$folder || status=1; done; exit $$status

# Unit tests: all under ASan and UBSan, with the parts of src that run without a server.  What makes pictures and EXIF is
# shared with other programs, and not checked: it gives them in memory of malloc().  From an archive only what a test
# uses is linked: a main() of the decoder's does no harm.
build/san/%.o: %.c Makefile $(test_headers)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) $(SANITIZE) -c -o $@ $<

# Checks of each addition would make it ten times as slow; test_image_reduce has them.
build/san/src/image/reduce.o build/san/src/image/reduce_axis.o: SANITIZE += -O3 -fno-sanitize=undefined

build/san/unit.a: $(patsubst %.c,build/san/%.o,$(unit_library)) $(patsubst %.c,build/obj/%.o,$(picture_files) $(wildcard test/unit/exif_cases*.c))
	rm -f $@
	ar qcs $@ $^

build/unit/%: build/san/test/unit/%.o build/san/unit.a
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) $(SANITIZE) -o $@ $^ $(TEST_LIBS)

# All C files as clang reads them, for its warnings (test/compilers.sh: CC=clang).  It takes most of its time for the headers of
# PostgreSQL and libvips: these it reads once.
clang_files = $(wildcard src/*/*.c src/pg/*/*.c test/*.c test/*/*.c bench/*.c)

.PHONY: clang-warnings build/clang/postgres.pch build/clang/vips.pch
clang-warnings: $(clang_files:%.c=build/clang/%)

build/clang/postgres.pch build/clang/vips.pch:
	@mkdir -p $(@D)
	printf '#include <%s>\n' $(clang_headers) > $(@:.pch=.h)
	$(clang_command) -x c-header -o $@ $(@:.pch=.h)
build/clang/postgres.pch: clang_command = $(CC) $(CPPFLAGS) $(CFLAGS)
build/clang/postgres.pch: clang_headers = postgres.h access/htup_details.h access/xact.h catalog/pg_type.h executor/spi.h fmgr.h funcapi.h miscadmin.h utils/builtins.h
build/clang/vips.pch: clang_command = $(CC) $(TEST_CFLAGS)
build/clang/vips.pch: clang_headers = vips/vips.h

build/clang/src/pg/%: src/pg/%.c build/clang/postgres.pch
	$(CC) $(CPPFLAGS) $(CFLAGS) -include-pch build/clang/postgres.pch -fsyntax-only $<
build/clang/src/image/%: src/image/%.c build/clang/vips.pch
	$(CC) $(TEST_CFLAGS) -include-pch build/clang/vips.pch -fsyntax-only $<
build/clang/%: %.c
	$(CC) $(TEST_CFLAGS) -fsyntax-only $<

.SECONDARY:
