# thumbexif: the module with PGXS, the decoder beside it.
#
#	make            build both
#	make install    into the PostgreSQL that pg_config names
#	make test       install what is missing, build, run every test
#	make demo       a private cluster with a small photo collection

EXTENSION   = thumbexif
EXTVERSION  = 1.0
MODULE_big  = thumbexif

wire_objs    = $(patsubst %.c,%.o,$(wildcard src/wire/*.c))
image_objs   = $(patsubst %.c,%.o,$(wildcard src/image/*.c))
decoder_objs = $(patsubst %.c,%.o,$(wildcard src/decoder/*.c))
OBJS         = $(patsubst %.c,%.o,$(wildcard src/pg/*.c)) $(wire_objs)

SQL_PARTS  = $(sort $(wildcard sql/[0-9]*.sql))
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA       = $(wildcard sql/$(EXTENSION)--*--*.sql)
EXTRA_CLEAN = thumbexif-decoder $(image_objs) $(decoder_objs) build

PG_CPPFLAGS = -I$(srcdir)/src -DTE_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
              -Wno-declaration-after-statement -fvisibility=hidden $(TE_CFLAGS)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The decoder is a program of its own: none of PostgreSQL's flags, and only it links image libraries.
PKGS           = vips libexif libseccomp
DECODER_CFLAGS = -std=gnu11 -O2 -g -fPIC -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
                 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -Isrc -DTE_VERSION='"$(EXTVERSION)"' $(TE_CFLAGS)

$(image_objs) $(decoder_objs) $(wire_objs): %.o: %.c $(wildcard src/wire/*.h src/image/*.h src/decoder/*.h)
	$(CC) $(DECODER_CFLAGS) $(shell pkg-config --cflags $(PKGS)) -c -o $@ $<

$(filter src/pg/%,$(OBJS)): $(wildcard src/wire/*.h src/pg/*.h)

thumbexif-decoder: $(decoder_objs) $(image_objs) $(wire_objs)
	$(CC) $(DECODER_CFLAGS) -o $@ $^ $(shell pkg-config --libs $(PKGS)) -lm

sql/$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS)
	{ echo '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $^; } > $@

all: thumbexif-decoder

install: install-decoder
install-decoder: thumbexif-decoder installdirs
	$(INSTALL_PROGRAM) thumbexif-decoder '$(DESTDIR)$(pkglibdir)/'
uninstall: uninstall-decoder
uninstall-decoder:
	rm -f '$(DESTDIR)$(pkglibdir)/thumbexif-decoder'

.PHONY: install-decoder uninstall-decoder
