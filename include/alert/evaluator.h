/* The rules at work: evaluated group by group at their interval, on one thread. Alerts are kept in the state, with a notification for each receiver in
 * the same transaction; ALERTS, ALERTS_FOR_STATE and what rules record are series of the history. What was pending or firing before a restart goes on:
 * it ends only when it is known to be over. */
#ifndef SONDE_ALERT_EVALUATOR_H
#define SONDE_ALERT_EVALUATOR_H

#include "alert/alert.h"
#include "alert/view.h"
#include "config/config.h"
#include "history/history.h"
#include "metric/family.h"
#include "metric/section.h"
#include "state/state.h"

struct evaluator;

/* What the evaluator needs of those who stand above it. */
struct evaluator_hooks {
  void *context;
  /* Appends what is to be kept for a receiver about an alert that fires, or is resolved. */
  void (*body)(void *context, const struct config *config, const char *receiver, const struct alert *alert, struct buf *out);
  /* Notifications were committed. */
  void (*committed)(void *context);
};

/* `state` NULL: nothing is kept and nobody is notified, as for a single look. `hooks` may be NULL then. Takes in what the state holds. */
struct evaluator *evaluator_new(struct history *history, struct state *state, const struct evaluator_hooks *hooks);
/* From the next evaluation on these rules and this configuration count: takes a reference of `config` and takes over `rules`. Rules with the same
 * identity keep their alerts; the alerts of those that are gone are resolved. Any thread. */
void evaluator_apply(struct evaluator *e, struct config *config, struct rule_set *rules);
/* Evaluates the groups that are due at `now` (clock_now()), `wall` milliseconds since 1970; returns when the next one is. One thread. */
msec_t evaluator_step(struct evaluator *e, msec_t now, int64_t wall);
/* Does so on a thread of its own from now on; does nothing when it does already. */
bool evaluator_start(struct evaluator *e, struct fail *f) MUST_CHECK;
/* Asks the thread to end and waits for it until `deadline`. False when it does not: then it must not be freed. */
bool evaluator_stop(struct evaluator *e, msec_t deadline);
void evaluator_free(struct evaluator *e); /* NULL allowed */

/* A reference of the latest. */
struct rules_view *evaluator_view(struct evaluator *e);

/* What the agent shows of its rules, as a section of its own target: sonde_rules, sonde_alerts … */
struct section *evaluator_section(void *evaluator);
void evaluator_catalogue(void (*each)(const struct family *family, const char *part, void *arg), void *arg);

#endif
