# thumbexif: the module with PGXS, the decoder and the opener beside it.
#
#	make            build all three
#	make install    into the PostgreSQL that pg_config names (PG_CONFIG=/path/to/pg_config chooses another)
#	make test       install what is missing, build, run every test (check-unit, check-regress ... run a part)
#	make demo       a private cluster with a small photo collection (PHOTOS=/a/folder: with your own)
#	make db-up      a private cluster in this folder to play with; make db-down ends and removes it
#	make bench      the figures of bench/README.md
#	make dist       an archive for PGXN

tools       := $(dir $(lastword $(MAKEFILE_LIST)))tools
pkg_config  := $(tools)/pkg-config

EXTENSION   = thumbexif
EXTVERSION  = 1.1
MODULE_big  = thumbexif

wire_objs    = $(patsubst %.c,%.o,$(wildcard src/wire/*.c))
image_objs   = $(patsubst %.c,%.o,$(wildcard src/container/*.c src/exif/*.c src/image/*.c))
decoder_objs = $(patsubst %.c,%.o,$(wildcard src/decoder/*.c))
opener_objs  = $(patsubst %.c,%.o,$(wildcard src/opener/*.c))
OBJS         = $(patsubst %.c,%.o,$(wildcard src/pg/*.c src/pg/*/*.c)) $(wire_objs)

