/* What a server said, quoted for people: one short line without markup or control characters. */
#ifndef SONDE_COLLECTORS_HTTP_QUOTE_H
#define SONDE_COLLECTORS_HTTP_QUOTE_H

#include <stddef.h>

#include "base/buf.h"

#define QUOTE_MAX 100 /* bytes that are quoted */

/* Appends "…" in quotation marks; nothing for an empty or a binary text. Of a text that begins with < what stands between < and > is left out. */
void quote(struct buf *out, const char *text, size_t length);

#endif
