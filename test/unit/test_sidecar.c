/*
 * test_sidecar.c
 *		Tests files with XMP beside images: which is found and opened (src/opener/open_sidecar.c), and what is taken of them (src/exif).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exif/exif.h"
#include "opener/open_file.h"
#include "test/pictures/packet_wrap.h"
#include "test/unit/exif_cases_packet.h"
#include "test/unit/tap.h"
#include "wire/message.h"

static char root[] = "/tmp/thumbexif-sidecar.XXXXXX";

static char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
make_file(const char *name, const char *content)
{
	int			fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t		length = strlen(content);

	if (fd < 0 || write(fd, content, length) != (ssize_t) length || close(fd) != 0)
		abort();
}

/* Open an image with its sidecar, of which the reply is returned; its content goes to "content". */
static TeOpenReply
open_beside(const char *path, uint32_t want, char *content, size_t size)
{
	TeOpenReply reply = {0};
	int			sidecar;
	int			fd = opn_open_file(root, path, want, &reply, &sidecar);
	ssize_t		length = 0;

	if (sidecar >= 0)
		length = read(sidecar, content, size - 1);
	content[length > 0 ? length : 0] = '\0';
	ok((sidecar >= 0) == ((want & TE_OPEN_READ) && reply.sidecar == TE_SIDECAR_FOUND && reply.sidecar_size > 0),
	   "%s: %s descriptor of a sidecar", path, sidecar >= 0 ? "a" : "no");
	if (sidecar >= 0)
		close(sidecar);
	if (fd >= 0)
		close(fd);
	return reply;
}

/* The sidecar of a path is what is expected, whether it is opened or looked at, and its content begins with that text. */
static void
expect(const char *path, TeSidecar expected, const char *text, const char *what)
{
	char		content[64];
	TeOpenReply opened = open_beside(path, TE_OPEN_READ | TE_OPEN_SIDECAR, content, sizeof(content));
	TeOpenReply seen;

	is_int(opened.outcome, TE_OPENED, what);
	is_int(opened.sidecar, expected, what);
	is_text(content, text, what);
	seen = open_beside(path, TE_OPEN_SIDECAR, content, sizeof(content));
	ok(seen.sidecar == opened.sidecar && seen.sidecar_size == opened.sidecar_size && seen.sidecar_mtime == opened.sidecar_mtime,
	   "%s: the same when looked at", what);
}

static void
test_names(void)
{
	char		content[64];
	TeOpenReply reply;

	make_file("a.jpg", "image");
	expect("a.jpg", TE_SIDECAR_NONE, "", "no sidecar");
	make_file("a.xmp", "short");
	expect("a.jpg", TE_SIDECAR_FOUND, "short", "that of all files of the name");
	make_file("a.jpg.xmp", "long");
	expect("a.jpg", TE_SIDECAR_FOUND, "long", "that of this file, which comes first");
	reply = open_beside("a.jpg", TE_OPEN_READ, content, sizeof(content));
	is_int(reply.sidecar, TE_SIDECAR_NONE, "none if it is not asked for");
	expect("a.xmp", TE_SIDECAR_NONE, "", "a sidecar has none");
	unlink(path_of("a.jpg.xmp"));
	make_file("a.jpg.xmp", "");
	expect("a.jpg", TE_SIDECAR_FOUND, "", "one that is empty");
	unlink(path_of("a.jpg.xmp"));
	mkdir(path_of("a.jpg.xmp"), 0700);
	expect("a.jpg", TE_SIDECAR_FOUND, "short", "a folder of that name is none");
	rmdir(path_of("a.jpg.xmp"));
	mkfifo(path_of("a.jpg.xmp"), 0600);
	expect("a.jpg", TE_SIDECAR_FOUND, "short", "nor is a FIFO");
	unlink(path_of("a.jpg.xmp"));
	make_file("a.JPG.XMP", "capitals");
	unlink(path_of("a.xmp"));
	expect("a.jpg", TE_SIDECAR_NONE, "", "letters count as they are");

	mkdir(path_of("b.c"), 0700);
	make_file("b.c/d", "image");
	make_file("b.xmp", "another's");
	expect("b.c/d", TE_SIDECAR_NONE, "", "the dot of a folder does not count");
	make_file("b.c/d.xmp", "plain");
	expect("b.c/d", TE_SIDECAR_FOUND, "plain", "a name without a dot");
	make_file("b.c/.hidden", "image");
	make_file("b.c/.xmp", "nobody's");
	expect("b.c/.hidden", TE_SIDECAR_NONE, "", "a name that begins with its dot");
}

static void
test_links(void)
{
	char		outside[] = "/tmp/thumbexif-outside.XXXXXX";
	int			fd = mkstemp(outside);

	if (fd < 0 || write(fd, "secret", 6) != 6)
		abort();
	close(fd);
	make_file("l.jpg", "image");
	make_file("other", "inside");
	if (symlink(outside, path_of("l.jpg.xmp")) != 0)
		abort();
	expect("l.jpg", TE_SIDECAR_NONE, "", "a link out of the root is not followed");
	if (symlink("other", path_of("l.xmp")) != 0)
		abort();
	expect("l.jpg", TE_SIDECAR_FOUND, "inside", "one within is, as that of an image");
	unlink(outside);
}

static void
test_size(void)
{
	make_file("s.jpg", "image");
	make_file("s.xmp", "large");
	if (truncate(path_of("s.xmp"), TE_MAX_SIDECAR) != 0)
		abort();
	expect("s.jpg", TE_SIDECAR_FOUND, "large", "the largest");
	if (truncate(path_of("s.xmp"), TE_MAX_SIDECAR + 1) != 0)
		abort();
	expect("s.jpg", TE_SIDECAR_TOO_LARGE, "", "one byte more");
}

