/* The headers of an answer, as lines. */
#ifndef SONDE_COLLECTORS_HTTP_HEADER_H
#define SONDE_COLLECTORS_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* The next value of a header of that name at or behind *cursor, which is moved behind it. False when there is none. */
bool header_next(const char **cursor, const char *name, const char **ret_value, size_t *ret_length) MUST_CHECK;
/* A date in the form of HTTP as seconds since 1970. */
bool header_date(const char *headers, const char *name, double *ret) MUST_CHECK;

#endif
