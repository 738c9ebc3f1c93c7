/*
 * guc.c
 *		All settings: default, range, unit, who may set them.
 *
 * The folder of thumbnails and the list of databases concern the whole server (SIGHUP).  All
 * other settings determine stored results, or limit what is read and what decoding may cost,
 * so only superusers may set them (SUSET); ALTER DATABASE ... SET also affects the background
 * worker.
 *
 * Ranges exclude overflows of int64 in conversions to bytes and microseconds.
 */
#include "postgres.h"

#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

#include "guc.h"
#include "guc_check.h"
#include "pg/compat.h"
#include "wire/clock.h"
#include "wire/message.h"

#define PREFIX				"thumbexif."
#define MAX_DECODE_TIMEOUT	(24 * 60 * 60 * 1000)	/* one day, in ms */
#define MAX_SWEEP_INTERVAL	(24 * 60 * 60)	/* s */
#define MAX_KEEP_REPLACED	(366 * 24 * 60 * 60)	/* a year, in s */
#define MAX_MEGABYTES		(1024 * 1024)	/* 1 TB, in MB */

char	   *te_image_roots;
char	   *te_thumbnail_dir;
int			te_thumbnail_size;
char	   *te_thumbnail_sizes;
int			te_thumbnail_format;
int			te_thumbnail_quality;
int			te_decoders;
int			te_max_decoders;
int			te_decode_timeout;
int			te_decoder_memory;
int			te_max_pixels;
int			te_max_file_size;
char	   *te_default_timezone;
int			te_max_attempts;
int			te_keep_replaced;
int			te_sweep_interval;
char	   *te_databases;
int			te_max_workers;
bool		te_exif_gps;
int			te_damaged_images;
bool		te_sidecars;
char	   *te_upload_dir;

/*
 * List of struct config_generic *: settings whose values were rejected when the library was
 * loaded; see find_refused.
 */
static List *refused = NIL;

static const struct config_enum_entry thumbnail_formats[] = {
	{"jpeg", TE_FORMAT_JPEG, false},
	{"jpg", TE_FORMAT_JPEG, true},
	{"webp", TE_FORMAT_WEBP, false},
	{"png", TE_FORMAT_PNG, false},
	{"avif", TE_FORMAT_AVIF, false},
	{NULL, 0, false}
};

static const struct config_enum_entry damaged_images[] = {
	{"fail", TE_DAMAGED_FAIL, false},
	{"show", TE_DAMAGED_SHOW, false},
	{NULL, 0, false}
};

/* Show the effective number instead of 0. */
static const char *
show_decoders(void)
{
	static char number[16];

	snprintf(number, sizeof(number), "%d", te_guc_decoders());
	return number;
}

static const char *
show_max_decoders(void)
{
	static char number[16];

	snprintf(number, sizeof(number), "%d", te_guc_max_decoders());
	return number;
}

/* Count the processors that this process may use, again after a second: the number is asked for with each image. */
static int
count_processors(void)
{
	static int64 counted_ms = 0;
	static int	processors = 0;
	cpu_set_t	allowed;
	long		count;

	if (processors > 0 && te_now_ms() - counted_ms < 1000)
		return processors;
	/* fails if the machine has more processors than cpu_set_t has bits */
	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
		count = CPU_COUNT(&allowed);
	else
		count = sysconf(_SC_NPROCESSORS_ONLN);
	processors = (int) Max(1, Min(count, TE_MAX_DECODERS));
	counted_ms = te_now_ms();
	return processors;
}

int
te_guc_decoders(void)
{
	return te_decoders > 0 ? te_decoders : count_processors();
}

int
te_guc_max_decoders(void)
{
	return te_max_decoders > 0 ? te_max_decoders : Max(8, 4 * count_processors());
}

int
te_guc_format(const char *name)
{
	const struct config_enum_entry *entry;

	for (entry = thumbnail_formats; entry->name; entry++)
	{
		if (pg_strcasecmp(name, entry->name) == 0)
			return entry->val;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown thumbnail format \"%s\"", name),
			 errhint("Available formats: jpeg, webp, png, avif.")));
}

