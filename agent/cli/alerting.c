/* From what targets show to who is told: history, rules and state, put together for the running agent. */
#include "agent/cli/alerting.h"

#include "base/log.h"
#include "history/keep.h"
#include "notify/format.h"

#define HISTORY_MARGIN ((msec_t)60000) /* what the rules need, and the ticks until they look */

/* The notification as the services want it. */
static void write_body(void *context, const struct config *config, const char *receiver, const struct alert *alert,
                       struct buf *out) {
  (void)context;
  message_store(out, &(struct message){
                         .receiver = receiver,
                         .firing = alert->state == ALERT_FIRING,
                         .labels = alert->labels,
                         .annotations = alert->annotations,
                         .starts_at = alert->fired_at,
                         .ends_at = alert->state == ALERT_FIRING ? 0 : alert->resolved_at,
                         .value = alert->value,
                         .external_url = config->external_url,
                         .external_labels = &config->external_labels,
                     });
}

static void wake_delivery(void *context) {
  const struct alerting *a = context;
  notifier_wake(a->notifier);
}

static msec_t span_of(const struct config *config, const struct rule_set *rules) {
  return MAX(rules->span, config->history_keep) + HISTORY_MARGIN;
}

void alerting_init(struct alerting *a, const struct config *config, const struct rule_set *rules) {
  struct fail why;
  a->history = history_new(span_of(config, rules), (size_t)config->history_memory);
  a->keeper = keeper_start(a->history, config->state_dir);
  a->state = state_open(config->state_dir, &why);
  if (why.kind) log_error(NULL, "%s; alerts are kept in memory only", why.text);
  a->net = net_new();
  a->notifier = notifier_new(a->state, a->net);
  struct evaluator_hooks hooks = {.context = a, .body = write_body, .committed = wake_delivery};
  a->evaluator = evaluator_new(a->history, a->state, &hooks);
}

bool alerting_apply(struct alerting *a, struct config *config, struct rule_set *rules, struct fail *f) {
  history_keep(a->history, span_of(config, rules), (size_t)config->history_memory);
  log_info(NULL, "%zu rule%s, %zu receiver%s", rules->rule_count, rules->rule_count == 1 ? "" : "s", config->receiver_count,
           config->receiver_count == 1 ? "" : "s");
  for (size_t i = 0; i < config->receiver_count; i++)
    log_info(NULL, "receiver %s: %s, %s", config->receivers[i].name, config->receivers[i].service->name,
             config->receivers[i].address);
  notifier_apply(a->notifier, config);
  evaluator_apply(a->evaluator, config, rules);
  return evaluator_start(a->evaluator, f);
}

void alerting_stop(struct alerting *a, msec_t deadline) {
  bool ended = evaluator_stop(a->evaluator, deadline);
  keeper_end(a->keeper);
  notifier_stop(a->notifier, deadline);
  net_stop(a->net);
  if (ended) state_close(a->state);
}
