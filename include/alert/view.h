/* What is known of the rules at one time, as pages, the API and checks see it. Immutable, shared by reference count. */
#ifndef SONDE_ALERT_VIEW_H
#define SONDE_ALERT_VIEW_H

#include "alert/alert.h"

enum rule_health {
  RULE_UNKNOWN, /* not evaluated yet */
  RULE_OK,
  RULE_IDLE,    /* no series that it could look at */
  RULE_WARMING, /* the past of a target does not reach back far enough yet */
  RULE_ERROR,
};
const char *rule_health_name(enum rule_health health);

struct alert_view {
  const struct labels *labels, *annotations;
  enum alert_state state;
  double value;
  int64_t active_at, fired_at; /* milliseconds since 1970 */
  msec_t left;                 /* until it fires, when it is pending and goes on */
};
struct rule_view {
  const char *group, *name, *expr, *file;
  bool records;
  const char *severity;             /* of the rule's labels; "" for none */
  const char *op;                   /* of the comparison at the top; NULL for none … */
  double threshold;                 /* … and what it compares with */
  msec_t pending, keep_firing;      /* for: and keep_firing_for: */
  msec_t interval;                  /* of its group … */
  int64_t limit;                    /* … and its limit; 0: none */
  struct pairs labels, annotations; /* as they are written */
  enum rule_health health;
  const char *error; /* with RULE_ERROR */
  msec_t warm_in;    /* with RULE_WARMING: until it is judged in full */
  double seconds;    /* that its last evaluation took */
  struct alert_view *alerts;
  size_t alert_count;
  struct element *values; /* what is compared now, where it is no alert; at most RULE_VALUES_MAX */
  size_t value_count;
};
#define RULE_VALUES_MAX 100
struct rules_view {
  struct arena arena;
  atomic_uint references;
  msec_t evaluated;  /* clock_now() of the latest evaluation; 0: none yet */
  msec_t interval;   /* the default one */
  uint64_t failures; /* evaluations of a rule that failed */
  struct rule_view *rules;
  size_t count;
};
void rules_view_unref(struct rules_view *v); /* NULL allowed */

#endif
