/* Series selectors as Prometheus users write them (in match[] of federation, in rules): http_requests_total{status=~"5..",path!="/health"}. Regular
 * expressions are anchored; a label that is absent is empty; __name__ is the sample's whole name. */
#ifndef SONDE_COLLECTORS_SCRAPE_SELECTOR_H
#define SONDE_COLLECTORS_SCRAPE_SELECTOR_H

#include "base/arena.h"
#include "base/fail.h"
#include "metric/section.h"

struct selector {
  const char *name; /* "" for any */
  struct label_matcher *matchers;
  size_t count;
};

/* Made in `a`, and gone with it. False with a sentence that says at which character. */
bool selector_parse(const char *text, struct arena *a, struct selector *ret, struct fail *f) MUST_CHECK;
bool selector_matches(const struct selector *s, const char *name, const struct label *labels, size_t count);

#endif
