/*
 * xmp.h
 *		Reads XMP packets (private to src/exif).
 *
 * A packet is RDF in XML, wherever it comes from.
 */
#ifndef TE_EXIF_XMP_H
#define TE_EXIF_XMP_H

#include "exif/field.h"

/* A name with its namespace, as expat gives it to us. */
#define XMP_SEPARATOR "\n"
#define XMP_NAME(namespace, local) namespace XMP_SEPARATOR local

/*
 * Read the values of a packet.  One that ends too early or is not well-formed gives those that are complete
 * before that place; one with a document type gives none.  True if all of its rdf:RDF has been read.
 */
extern bool xmp_read(const uint8_t *data, size_t length, ExifFields *fields);

/* After the last packet: settle what depends on several values. */
extern void xmp_settle(ExifFields *fields);

#endif							/* TE_EXIF_XMP_H */
