/* The text of a statement as a label: short, on one line, without the data in it. */
#ifndef SONDE_COLLECTORS_POSTGRES_QUERY_TEXT_H
#define SONDE_COLLECTORS_POSTGRES_QUERY_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Appends `sql` with comments dropped, runs of white space made one blank, quoted literals and numbers made "?" (statements that
 * the server does not normalise may hold a password or a person's data), cut at a character to at most `max` bytes. */
void query_text(struct buf *out, const char *sql, size_t max);

#endif
