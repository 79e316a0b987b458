/* Rules at work: what the files of the evaluator share. All of it belongs to the evaluating thread. */
#ifndef SONDE_AGENT_ALERT_RUNNING_H
#define SONDE_AGENT_ALERT_RUNNING_H

#include "alert/evaluator.h"
#include "base/map.h"

/* The series that a rule showed last: one that it shows no more ends. */
struct emitted {
  struct labels **items; /* references */
  size_t count;
};
/* Appends `count` points and ends the series that are not among them. Takes over `items`, which lies on the heap. */
void emit(struct emitted *e, struct history *h, msec_t at, struct labels **items, const double *values, size_t count);
/* ALERTS and ALERTS_FOR_STATE. */
void emit_alerts(struct emitted *e, struct history *h, msec_t at, const struct alerts *a);
/* What a rule records. False when two elements become one series. */
bool emit_record(struct emitted *e, struct history *h, msec_t at, const struct rule *rule, const struct judgement *j,
                 struct fail *f) MUST_CHECK;

struct running_rule {
  const struct rule *rule;
  struct alerts alerts;
  struct emitted emitted;
  enum rule_health health;
  unsigned idle; /* evaluations one after the other that matched no series, while all targets answered */
  struct fail error;
  msec_t warm_at;
  double seconds;
  struct element *values; /* references */
  size_t value_count;
};
void running_rule_done(struct running_rule *r);

/* Which targets answer, looked up once for all rules of a moment. */
struct ups {
  bool known;
  struct arena arena;
  struct map by_target; /* struct doubt */
};

/* The time of an evaluation, and what it works on. */
struct moment {
  struct history *history;
  struct source source;
  msec_t at;    /* of the points that rules make */
  int64_t wall; /* the same, milliseconds since 1970 */
  bool settled;
  const struct rule_set *set; /* whose recording rules tell what is not known of the series that they make; NULL: all is known */
  bool silent;                /* nothing is logged: a unit test has verdicts of its own */
  const struct pairs *external_labels;
  const char *external_url;
  struct ups *ups; /* emptied by who makes the moment */
};
/* Evaluates a rule; what changed is added to `out`. An error freezes it, and is logged when it is another than before. */
void rule_evaluate(struct running_rule *r, const struct rule_group *group, const struct moment *m, struct transitions *out);

/* What is to be kept of transitions, and who is to be told. */
struct delivery {
  struct state *state;
  const struct evaluator_hooks *hooks;
  const struct config *config;
};
void deliver(const struct delivery *d, const struct transitions *changes, int64_t wall);
/* An alert from the state, with references of its own. False when it cannot be read. */
bool alert_restore(const struct alert_record *record, struct alert *ret) MUST_CHECK;
/* What is known of an alert beside its transitions has changed. */
void deliver_moved(const struct delivery *d, const char *rule, const struct alerts *a);

/* One group after the other, into a view. */
struct rules_view *view_new(size_t rules, msec_t interval);
void view_add(struct rules_view *v, const struct rule_group *group, const struct running_rule *r, msec_t now, int64_t wall);

#endif
