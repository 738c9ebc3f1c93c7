/*
 * cookbook_set.c
 *		Makes the small collection on which the recipes of doc/cookbook.md work: a summer around Lyon.
 */
#include "shot.h"

#include <string.h>

#define CANON	"Canon", "Canon EOS 550D"

typedef struct CookbookPhoto
{
	const char *name;
	Shot		shot;
} CookbookPhoto;

static const CookbookPhoto photos[] = {
	{"lyon-1.jpg", {CANON, "2010:07:14 10:05:00", NULL, "+02:00", true, 45.7640, 4.8357, 1}},
	{"lyon-2.jpg", {CANON, "2010:07:14 10:20:00", NULL, "+02:00", false, 0, 0, 1}}, /* between the two in time */
	{"lyon-3.jpg", {CANON, "2010:07:14 10:45:00", NULL, "+02:00", true, 45.7600, 4.8277, 1}},
	{"opera.jpg", {"NIKON CORPORATION", "NIKON D90", "2010:07:14 21:30:00", NULL, "+02:00", true, 45.7678, 4.8366, 1}},
	{"vienne.jpg", {CANON, "2010:08:02 16:40:00", NULL, "+02:00", true, 45.5242, 4.8781, 1}},
	{"geneva.jpg", {CANON, "2010:08:15 12:00:00", NULL, "+02:00", true, 46.2044, 6.1432, 1}},
	{"train.jpg", {CANON, "2010:08:15 12:30:00", NULL, "+02:00", false, 0, 0, 1}},	/* nothing after it that has a place */
	{"winter.jpg", {CANON, "2009:12:24 17:15:00", NULL, "+01:00", true, 45.7580, 4.8320, 1}}
};

/* What a messenger makes of a picture: smaller, lighter, of a lower quality, and without EXIF.  Its hash differs in few bits, but differs. */
static void
write_sent(const Canvas *canvas)
{
	VipsImage  *image = picture_image(canvas);
	VipsImage  *small;
	VipsImage  *lighter;
	Bytes		out;

	if (vips_resize(image, &small, 0.75, NULL) != 0 || vips_linear1(small, &lighter, 1.3, 0, "uchar", TRUE, NULL) != 0)
		pictures_fail("sent.jpg");
	out = picture_encode(lighter, ".jpg[Q=60]");
	picture_write("sent.jpg", &out);
	bytes_free(&out);
	g_object_unref(lighter);
	g_object_unref(small);
	g_object_unref(image);
}

void
make_cookbook_set(void)
{
	const Bytes text = {(uint8_t *) "no picture\n", 11};

	for (unsigned i = 0; i < sizeof(photos) / sizeof(photos[0]); i++)
	{
		Canvas		canvas = scene_landscape(640, 480, i + 1);

		picture_jpeg(photos[i].name, &canvas, 88, &photos[i].shot, 0);
		if (!strcmp(photos[i].name, "winter.jpg"))
			picture_jpeg("winter (1).jpg", &canvas, 88, &photos[i].shot, 0);	/* byte by byte the same */
		if (!strcmp(photos[i].name, "geneva.jpg"))
			write_sent(&canvas);
		canvas_free(&canvas);
	}
	picture_write("notes.jpg", &text);
}
