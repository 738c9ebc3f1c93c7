/*
 * attachment_columns.c
 *		What the mapped columns of an attached table tell: where thumbnails are stored, whether EXIF is wanted.
 */
#include "postgres.h"

#include "attachment.h"

bool
te_attachment_has_thumbnail(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL_PATH] != NULL || te_attachment_stores_bytes(attachment);
}

bool
te_attachment_stores_bytes(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL] != NULL;
}

bool
te_attachment_stores_files(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL_PATH] != NULL && !te_attachment_stores_bytes(attachment);
}

bool
te_attachment_has_exif(const TeAttachment *attachment)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (te_columns[i].from_exif && attachment->column[i] != NULL)
			return true;
	return false;
}
