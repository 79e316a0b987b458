/* What a client wrote, judged: the path it asks for and the Host header. Pure. */
#ifndef SONDE_AGENT_HTTP_PATH_H
#define SONDE_AGENT_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

/* Undoes percent-encoding into `out`. False for what is no path: it does not start with "/", a % is not followed by two hexadecimal digits,
 * a control character (%00 too), or longer than `size`. */
bool path_decode(const char *path, char *out, size_t size) MUST_CHECK;
/* The same for a value in the query, which may start with anything; `+` is a blank already. */
bool path_decode_value(const char *value, char *out, size_t size) MUST_CHECK;
/* True when `path` is `head`, something, `tail`; then cuts the tail off and sets *ret_between. With a NULL tail: when `path` is `head`. */
bool path_match(char *path, const char *head, const char *tail, const char **ret_between) MUST_CHECK;
/* Appends `name` so that it can stand in a path: all but letters, digits and -._~:/ percent-encoded. */
void path_encode(struct buf *out, const char *name);
/* True when `text` is host or host:port as a Host header may have it: a name, an IPv4 address, or an IPv6 address in brackets. */
bool host_is_valid(const char *text) MUST_CHECK;

#endif
