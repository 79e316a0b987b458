/* The running agent's memory and judgement, and whom it tells: history, rules, state, receivers. */
#ifndef SONDE_AGENT_CLI_ALERTING_H
#define SONDE_AGENT_CLI_ALERTING_H

#include "agent/cli/keeper.h"
#include "alert/evaluator.h"
#include "notify/notify.h"

struct alerting {
  struct history *history;
  struct keeper *keeper;
  struct state *state;
  struct evaluator *evaluator;
  struct net *net;
  struct notifier *notifier;
};

/* Where config->state_dir cannot be written, what can be read of it is taken along. The rules tell how much of the past is needed. */
void alerting_init(struct alerting *a, const struct config *config, const struct rule_set *rules);
/* These rules and receivers count from now on; the rules are taken over. Starts the evaluator the first time. */
bool alerting_apply(struct alerting *a, struct config *config, struct rule_set *rules, struct fail *f) MUST_CHECK;
/* Ends what can be ended until `deadline`: rules first, then messages, so that those under way can still be acknowledged; the history is written
 * meanwhile and afterwards: keeper_wait(). */
void alerting_stop(struct alerting *a, msec_t deadline);

#endif
