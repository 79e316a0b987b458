/* The running agent's memory and judgement: history, rules, state. */
#ifndef SONDE_AGENT_CLI_ALERTING_H
#define SONDE_AGENT_CLI_ALERTING_H

#include "alert/evaluator.h"

struct alerting {
  struct history *history;
  struct state *state;
  struct evaluator *evaluator;
};

/* `keeps`: whether config->state_dir can be used. */
void alerting_init(struct alerting *a, const struct config *config, bool keeps);
/* These rules count from now on; they are taken over. Starts the evaluator the first time. */
bool alerting_apply(struct alerting *a, struct config *config, struct rule_set *rules, struct fail *f) MUST_CHECK;
/* Ends what can be ended until `deadline`. */
void alerting_stop(struct alerting *a, msec_t deadline);

#endif
