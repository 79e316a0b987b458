/* Whether a page keeps to its format by the letter, and what in its names will puzzle people: the findings of `promtool check metrics`, for both formats.
 * Pure. */
#ifndef SONDE_METRIC_LINT_H
#define SONDE_METRIC_LINT_H

#include "metric/parser.h"

struct lint {
  void *context;
  /* A finding on the family that begins on `line`; each of a family once, families in the order of the page. */
  void (*found)(void *context, unsigned line, const char *name, const char *finding);
  size_t families, samples; /* counted */
};
/* As exposition_parse() with `strict`. Families without samples are not judged by name. */
bool lint_exposition(struct lint *l, const char *text, size_t length, enum exposition_format format, struct parser_place *where,
                     struct fail *f) MUST_CHECK;

#endif
