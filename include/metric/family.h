/* A metric family as a row. Static rows live in the tables of their collector: one metric is one row in one file, and the catalogue
 * (`sonde metrics`, the README's table, the contract tests) is made from them. Families that only a running server can name are made
 * in their section's arena (section_family) and die with it. */
#ifndef SONDE_METRIC_FAMILY_H
#define SONDE_METRIC_FAMILY_H

#include <stdbool.h>

#define METRIC_TYPES(X)                                                                                                            \
  X(METRIC_UNTYPED, "untyped")                                                                                                     \
  X(METRIC_GAUGE, "gauge") X(METRIC_COUNTER, "counter") X(METRIC_HISTOGRAM, "histogram") X(METRIC_SUMMARY, "summary")

#define X(type, name) type,
enum metric_type { METRIC_TYPES(X) };
#undef X

/* What a sample's name adds to its family's. */
enum suffix { SUFFIX_NONE, SUFFIX_BUCKET, SUFFIX_SUM, SUFFIX_COUNT };

struct family {
  const char *name; /* as in text 0.0.4: a counter's ends as its exporter has it, mostly in _total */
  const char *help; /* a sentence, ends with "." */
  enum metric_type type;
  const char *labels; /* names, comma separated, sorted; NULL for none */
  /* This shape is illegal in OpenMetrics (a summary whose quantile is "50"): there each sample name is a family of type unknown. */
  bool om_unknown;
};

const char *metric_type_name(enum metric_type type); /* as text 0.0.4 writes it */
const char *suffix_text(enum suffix suffix);         /* "", "_bucket", "_sum", "_count" */

#endif
