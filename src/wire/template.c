/*
 * template.c
 *		What both ends of the template's socket must do alike.
 */
#include "wire/template.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

bool
te_file_id(const char *path, TeFileId *id)
{
	struct stat status;

	memset(id, 0, sizeof(*id));
	if (stat(path, &status) < 0)
		return false;
	id->device = status.st_dev;
	id->inode = status.st_ino;
	id->size = (uint64_t) status.st_size;
	id->changed_s = status.st_mtim.tv_sec;
	id->changed_ns = status.st_mtim.tv_nsec;
	return true;
}

unsigned
te_template_address(struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, TE_TEMPLATE_SOCKET);
	return (unsigned) (offsetof(struct sockaddr_un, sun_path) + sizeof(TE_TEMPLATE_SOCKET));
}