# The install script is made of the parts.  The script that upgrades to it makes the schema, brings what the old
# version had to where it is now (sql/upgrade/OLD.sql), goes on with those parts that may be run again, and ends with
# sql/upgrade/OLD-end.sql.
SQL_PARTS    = $(sort $(wildcard sql/[0-9]*.sql))
SQL_ONCE     = sql/05-schema.sql sql/10-state.sql
# What thumbexif_api() makes, as templates that a function of the extension returns.
API_PARTS    = $(sort $(wildcard sql/api/*.sql))
UPGRADE_FROM = 1.0
UPGRADES     = $(UPGRADE_FROM:%=sql/$(EXTENSION)--%--$(EXTVERSION).sql)
DATA_built   = sql/$(EXTENSION)--$(EXTVERSION).sql $(UPGRADES)
# PGXS builds either a module or a program: these are built here.
PROGRAMS_built = thumbexif-decoder thumbexif-opener
EXTRA_CLEAN = sql/api-templates.sql $(PROGRAMS_built) $(image_objs) $(decoder_objs) $(opener_objs) $(gallery_page) build

# The page of thumbexif_gallery() is compiled in, as an array of its bytes; make gallery makes the page itself (src/gallery/README.md).
gallery_page = src/pg/sql/gallery_page.inc

PG_CPPFLAGS = -I$(srcdir)/src -DTE_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
              -Wno-declaration-after-statement -fvisibility=hidden \
              $(if $(findstring clang,$(CC)),$(CLANG_CFLAGS)) $(TE_CFLAGS)
# What a server built with gcc hands to clang, in its flags and headers.
CLANG_CFLAGS = -Wno-ignored-optimization-argument -Wno-unknown-warning-option -Wno-ignored-attributes

# The decoder is a program of its own: none of PostgreSQL's flags, and only it links image libraries.
PKGS           = vips libexif libseccomp libjpeg lcms2 libbrotlidec zlib expat libheif libisal
libexif        := $(shell $(pkg_config) --modversion libexif 2>/dev/null)
PKGS_CFLAGS    := $(shell $(pkg_config) --cflags $(PKGS) 2>/dev/null)
PKGS_LIBS      := $(shell $(pkg_config) --libs $(PKGS) 2>/dev/null)
# Libraries may come along in the decoder's own folder, as in an image that is mounted into a container.  RUNPATH would not hold for
# what those libraries need.
RPATH         ?= -Wl,--disable-new-dtags,-rpath,'$$ORIGIN'
DECODER_CFLAGS = -std=gnu11 -O2 -g -fPIC -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
                 -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -Isrc -DTE_VERSION='"$(EXTVERSION)"' \
                 -DTE_LIBEXIF='"$(libexif)"' $(TE_CFLAGS)

.DEFAULT_GOAL := all
# make's own, so that a Makefile that is read again does not ask again
ifndef PG_CONFIG
PG_CONFIG := $(or $(shell $(tools)/pg-config),pg_config)
endif
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

# the archive for PGXN, of what is committed
DISTVERSION = $(EXTVERSION).0
.PHONY: dist
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(DISTVERSION)/ -o $(EXTENSION)-$(DISTVERSION).zip HEAD

include test/test.mk

ifeq ($(PGXS),)
all install clean:
	@echo "PostgreSQL's server headers are missing: install them, or set PG_CONFIG=/path/to/pg_config (tools/deps tells what else is needed)" >&2; exit 1
else
include $(PGXS)

$(image_objs) $(decoder_objs) $(opener_objs) $(wire_objs): %.o: %.c Makefile $(wildcard src/wire/*.h src/container/*.h src/exif/*.h src/image/*.h src/decoder/*.h src/opener/*.h)
	$(CC) $(DECODER_CFLAGS) $(PKGS_CFLAGS) -c -o $@ $<

$(filter src/pg/%,$(OBJS)): Makefile $(wildcard src/wire/*.h src/pg/*.h src/pg/*/*.h)

$(gallery_page): src/gallery/gallery.html
	od -An -v -t u1 $< | sed 's/[0-9][0-9]*/&,/g' > $@

src/pg/sql/gallery_page.o src/pg/sql/gallery_page.bc: $(gallery_page)

# its loops are to become vector code
src/image/reduce.o src/image/jpeg_dc_samples.o src/image/placeholder.o src/image/thumbhash.o: DECODER_CFLAGS += -O3

thumbexif-decoder: $(decoder_objs) $(image_objs) $(wire_objs)
	$(CC) $(DECODER_CFLAGS) -o $@ $^ $(RPATH) $(PKGS_LIBS) -lm

thumbexif-opener: $(opener_objs) $(wire_objs)
	$(CC) $(DECODER_CFLAGS) -o $@ $^ -pthread

sql/api-templates.sql: $(API_PARTS) Makefile
	{ echo 'CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_api_templates()'; \
	  echo '    RETURNS TABLE (name pg_catalog.text, template pg_catalog.text) LANGUAGE sql IMMUTABLE AS $$function$$'; \
	  separator=VALUES; for file in $(API_PARTS); do \
	    name=$${file##*/[0-9][0-9]-}; printf '%s\n' "$$separator ('$${name%.sql}'::pg_catalog.text, \$$template\$$"; cat "$$file"; echo '$$template$$::pg_catalog.text)'; separator=,; done; \
	  echo '$$function$$;'; \
	  echo "COMMENT ON FUNCTION thumbexif_internal.thumbexif_api_templates() IS 'what thumbexif_api() makes, with names in braces for what depends on the table';"; \
	  echo 'REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_api_templates() FROM PUBLIC;'; } > $@

sql/$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) sql/api-templates.sql
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $^; } > $@

$(UPGRADES): sql/$(EXTENSION)--%--$(EXTVERSION).sql: sql/05-schema.sql sql/upgrade/%.sql $(filter-out $(SQL_ONCE),$(SQL_PARTS)) sql/api-templates.sql sql/upgrade/%-end.sql
	{ printf '%s\n' '\echo Use "ALTER EXTENSION $(EXTENSION) UPDATE" to load this file. \quit'; cat $^; } > $@

all: $(PROGRAMS_built)

install: install-programs
install-programs: $(PROGRAMS_built) installdirs
	$(INSTALL_PROGRAM) $(PROGRAMS_built) '$(DESTDIR)$(pkglibdir)/'
uninstall: uninstall-programs
uninstall-programs:
	rm -f $(PROGRAMS_built:%='$(DESTDIR)$(pkglibdir)/%')

.PHONY: install-programs uninstall-programs
endif