static void
define_files(void)
{
	DefineCustomStringVariable("thumbexif.image_roots",
							   "Folders that images may be read from.",
							   "A comma-separated list of absolute paths; names with commas go in double quotes. "
							   "Nothing outside of them is ever read. A relative path of an image lies beneath the first. "
							   "If the list is empty, no image file can be read.",
							   &te_image_roots, "", PGC_SUSET, GUC_LIST_INPUT,
							   te_guc_check_image_roots, NULL, NULL);
	DefineCustomStringVariable("thumbexif.thumbnail_dir",
							   "Folder that thumbnail files are written to.",
							   "An absolute path. The server's user must be able to write there. "
							   "While it is empty, no thumbnails can be stored.",
							   &te_thumbnail_dir, "", PGC_SIGHUP, 0,
							   te_guc_check_thumbnail_dir, NULL, NULL);
	DefineCustomStringVariable("thumbexif.upload_dir",
							   "Folder that thumbexif_upload() stores originals in.",
							   "An absolute path beneath one of thumbexif.image_roots. The server's user must be able to write there. "
							   "While it is empty, no originals are accepted.",
							   &te_upload_dir, "", PGC_SUSET, 0,
							   te_guc_check_thumbnail_dir, NULL, NULL);
	DefineCustomIntVariable("thumbexif.keep_replaced",
							"Time for which replaced thumbnail files are kept.",
							"For pages that are open and for caches. 0 removes them at once. "
							"Thumbnails of deleted rows are removed at once in any case.",
							&te_keep_replaced, 60 * 60, 0, MAX_KEEP_REPLACED,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.sweep_interval",
							"Time between looks for changes of attached tables that no trigger has told of.",
							"0 turns them off.",
							&te_sweep_interval, 60, 0, MAX_SWEEP_INTERVAL,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("thumbexif.databases",
							   "Databases the background worker works in.",
							   "A comma-separated list of names, written as in SQL. "
							   "If it is empty, all databases that have the extension.",
							   &te_databases, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   te_guc_check_databases, NULL, NULL);
	DefineCustomIntVariable("thumbexif.max_workers",
							"Databases the background worker works in at the same time.",
							"Each takes one of max_worker_processes, and one more is taken by the launcher.",
							&te_max_workers, 4, 1, TE_MAX_WORKERS,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
}

static void
define_results(void)
{
	DefineCustomIntVariable("thumbexif.thumbnail_size",
							"Side of the square a thumbnail fits in, in pixels.",
							"Smaller images are not enlarged. Thumbnails made with another value are stale.",
							&te_thumbnail_size, 256, 1, TE_MAX_SIDE,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("thumbexif.thumbnail_sizes",
							   "Sizes in which thumbnails are made, in pixels, separated by commas.",
							   "Up to 8; the first one is the thumbnail that rows name. If it is empty, thumbnail_size only. "
							   "Tables may have a list of their own. Assets without a thumbnail of each size are stale.",
							   &te_thumbnail_sizes, "", PGC_SUSET, 0,
							   te_guc_check_thumbnail_sizes, NULL, NULL);
	DefineCustomEnumVariable("thumbexif.thumbnail_format",
							 "File format of thumbnails.",
							 "Thumbnails made with another value are stale.",
							 &te_thumbnail_format, TE_FORMAT_JPEG, thumbnail_formats,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.thumbnail_quality",
							"Quality of thumbnails, from 1 to 100.",
							"For jpeg, webp and avif. Thumbnails made with another value are stale.",
							&te_thumbnail_quality, 85, 1, 100,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("thumbexif.default_timezone",
							   "Time zone of photos without an offset from UTC.",
							   "Names as in pg_timezone_names. EXIF read with another value is stale.",
							   &te_default_timezone, "UTC", PGC_SUSET, 0,
							   te_guc_check_default_timezone, NULL, NULL);
	DefineCustomBoolVariable("thumbexif.exif_gps",
							 "Read GPS positions from EXIF.",
							 "If it is off, neither columns nor the EXIF as JSON hold a position. "
							 "EXIF read with another value is stale.",
							 &te_exif_gps, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("thumbexif.damaged_images",
							 "What becomes of images whose files are damaged or end early.",
							 "\"fail\": they fail. \"show\": what is left of them becomes the thumbnail. "
							 "Assets that failed are then tried again; with \"fail\" such thumbnails are stale.",
							 &te_damaged_images, TE_DAMAGED_FAIL, damaged_images,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("thumbexif.sidecars",
							 "Read XMP also from the file beside an image, \"a.jpg.xmp\" or \"a.xmp\".",
							 "What it says comes before what the image's own XMP says. "
							 "A change of this setting is noticed as one of the file is.",
							 &te_sidecars, true, PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_limits(void)
{
	DefineCustomIntVariable("thumbexif.decoders",
							"Decoder processes that one session or worker may run at the same time.",
							"0, the default, stands for the number of processors the server may use, which is then shown.",
							&te_decoders, 0, 0, TE_MAX_DECODERS,
							PGC_SUSET, 0, NULL, NULL, show_decoders);
	DefineCustomIntVariable("thumbexif.max_decoders",
							"Decoder processes that may run at the same time in the whole server.",
							"A process that finds none free waits in turn, for decode_timeout at most. 0, the default, stands for "
							"four times the number of processors, at least 8, which is then shown. "
							"Where thumbexif is not preloaded, it bounds each session by itself.",
							&te_max_decoders, 0, 0, TE_MAX_SERVER_DECODERS,
							PGC_SIGHUP, 0, NULL, NULL, show_max_decoders);
	DefineCustomIntVariable("thumbexif.decode_timeout",
							"Maximum time for decoding one image; a decoder that needs longer is killed.",
							NULL,
							&te_decode_timeout, 30 * 1000, 1, MAX_DECODE_TIMEOUT,
							PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.decoder_memory",
							"Maximum address space of one decoder process.",
							"An image that needs more fails. A value too small to start a decoder makes every call fail.",
							&te_decoder_memory, 1024, 64, MAX_MEGABYTES,
							PGC_SUSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.max_pixels",
							"Maximum number of pixels of an image that gets a thumbnail.",
							"Width times height times the frames that are decoded, as the file's header says.",
							&te_max_pixels, 200 * 1000 * 1000, 1, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.max_file_size",
							"Maximum size of an image file.",
							NULL,
							&te_max_file_size, 512, 1, MAX_MEGABYTES,
							PGC_SUSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("thumbexif.max_attempts",
							"Maximum number of attempts to process an image.",
							"For transient trouble, such as a decoder that was killed. "
							"An image that is corrupt or not supported fails at once.",
							&te_max_attempts, 3, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/*
 * List the names of settings of thumbexif that were set, other than by SET, before the library
 * was loaded.
 */
static List *
find_set_before(void)
{
	List	   *names = NIL;
	int			count;
	struct config_generic **all = get_guc_variables(&count);

	for (int i = 0; i < count; i++)
	{
		if (strncmp(all[i]->name, PREFIX, strlen(PREFIX)) == 0 &&
			(all[i]->flags & GUC_CUSTOM_PLACEHOLDER) && all[i]->reset_source > PGC_S_DEFAULT)
			names = lappend(names, makeString(pstrdup(all[i]->name)));
	}
	return names;
}

/*
 * Record settings whose value was rejected when the library was loaded.
 *
 * Before that, settings are placeholders without checks.  On loading, the server replaces a
 * value that is invalid, or was set without the right to do so, by the default, with a
 * WARNING.  Without preloading, a setting in a connection's options has by then replaced the
 * value of postgresql.conf, so any user could switch exif_gps on or remove a limit.
 * te_guc_check() refuses to work then.
 */
static void
find_refused(List *set_before)
{
	int			count;
	struct config_generic **all = get_guc_variables(&count);
	MemoryContext caller;

	for (int i = 0; i < count; i++)
	{
		if (all[i]->source != PGC_S_DEFAULT ||
			!list_member(set_before, makeString(unconstify(char *, all[i]->name))))
			continue;
		caller = MemoryContextSwitchTo(TopMemoryContext);
		refused = lappend(refused, all[i]);
		MemoryContextSwitchTo(caller);
	}
}

void
te_guc_define(void)
{
	List	   *set_before = find_set_before();

	define_files();
	define_results();
	define_limits();
	MarkGUCPrefixReserved("thumbexif");
	if (set_before != NIL)
		find_refused(set_before);
}

void
te_guc_check(void)
{
	ListCell   *cell;

	foreach(cell, refused)
	{
		const struct config_generic *setting = lfirst(cell);

		/* a reload or a superuser may have corrected it */
		if (setting->source == PGC_S_DEFAULT)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the value of \"%s\" was rejected when thumbexif was loaded", setting->name),
					 errdetail("The value is invalid or was set by a role that may not set it, "
							   "and it hides a value that an administrator may have set."),
					 errhint("Remove it from the connection's options or correct it in postgresql.conf, "
							 "and connect again.")));
	}
}
