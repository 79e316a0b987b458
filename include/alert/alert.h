/* The life of an alert: pending, firing, resolved. Pure: an evaluation's result and a time in, transitions out.
 * The state machine is Prometheus' own; what it does not have: state that survives a restart exactly, `recover:`, `no_data:`, and the value at the
 * resolve. Times are milliseconds since 1970, since they survive the machine. */
#ifndef SONDE_ALERT_ALERT_H
#define SONDE_ALERT_ALERT_H

#include "alert/rules.h"
#include "template/template.h"

#define ALERTS_MAX 10000 /* of one rule; over it the evaluation is an error */

enum alert_state { ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };
const char *alert_state_name(enum alert_state state);

struct alert {
  struct labels *labels;      /* alertname, the sample's and the rule's; a reference */
  struct labels *annotations; /* rendered; a reference */
  enum alert_state state;
  int64_t active_at, fired_at, resolved_at, keep_since; /* 0: not yet */
  double value;         /* the latest; at a resolve what the left side of the comparison is now, NaN when unknown */
  uint64_t fingerprint; /* of labels */
  bool restored;        /* known from before the start, and nothing was seen of it since */
};

/* The alerts of one rule: pending and firing. */
struct alerts {
  struct alert *items;
  size_t count, capacity;
};
/* Takes over the references of `alert`. */
void alerts_add(struct alerts *a, const struct alert *alert);
void alerts_done(struct alerts *a);

/* One thing that changed: the alert as it is after the change. */
struct transition {
  struct alert alert;    /* references of its own */
  enum alert_state from; /* ALERT_RESOLVED: there was none; the same state: only since when it is kept firing has changed */
  const char *rule;      /* its identity */
};
struct transitions {
  struct transition *items;
  size_t count, capacity;
};
void transitions_add(struct transitions *t, const char *rule, const struct alert *alert, enum alert_state from);
void transitions_done(struct transitions *t);

/* A target of which a rule does not know enough. */
struct doubt {
  const char *target; /* "": any */
  bool gap;           /* it was down somewhere in the span that the rule looks at, or never answered … */
  bool down;          /* … and does not answer now */
  bool lost;          /* it did until a moment ago, or its first poll has not ended: a sum over targets now says too little */
  bool warming;       /* its past does not reach back far enough */
};

/* What an evaluation says of a rule. An element is true, whatever its value. One that is not there is false, unless it is in doubt: its target's past
 * has a gap, and the left side of the comparison has no value for it either. */
struct judgement {
  const struct value *result;       /* of the expression */
  const struct value *left;         /* of the left side of its comparison; NULL when there is none */
  const struct value *recovered;    /* of recover: … */
  const struct value *recover_left; /* … and of its left side; NULL when there is none */
  const struct doubt *doubts;
  size_t doubt_count;
  int64_t limit; /* of elements; 0: none */
  bool settled;  /* the series of all parts had time to come since the start: what was restored and is not seen may end */
  const struct template_world *world; /* what templates may ask */
};

/* An alerting rule's step. False with a sentence (two elements become one alert, a limit): the state is as before, and nothing was added to `out`. */
bool alerts_step(struct alerts *a, const struct rule *rule, const struct judgement *j, int64_t now, struct transitions *out,
                 struct fail *f) MUST_CHECK;

#endif
