/* Pieces of JSON, written. */
#ifndef SONDE_NOTIFY_JSON_H
#define SONDE_NOTIFY_JSON_H

#include <stdint.h>

#include "base/buf.h"
#include "metric/labels.h"

/* A string with its quotes. */
void put_json_text(struct buf *out, const char *text);
/* An object: {"a":"1","b":"2"}. */
void put_json_labels(struct buf *out, const struct labels *l);
/* A time as RFC 3339 in UTC, with its quotes; milliseconds since 1970. */
void put_json_time(struct buf *out, int64_t time);

#endif
