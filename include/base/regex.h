/* Regular expressions as Prometheus means them: anchored at both ends, bounded in time (PCRE2 with match limits). */
#ifndef SONDE_BASE_REGEX_H
#define SONDE_BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/fail.h"

struct regex;

/* NULL with a sentence naming the position in `pattern`. Free with regex_free(). */
struct regex *regex_new(const char *pattern, struct fail *f) MUST_CHECK;
/* The same for any part of a text. */
struct regex *regex_new_part(const char *pattern, struct fail *f) MUST_CHECK;
/* The same for texts of megabytes that others wrote: what is bounded is the search as a whole. For regex_match() and regex_try() alone. */
struct regex *regex_new_search(const char *pattern, struct fail *f) MUST_CHECK;
void regex_free(struct regex *r);
/* True when the whole of `text` matches. May be called by several threads at once. A match that hits its limit does not match. */
bool regex_match(const struct regex *r, const char *text, size_t length);
/* Sets *ret_match. False when that would take too long. */
bool regex_try(const struct regex *r, const char *text, size_t length, bool *ret_match) MUST_CHECK;

/* Where the groups of a match lie in the text, the whole match first; a group that took no part is empty. */
#define REGEX_GROUPS_MAX 32
struct regex_groups {
  size_t from[REGEX_GROUPS_MAX], to[REGEX_GROUPS_MAX];
  size_t count;
};
/* The first match that begins at or behind `from`. */
bool regex_find(const struct regex *r, const char *text, size_t length, size_t from, struct regex_groups *ret) MUST_CHECK;
/* Appends `template`, in which $1, ${1}, $name and ${name} stand for what a group matched and $$ for a dollar, as in Go. A group that there is not is
 * empty; $1x is the group called 1x. */
void regex_expand(struct buf *out, const struct regex *r, const char *template, const char *text,
                  const struct regex_groups *groups);

#endif
