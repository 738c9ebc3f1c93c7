/*
 * api_text.h
 *		The SQL of thumbexif_api(): templates of the install script (sql/api), and what is put into them for a table.
 */
#ifndef TE_PG_API_TEXT_H
#define TE_PG_API_TEXT_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

#define TE_API_MOST_TEMPLATES 32
#define TE_API_MOST_VALUES 64

typedef struct TeApiTemplate
{
	const char *name;			/* of the file, without number and suffix: the object that it makes */
	const char *text;
} TeApiTemplate;

typedef struct TeApiValue
{
	const char *name;			/* in braces in templates */
	const char *sql;
	bool		known;			/* from a column of the table, not only NULL */
} TeApiValue;

typedef struct TeApi
{
	const TeAttachment *attachment;
	const char *schema;			/* quoted */
	TeApiTemplate templates[TE_API_MOST_TEMPLATES];
	int			template_count;
	TeApiValue	values[TE_API_MOST_VALUES];
	int			value_count;
} TeApi;

/*
 * Read the templates, and find the expressions for the table's columns, or for what exif_metadata has instead.  The base is
 * put before the names of thumbnails; NULL = nothing is.  Inside SPI.
 */
extern void te_api_text_prepare(TeApi *api, const TeAttachment *attachment, const char *schema, const char *base);

/* The value of a name, or NULL. */
extern const TeApiValue *te_api_value(const TeApi *api, const char *name, size_t length);

/* Is a template a part of others, where its name stands in braces? */
extern bool te_api_is_part(const TeApiTemplate *template);

/* A template with the values put in, palloc'd. */
extern char *te_api_text(const TeApi *api, const char *text);

#endif							/* TE_PG_API_TEXT_H */
