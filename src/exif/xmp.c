/*
 * xmp.c
 *		Reads XMP packets with expat.
 *
 * Names are compared with their namespaces, so that prefixes do not matter.  A property is an attribute or an
 * element of rdf:Description; its value is text, an array of texts (rdf:Bag, rdf:Seq, rdf:Alt), or either
 * with qualifiers (rdf:value).  All other properties are skipped with what is in them.
 *
 * Nothing is read but the packet: a document type, without which there are no entities but XML's own five,
 * ends it at once.
 *
 * expat writes the namespace out for each attribute with a prefix.  So that a packet cannot grow much by this, long names of
 * namespaces end it, and the memory of expat is bounded.
 */
#include "exif/xmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include <expat.h>

#include "exif/packet.h"
#include "exif/xmp_media.h"

#define MAX_DEPTH	64			/* elements within elements */
#define MAX_NAMESPACE 256		/* bytes of a namespace's name; those of XMP have fewer than 100 */
#define MAX_MEMORY	((size_t) 8 * EXIF_MAX_PACKET)	/* of expat for one packet */

#define RDF(local)	XMP_NAME("http://www.w3.org/1999/02/22-rdf-syntax-ns#", local)
#define DC(local)	XMP_NAME("http://purl.org/dc/elements/1.1/", local)
#define BASIC(local)	XMP_NAME("http://ns.adobe.com/xap/1.0/", local)
#define CAMERA(local)	XMP_NAME("http://ns.google.com/photos/1.0/camera/", local)
#define XML_LANG	XMP_NAME("http://www.w3.org/XML/1998/namespace", "lang")

/* What a property may consist of. */
typedef enum Form
{
	FORM_ONE,					/* one text */
	FORM_LIST,					/* an array */
	FORM_LANGUAGES,				/* an array of the same text in several languages */
	FORM_MEDIA					/* the parts of the file: see xmp_media.h */
} Form;

typedef struct Property
{
	const char *name;
	size_t		length;			/* of the name */
	Form		form;
	ExifField	field;
} Property;

#define PROPERTY(name, form, field) {name, sizeof(name) - 1, form, field}

static const Property properties[] = {
	PROPERTY(DC("subject"), FORM_LIST, FIELD_XMP_SUBJECT),
	PROPERTY(DC("title"), FORM_LANGUAGES, FIELD_XMP_TITLE),
	PROPERTY(DC("description"), FORM_LANGUAGES, FIELD_XMP_DESCRIPTION),
	PROPERTY(BASIC("Rating"), FORM_ONE, FIELD_XMP_RATING),
	PROPERTY(BASIC("CreateDate"), FORM_ONE, FIELD_XMP_CREATE_DATE),
	PROPERTY(XMP_NAME("http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject"),
			 FORM_LIST, FIELD_XMP_HIERARCHICAL_SUBJECT),
	PROPERTY(CAMERA("MotionPhoto"), FORM_ONE, FIELD_XMP_MOTION_PHOTO),
	PROPERTY(CAMERA("MotionPhotoPresentationTimestampUs"), FORM_ONE, FIELD_XMP_MOTION_PHOTO_TIME),
	PROPERTY(CAMERA("MicroVideo"), FORM_ONE, FIELD_XMP_MICRO_VIDEO),
	PROPERTY(CAMERA("MicroVideoPresentationTimestampUs"), FORM_ONE, FIELD_XMP_MICRO_VIDEO_TIME),
	PROPERTY(CAMERA("MicroVideoOffset"), FORM_ONE, FIELD_XMP_MICRO_VIDEO_OFFSET),
	PROPERTY(XMP_MEDIA_DIRECTORY, FORM_MEDIA, FIELD_XMP_MOTION_PHOTO_OFFSET),
	PROPERTY(XMP_NAME("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"), FORM_ONE, FIELD_XMP_EXTENDED)
};

/* What an open element is. */
typedef enum Level
{
	LEVEL_OUTSIDE,				/* around rdf:RDF */
	LEVEL_RDF,
	LEVEL_NODE,					/* rdf:Description, with properties */
	LEVEL_PROPERTY,
	LEVEL_ARRAY,				/* rdf:Bag, rdf:Seq or rdf:Alt of a property */
	LEVEL_ITEM,					/* rdf:li */
	LEVEL_QUALIFIED,			/* rdf:Description around rdf:value, of a property or an item */
	LEVEL_VALUE,				/* rdf:value */
	LEVEL_MEDIA,				/* Container:Directory, and all that is in it */
	LEVEL_SKIPPED				/* anything else, and all that is in it */
} Level;

/* How much an item of several languages is preferred. */
typedef enum Rank
{
	RANK_NONE,
	RANK_OTHER,
	RANK_DEFAULT				/* x-default */
} Rank;

typedef struct Xmp
{
	XML_Parser	parser;
	ExifFields *fields;
	Level		level[MAX_DEPTH];
	int			depth;
	const Property *property;	/* that is being read */
	Rank		rank,			/* of the item that is being read */
				best;			/* of those before */
	bool		closed;			/* text directly in the property or item does not count (any more) */
	XmpMedia	media;
	bool		stopped;		/* expat may still end an element that it has begun */
	bool		complete;		/* all of rdf:RDF has been read */
} Xmp;

