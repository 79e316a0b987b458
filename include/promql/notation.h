/* Series notation, as Prometheus' own tests and promtool's unit tests write series: name{a="b"} 1 2+3x4 _ stale. */
#ifndef SONDE_PROMQL_NOTATION_H
#define SONDE_PROMQL_NOTATION_H

#include "base/arena.h"
#include "base/fail.h"
#include "metric/labels.h"

/* What stands at one step. */
enum slot_kind { SLOT_NUMBER, SLOT_NOTHING, SLOT_HISTOGRAM /* a native one; its content is not read */ };
struct slot {
  enum slot_kind kind;
  double value;
};
struct sequence {
  struct labels *labels; /* lives as long as the arena */
  struct slot *slots;
  size_t count;
};
bool notation_parse(const char *line, struct arena *a, struct sequence *ret, struct fail *f) MUST_CHECK;
/* A string as PromQL and Go write it. */
bool notation_unquote(const char *text, struct arena *a, const char **ret, struct fail *f) MUST_CHECK;

#endif
