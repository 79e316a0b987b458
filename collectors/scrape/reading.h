/* From the body of a scrape to a section. Pure. */
#ifndef SONDE_COLLECTORS_SCRAPE_READING_H
#define SONDE_COLLECTORS_SCRAPE_READING_H

#include "collectors/scrape/options.h"
#include "metric/parser.h"

struct reading {
  struct section *section; /* not finished; NULL when the body cannot be read */
  size_t scraped, kept;    /* samples in the body; after keep and drop */
};

/* How a body is read: in a format, and whether it is held to the letter of that. */
struct reading_way {
  enum exposition_format format;
  bool strict;
};
/* False with a sentence that names the place in the body, or the limit. */
bool reading_make(const struct scrape_options *o, const char *part, const char *body, size_t length, struct reading_way way,
                  struct reading *ret, struct fail *f) MUST_CHECK;
/* How many series of `now` are not in `before` (NULL: none is). Both are finished. */
size_t reading_added(const struct section *before, const struct section *now);

#endif
