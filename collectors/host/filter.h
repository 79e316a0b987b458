/* Which names (devices, mount points, types) are left out. The answer for a name is kept, so that a regular expression runs when a name is new
 * and not at every poll. */
#ifndef SONDE_COLLECTORS_HOST_FILTER_H
#define SONDE_COLLECTORS_HOST_FILTER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/regex.h"

struct filter {
  struct regex *regex; /* NULL: leaves nothing out */
  struct map answers;  /* by name */
  struct arena names;
};

/* False with a sentence when `pattern` cannot serve as a filter. */
bool filter_check(const char *pattern, struct fail *f) MUST_CHECK;
/* `pattern`, which passed filter_check(), is searched anywhere in the name, as node_exporter does; NULL or "" finds nothing. */
void filter_init(struct filter *f, const char *pattern);
void filter_done(struct filter *f);
bool filter_excludes(struct filter *f, const char *name, size_t length);

#endif