static void
stop(Xmp *xmp)
{
	xmp->stopped = true;
	XML_StopParser(xmp->parser, XML_FALSE);
}

static const Property *
find_property(const char *name)
{
	size_t		length = strlen(name);

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (properties[i].length == length && memcmp(properties[i].name, name, length) == 0)
			return &properties[i];
	return NULL;
}

static const char *
find_attribute(const char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

/* The innermost of the open elements. */
static Level
innermost(const Xmp *xmp)
{
	return xmp->depth > 0 ? xmp->level[xmp->depth - 1] : LEVEL_OUTSIDE;
}

static void
value_text(void *data, const char *bytes, int length)
{
	field_add(((Xmp *) data)->fields, bytes, (size_t) length);
}

static void
media_text(void *data, const char *bytes, int length)
{
	xmp_media_text(&((Xmp *) data)->media, bytes, length);
}

/* Text is asked for only where it may be a value: there is more of it elsewhere. */
static void
listen(Xmp *xmp)
{
	Level		level = innermost(xmp);
	bool		wanted = level == LEVEL_VALUE ||
	((level == LEVEL_PROPERTY || level == LEVEL_ITEM) && !xmp->closed);

	if (level == LEVEL_MEDIA)
		XML_SetCharacterDataHandler(xmp->parser, media_text);
	else
		XML_SetCharacterDataHandler(xmp->parser, wanted ? value_text : NULL);
}

/* End an item; of several languages only the best is kept. */
static void
end_item(Xmp *xmp)
{
	if (xmp->property->form != FORM_LANGUAGES)
		field_end_item(xmp->fields);
	else if (xmp->rank <= xmp->best)
		field_drop_item(xmp->fields);
	else if (field_end_item(xmp->fields))
	{
		field_keep_last(xmp->fields);
		xmp->best = xmp->rank;
	}
}

/* Properties that are attributes of rdf:Description. */
static void
read_attributes(Xmp *xmp, const char **attributes)
{
	for (; attributes[0] != NULL; attributes += 2)
	{
		const Property *property = find_property(attributes[0]);

		if (property != NULL && property->form != FORM_MEDIA)
			field_set(xmp->fields, property->field, attributes[1], strlen(attributes[1]));
	}
}

static Level
begin_property(Xmp *xmp, const char *name)
{
	const Property *property = find_property(name);

	if (property == NULL)
		return LEVEL_SKIPPED;
	xmp->property = property;
	if (property->form == FORM_MEDIA)
	{
		xmp_media_begin(&xmp->media);
		return LEVEL_MEDIA;
	}
	field_begin(xmp->fields);
	xmp->rank = RANK_OTHER;
	xmp->best = RANK_NONE;
	xmp->closed = false;
	return LEVEL_PROPERTY;
}

/* What is in a property, an item, or rdf:Description within either. */
static Level
begin_value(Xmp *xmp, Level within, const char *name)
{
	Level		level = LEVEL_SKIPPED;

	if (strcmp(name, RDF("value")) == 0)
		level = LEVEL_VALUE;
	else if (within != LEVEL_QUALIFIED && strcmp(name, RDF("Description")) == 0)
		level = LEVEL_QUALIFIED;
	else if (within == LEVEL_PROPERTY && xmp->property->form != FORM_ONE &&
			 (strcmp(name, RDF("Bag")) == 0 || strcmp(name, RDF("Seq")) == 0 || strcmp(name, RDF("Alt")) == 0))
		level = LEVEL_ARRAY;
	if (level != LEVEL_SKIPPED)
	{
		/* Only blanks can have been before it. */
		field_drop_item(xmp->fields);
		xmp->closed = true;
	}
	return level;
}

static Level
begin_item(Xmp *xmp, const char *name, const char **attributes)
{
	const char *language = find_attribute(attributes, XML_LANG);

	if (strcmp(name, RDF("li")) != 0)
		return LEVEL_SKIPPED;
	xmp->rank = language != NULL && strcmp(language, "x-default") == 0 ? RANK_DEFAULT : RANK_OTHER;
	xmp->closed = false;
	return LEVEL_ITEM;
}

/* What is an element by the one around it? */
static Level
begin_level(Xmp *xmp, const char *name, const char **attributes)
{
	Level		within = innermost(xmp);

	switch (within)
	{
		case LEVEL_OUTSIDE:
			return strcmp(name, RDF("RDF")) == 0 ? LEVEL_RDF : LEVEL_OUTSIDE;
		case LEVEL_RDF:
		case LEVEL_NODE:
			if (strcmp(name, RDF("Description")) == 0)
			{
				read_attributes(xmp, attributes);
				return LEVEL_NODE;
			}
			return within == LEVEL_NODE ? begin_property(xmp, name) : LEVEL_SKIPPED;
		case LEVEL_PROPERTY:
		case LEVEL_ITEM:
		case LEVEL_QUALIFIED:
			return begin_value(xmp, within, name);
		case LEVEL_ARRAY:
			return begin_item(xmp, name, attributes);
		case LEVEL_MEDIA:
			xmp_media_start(&xmp->media, name, attributes);
			return LEVEL_MEDIA;
		case LEVEL_VALUE:
		case LEVEL_SKIPPED:
			break;
	}
	return LEVEL_SKIPPED;
}

static void
start_element(void *data, const char *name, const char **attributes)
{
	Xmp		   *xmp = data;
	Level		level;

	if (xmp->depth == MAX_DEPTH)
		stop(xmp);
	if (xmp->stopped)
		return;
	level = begin_level(xmp, name, attributes);
	xmp->level[xmp->depth++] = level;
	listen(xmp);
}

static void
end_element(void *data, const char *name)
{
	Xmp		   *xmp = data;
	Level		level,
				within;

	if (xmp->stopped)
		return;
	level = xmp->level[--xmp->depth];
	within = innermost(xmp);
	if (level == LEVEL_RDF)
	{
		xmp->complete = true;
		stop(xmp);				/* behind it are only closing tags and padding */
	}
	else if (level == LEVEL_ITEM)
	{
		end_item(xmp);
		xmp->closed = true;
	}
	else if (level == LEVEL_PROPERTY)
	{
		end_item(xmp);
		field_commit(xmp->fields, xmp->property->field);
	}
	else if (level == LEVEL_MEDIA && within == LEVEL_MEDIA)
		xmp_media_end(&xmp->media, name);
	else if (level == LEVEL_MEDIA)
		xmp_media_commit(&xmp->media, xmp->fields);
	listen(xmp);
}

static void
namespace(void *data, const char *prefix, const char *name)
{
	if (name != NULL && strnlen(name, MAX_NAMESPACE + 1) > MAX_NAMESPACE)
		stop(data);
}

static void
document_type(void *data, const char *name, const char *system_id, const char *public_id, int has_subset)
{
	stop(data);
}

/* --- memory, with the size of each piece in front of it */

typedef union Piece
{
	size_t		size;
	max_align_t align;
} Piece;

static _Thread_local size_t in_use;

static void *
resize(void *old, size_t size)
{
	Piece	   *piece = old != NULL ? (Piece *) old - 1 : NULL;
	size_t		others = in_use - (piece != NULL ? piece->size : 0);

	if (size > MAX_MEMORY - others)
		return NULL;
	piece = realloc(piece, sizeof(Piece) + size);
	if (piece == NULL)
		return NULL;
	piece->size = size;
	in_use = others + size;
	return piece + 1;
}

static void *
allocate(size_t size)
{
	return resize(NULL, size);
}

static void
release(void *memory)
{
	if (memory == NULL)
		return;
	in_use -= ((Piece *) memory - 1)->size;
	free((Piece *) memory - 1);
}

/* The kernel's random bytes for this process: expat then needs no system call for its own. */
static void
set_hash_salt(XML_Parser parser)
{
	const uint8_t *random = (const uint8_t *) getauxval(AT_RANDOM);
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 8
	if (random != NULL)
		(void) XML_SetHashSalt16Bytes(parser, random);
#else
	unsigned long salt = 5381;

	for (int i = 0; random != NULL && i < 16; i++)
		salt = salt * 33 + random[i];
	XML_SetHashSalt(parser, salt | 1);
#endif
}

bool
xmp_read(const uint8_t *data, size_t length, ExifFields *fields)
{
	static const XML_Memory_Handling_Suite memory = {allocate, resize, release};
	Xmp			xmp = {.fields = fields};

	/* XML allows none before its declaration. */
	while (length > 1 && (*data == ' ' || *data == '\t' || *data == '\r' || *data == '\n') && data[1] != '\0')
	{
		data++;
		length--;
	}
	xmp.parser = XML_ParserCreate_MM(NULL, &memory, XMP_SEPARATOR);
	if (xmp.parser == NULL)
		return false;
	set_hash_salt(xmp.parser);
	XML_SetUserData(xmp.parser, &xmp);
	XML_SetElementHandler(xmp.parser, start_element, end_element);
	XML_SetStartNamespaceDeclHandler(xmp.parser, namespace);
	XML_SetStartDoctypeDeclHandler(xmp.parser, document_type);
	(void) XML_Parse(xmp.parser, (const char *) data, (int) length, XML_TRUE);
	XML_ParserFree(xmp.parser);
	return xmp.complete;
}

void
xmp_settle(ExifFields *fields)
{
	const uint8_t *bytes;
	size_t		length;
	double		is_motion;

	if (fields->value[FIELD_XMP_MOTION_PHOTO_OFFSET].count == 0)
		fields->value[FIELD_XMP_MOTION_PHOTO_OFFSET] = fields->value[FIELD_XMP_MICRO_VIDEO_OFFSET];
	if (field_text(fields, FIELD_XMP_MOTION_PHOTO, &bytes, &length) &&
		field_parse_number(bytes, length, &is_motion) && is_motion == 0)
		fields->value[FIELD_XMP_MOTION_PHOTO_OFFSET].count = 0;
}
