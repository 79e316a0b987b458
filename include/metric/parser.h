/* Both exposition formats read, text 0.0.4 and OpenMetrics 1.0: as Prometheus reads them, or by the letter. Pure: bytes in, families and samples out, in
 * the order of the text; nothing is kept. */
#ifndef SONDE_METRIC_PARSER_H
#define SONDE_METRIC_PARSER_H

#include <stddef.h>

#include "base/arena.h"
#include "base/fail.h"
#include "metric/exposition.h"
#include "metric/section.h"

/* OpenMetrics has more types than text 0.0.4. */
#define PARSED_TYPES(X)                                                                                                            \
  X(PARSED_UNKNOWN, "unknown")                                                                                                     \
  X(PARSED_GAUGE, "gauge")                                                                                                         \
  X(PARSED_COUNTER, "counter")                                                                                                     \
  X(PARSED_HISTOGRAM, "histogram")                                                                                                 \
  X(PARSED_SUMMARY, "summary") X(PARSED_INFO, "info") X(PARSED_STATESET, "stateset") X(PARSED_GAUGEHISTOGRAM, "gaugehistogram")
#define X(type, name) type,
enum parsed_type { PARSED_TYPES(X) };
#undef X

/* The family that a sample belongs to: of OpenMetrics without _total and the like. One that has samples and no metadata is of type unknown. */
struct parsed_family {
  const char *name, *help, *unit; /* help and unit "" when absent */
  enum parsed_type type;
  bool typed;    /* by a line of the text */
  unsigned line; /* where it begins */
};
struct parsed_sample {
  const struct parsed_family *family;
  const char *name;           /* the whole one, with suffix */
  const struct label *labels; /* as they stand in the text, unescaped */
  size_t label_count;
  double value;
  bool timed;  /* it has a timestamp */
  double time; /* seconds since 1970 */
  unsigned line;
};
struct parser_events {
  void *context;
  /* A sample lives until the call returns, its family until the end of the parsing. False ends the parsing, which is then no error. */
  bool (*sample)(void *context, const struct parsed_sample *s);
  bool (*family)(void *context, const struct parsed_family *f); /* before its first sample, all metadata read; NULL allowed */
};
struct parser_place {
  unsigned line, column; /* from 1; of the mistake. A character of several bytes is one column */
};
/* False with a sentence of what the standard says, without the place, which is in *where. `text` need not end with a NUL. Exemplars are
 * checked and left out. `strict` holds the page to the letter of its format, with what Prometheus lets pass: series that appear twice, families
 * whose lines do not lie together, metadata after samples or twice; in text 0.0.4 unknown escapes and a last line that does not end; in
 * OpenMetrics names that clash, and what types promise of their samples. Memory is in proportion to the families, and with strict to the largest family too. */
bool exposition_parse(const char *text, size_t length, enum exposition_format format, bool strict,
                      const struct parser_events *events, struct parser_place *where, struct fail *f) MUST_CHECK;

#endif
