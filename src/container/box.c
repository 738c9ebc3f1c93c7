/*
 * box.c
 *		Walks the boxes of ISO media files.
 */
#include "container/box.h"

#include <string.h>

#include "container/bytes.h"

bool
box_next(Box *inside, Box *box)
{
	uint64_t	size,
				head = 8;

	if (inside->length < 8)
		return false;
	size = be32(inside->data);
	memcpy(box->type, inside->data + 4, 4);
	if (size == 0)				/* to the end of the box around it */
		size = inside->length;
	else if (size == 1 && inside->length < 16)
		size = UINT64_MAX;		/* truncated within its size */
	else if (size == 1)
	{
		size = be_number(inside->data + 8, 8);
		head = 16;
	}
	if (size < head)
		return false;
	box->truncated = size > inside->length;
	if (box->truncated)
		size = inside->length;
	box->data = inside->data + head;
	box->length = (size_t) (size - head);
	inside->data += size;
	inside->length -= (size_t) size;
	return true;
}

bool
box_find(Box inside, const char *type, Box *box)
{
	for (int i = 0; i < BOX_MAX && box_next(&inside, box); i++)
		if (box_is(box, type))
			return true;
	return false;
}
