/* Regular expressions as Prometheus means them: anchored at both ends, bounded in time (PCRE2 with match limits). */
#ifndef SONDE_BASE_REGEX_H
#define SONDE_BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/fail.h"

struct regex;

/* NULL with a sentence naming the position in `pattern`. Free with regex_free(). */
struct regex *regex_new(const char *pattern, struct fail *f) MUST_CHECK;
void regex_free(struct regex *r);
/* True when the whole of `text` matches. May be called by several threads at once. A match that hits its limit does not match. */
bool regex_match(const struct regex *r, const char *text, size_t length);

#endif
