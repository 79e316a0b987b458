/* The life of an alert: pending, firing, resolved. Pure: an evaluation's result and a time in, transitions out.
 * The state machine is Prometheus' own; what it does not have: state that survives a restart exactly, `recover:`, `no_data:`, and the value at the
 * resolve. Times are milliseconds since 1970, since they survive the machine. */
#ifndef SONDE_ALERT_ALERT_H
#define SONDE_ALERT_ALERT_H

#include "alert/rules.h"

enum alert_state { ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };
const char *alert_state_name(enum alert_state state);

struct alert {
  struct labels *labels;      /* alertname, the sample's and the rule's; a reference */
  struct labels *annotations; /* rendered; a reference */
  enum alert_state state;
  int64_t active_at, fired_at, resolved_at, keep_since; /* 0: not yet */
  double value;         /* the latest; at a resolve what the left side of the comparison is now, NaN when unknown */
  uint64_t fingerprint; /* of labels */
};

/* The alerts of one rule. */
struct alerts {
  struct alert *items;
  size_t count, capacity;
};
void alerts_done(struct alerts *a);

/* One thing that changed: the alert as it is after the change. */
struct transition {
  struct alert alert;    /* references of its own */
  enum alert_state from; /* ALERT_RESOLVED: there was none */
  const struct rule *rule;
};
struct transitions {
  struct transition *items;
  size_t count, capacity;
};
void transitions_done(struct transitions *t);

/* An alerting rule's step: `result` is what the expression gave at `now`; `notes` says whether data was missing. External labels are not part of
 * an alert. False with a sentence (two elements become one alert; a template that fails): the state is as before. */
bool alerts_step(struct alerts *a, const struct rule *rule, const struct value *result, const struct evaluation *notes, int64_t now,
                 struct transitions *out, struct fail *f) MUST_CHECK;

/* A template of labels or annotations: {{ $labels.x }}, {{ $value | humanize }} … as Prometheus has them. Parsed once to be refused with a position,
 * rendered with the element. */
bool template_check(const char *text, size_t *wrong_at, struct fail *f) MUST_CHECK;
bool template_render(struct buf *out, const char *text, const struct labels *labels, double value, const struct pairs *external,
                     struct fail *f) MUST_CHECK;

#endif