static void
test_unreadable(void)
{
	if (geteuid() == 0)
	{
		printf("ok %d - # SKIP root may read all files\n", ++tap_tests);
		return;
	}
	make_file("u.jpg", "image");
	make_file("u.xmp", "private");
	chmod(path_of("u.xmp"), 0);
	expect("u.jpg", TE_SIDECAR_UNREADABLE, "", "one that we may not read");
	chmod(path_of("u.xmp"), 0600);
}

/* --- what is taken of it */

#define NODE "<rdf:Description rdf:about=''" XMP_NAMESPACES

/* Read a JPEG with a title and a rating in its own XMP, and a sidecar; NULL has no bytes at hand. */
static void
expect_json(const char *bytes, size_t length, const char *json, bool broken, const char *what)
{
	static const char own[] = XMP(" xmp:Rating='1' dc:title='own'", "<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>");
	Bytes		jpeg = packet_wrap(PACKET_JPEG, own, sizeof(own) - 1);
	uint8_t    *copy = malloc(length > 0 ? length : 1);
	ExifSidecar sidecar = {bytes ? copy : NULL, length};
	ExifResult	result = {0};

	if (bytes)
		memcpy(copy, bytes, length);
	exif_read_beside(TE_FORMAT_JPEG, jpeg.data, jpeg.length, true, &sidecar, &result, NULL);
	is_text(result.json, json, what);
	is_text(result.error, broken ? "XMP sidecar cannot be read" : "", what);
	is_int(result.status, TE_EXIF_FOUND, what);
	exif_result_free(&result);
	free(copy);
	bytes_free(&jpeg);
}

#define EXPECT(literal, json, broken, what)	expect_json(literal, sizeof(literal) - 1, json, broken, what)
#define OWN "{\"XMP:Title\":\"own\",\"XMP:Subject\":[\"a\",\"b\"],\"XMP:Rating\":1}"

static void
test_values(void)
{
	static const char alone[] = XMP(" xmp:Rating='5'", "");
	const ExifSidecar sidecar = {(const uint8_t *) alone, sizeof(alone) - 1};
	const ExifSidecar rubbish = {(const uint8_t *) "rubbish", 7};
	ExifResult	result = {0};
	Bytes		plain;

	EXPECT(XMP(" xmp:Rating='5'", ""), "{\"XMP:Title\":\"own\",\"XMP:Subject\":[\"a\",\"b\"],\"XMP:Rating\":5}", false, "its value comes first, the others stay");
	EXPECT(XMP("", "<dc:subject><rdf:Bag><rdf:li>c</rdf:li></rdf:Bag></dc:subject>"),
		   "{\"XMP:Title\":\"own\",\"XMP:Subject\":[\"c\"],\"XMP:Rating\":1}", false, "of an array, all");
	EXPECT(XMP("", ""), OWN, false, "one without values");
	EXPECT(XMP_BEGIN NODE " xmp:Rating='5'><dc:title>The to", OWN, true, "of one that ends too early, nothing is taken");
	EXPECT("rubbish", OWN, true, "rubbish");
	EXPECT("<svg xmlns='http://www.w3.org/2000/svg'/>", OWN, true, "XML without RDF");
	EXPECT("<!DOCTYPE r [<!ENTITY a 'b'>]>" XMP_RDF NODE " dc:title='&a;'/></rdf:RDF>", OWN, true, "a document type");
	expect_json(NULL, 0, OWN, true, "one that could not be read");
	for (const PacketCase *c = xmp_broken_cases; c->name != NULL; c++)
		if (strncmp(c->name, "xmp-doctype", 11) == 0)
			expect_json(c->bytes, c->length, OWN, true, c->name);

	plain.data = (uint8_t *) "\xFF\xD8\xFF\xD9";
	plain.length = 4;
	exif_read_beside(TE_FORMAT_JPEG, plain.data, plain.length, true, &sidecar, &result, NULL);
	is_text(result.json, "{\"XMP:Rating\":5}", "beside a file that has nothing");
	is_int(result.status, TE_EXIF_FOUND, "beside a file that has nothing");
	exif_result_free(&result);
	exif_read_beside(TE_FORMAT_JPEG, plain.data, plain.length, true, &rubbish, &result, NULL);
	ok(result.status == TE_EXIF_ERROR && result.json == NULL, "rubbish beside it is an error");
	exif_result_free(&result);
}

/* Cut anywhere: all of it, or nothing. */
static void
test_cut(void)
{
	Bytes		plain = {(uint8_t *) "\xFF\xD8\xFF\xD9", 4};
	bool		sane = true;

	for (size_t length = 1; length <= xmp_sample.length; length++)
	{
		uint8_t    *copy = malloc(length);
		const ExifSidecar sidecar = {copy, length};
		ExifResult	result = {0};

		memcpy(copy, xmp_sample.bytes, length);
		exif_read_beside(TE_FORMAT_JPEG, plain.data, plain.length, true, &sidecar, &result, NULL);
		sane = sane && (result.json ? strcmp(result.json, xmp_sample.json) == 0 && result.error[0] == '\0' : result.status == TE_EXIF_ERROR);
		exif_result_free(&result);
		free(copy);
	}
	ok(sane, "cut anywhere, a sidecar is read as a whole or not at all");
}

int
main(void)
{
	char		command[256];

	if (mkdtemp(root) == NULL)
		abort();
	test_names();
	test_links();
	test_size();
	test_unreadable();
	test_values();
	test_cut();
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	if (system(command) != 0)
		fprintf(stderr, "# %s is left\n", root);
	return done_testing();
}
