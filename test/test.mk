# Tests, scratch clusters and the demo: included by the Makefile.  All but the programs at the end works without PGXS.

export PG_CONFIG

.PHONY: demo db-up db-down exif-backfill bench test test-programs check-lint check-compilers check-unit check-regress check-isolation check-tap

test:
	+@MAKE='$(MAKE)' test/run $(PARTS)

# one part; TE_ONLY="word word" chooses files by their names
check-lint check-compilers check-unit check-regress check-isolation check-tap: check-%:
	+@MAKE='$(MAKE)' test/run $*

demo:
	+@MAKE='$(MAKE)' tools/demo

db-up db-down: db-%:
	+@MAKE='$(MAKE)' tools/db $*

# in the database that PGHOST, PGDATABASE and so on name; make hands on what is set on its command line
exif-backfill:
	@tools/exif-backfill

bench:
	+@MAKE='$(MAKE)' bench/run $(FIGURES)

# --- programs that tests need

TEST_CFLAGS = $(DECODER_CFLAGS) -I. $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
TEST_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
SANITIZE    = -O1 -U_FORTIFY_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

test_headers  = $(wildcard src/wire/*.h src/image/*.h src/decoder/*.h test/unit/*.h test/pictures/*.h)
picture_files = $(wildcard test/pictures/*.c)
unit_programs = $(patsubst test/unit/%.c,build/unit/%,$(wildcard test/unit/test_*.c))
unit_library  = $(wildcard src/wire/*.c src/image/*.c src/decoder/*.c test/pictures/*.c) \
                $(filter-out test/unit/test_%,$(wildcard test/unit/*.c))

test-programs: $(unit_programs) build/make_pictures

build/make_pictures: $(patsubst %.c,build/obj/%.o,$(picture_files) $(wildcard src/wire/*.c))
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

build/exif_dump: $(patsubst %.c,build/obj/%.o,test/conformance/exif_dump.c $(wildcard src/image/*.c src/wire/*.c))
	$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

build/obj/%.o: %.c $(test_headers)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -c -o $@ $<

# Unit tests: all under ASan and UBSan, with the parts of src that run without a server.  From an
# archive only what a test uses is linked: a main() of the decoder's does no harm.
build/san/%.o: %.c $(test_headers)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) $(SANITIZE) -c -o $@ $<

build/san/unit.a: $(patsubst %.c,build/san/%.o,$(unit_library))
	rm -f $@
	ar rc $@ $^

build/unit/%: build/san/test/unit/%.o build/san/unit.a
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) $(SANITIZE) -o $@ $^ $(TEST_LIBS)

.SECONDARY:
