/*
 * env.c
 *		Initializes libvips and warms it up, before the sandbox closes.
 */
#include "image/internal.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <gmodule.h>
#include <vips/vector.h>

/*
 * Overrides GLib's for libvips, which loads all of its modules when it starts.  Those of formats that we do not read, such as
 * ImageMagick's with all its libraries, would take an eighth of the time of a start, and memory.
 */
__attribute__((visibility("default")))
GModule *
g_module_open(const gchar *name, GModuleFlags flags)
{
	static __typeof__(&g_module_open) real;

	if (name && strstr(name, "/vips-modules-") && !strstr(name, "/vips-heif.") && !strstr(name, "/vips-jxl."))
		return NULL;
	if (real == NULL)
		real = (__typeof__(real)) dlsym(RTLD_NEXT, "g_module_open");
	return real ? real(name, flags) : NULL;
}

#if VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION <= 14
/*
 * Overrides GLib's for libvips, whose threads end when they have had no work for 15 seconds: a process that is forked in the
 * middle of that (decoder/threads.h) starts a thread anew with memory that is about to be freed.  So they wait without end, as
 * those of later versions do (see below).  Nothing else in libvips waits for a limited time.
 */
__attribute__((visibility("default")))
gboolean
g_cond_wait_until(GCond *condition, GMutex *mutex, gint64 end_time)
{
	(void) end_time;
	g_cond_wait(condition, mutex);
	return TRUE;
}
#endif

/* GLib's own writer opens files and writes to stderr; a sandboxed process can do neither. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize nfields, gpointer data)
{
	for (gsize i = 0; i < nfields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0 && (level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_WARNING)
			img_note_warning(fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

/* Block all loaders except those that load.c calls. */
static void
allow_loaders(void)
{
	static const char *const allowed[] = {
		"VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif",
		"VipsForeignLoadTiff", "VipsForeignLoadHeif", "VipsForeignLoadJxl", "VipsForeignLoadJp2k"
	};

	vips_operation_block_set("VipsForeignLoad", TRUE);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		vips_operation_block_set(allowed[i], FALSE);
}

/*
 * How many threads libvips has: three are at work for what is written, and one for an image that is loaded on the way.  With a
 * number given it starts them all, and they wait for work without end.  Without, it counts those that it has and those of them
 * that idle; a process that is forked and starts them anew (decoder/threads.h) has others than were counted, and 8.16 then
 * leaves work to some that do not come.  Up to 8.14 each waits for its own work, and more than the number would be an error.
 */
static void
limit_threads(void)
{
	if (vips_version(0) > 8 || vips_version(1) > 14)
		g_setenv("VIPS_MAX_THREADS", "8", TRUE);
}

bool
img_init(TeHello *hello)
{
	memset(hello, 0, sizeof(*hello));
	hello->magic = TE_WIRE_MAGIC;
	hello->version = TE_WIRE_VERSION;
	g_log_set_writer_func(write_log, NULL, NULL);
	g_setenv("VIPS_DISC_THRESHOLD", "1000g", TRUE); /* else large images use temporary files */
	limit_threads();
	if (vips_init("thumbexif-decoder") != 0)
	{
		snprintf(hello->self_test, sizeof(hello->self_test), "libvips does not start");
		return false;
	}
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_vector_set_enabled(FALSE); /* up to 8.14 it compiles into executable pages; reduce.c does without */
	allow_loaders();
	snprintf(hello->libvips, sizeof(hello->libvips), "%d.%d.%d",
			 vips_version(0), vips_version(1), vips_version(2));
	snprintf(hello->libexif, sizeof(hello->libexif), "%s", TE_LIBEXIF);
	img_self_test(hello);
	return (hello->can_read & 1u << TE_FORMAT_JPEG) && hello->can_write != 0;
}
