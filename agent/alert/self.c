/* What the agent tells of its rules among its own metrics. */
#include "alert/evaluator.h"

enum { RULES, ALERTS, FAILURES, DURATION };

static const struct family families[] = {
    [RULES] = {"sonde_rules", "Rules that are evaluated.", METRIC_GAUGE, NULL, false},
    [ALERTS] = {"sonde_alerts", "Alerts, by state.", METRIC_GAUGE, "alertstate", false},
    [FAILURES] = {"sonde_rule_failures_total", "Evaluations of a rule that failed.", METRIC_COUNTER, NULL, false},
    [DURATION] = {"sonde_rule_evaluation_duration_seconds", "How long the last evaluations of all rules took together.",
                  METRIC_GAUGE, NULL, false},
};

void evaluator_catalogue(void (*each)(const struct family *family, const char *part, void *arg), void *arg) {
  for (size_t i = 0; i < COUNTOF(families); i++) each(&families[i], "rules", arg);
}

struct section *evaluator_section(void *evaluator) {
  struct rules_view *v = evaluator_view(evaluator);
  struct section *s = section_new("rules");
  size_t alerts[] = {[ALERT_PENDING] = 0, [ALERT_FIRING] = 0};
  double seconds = 0;
  for (size_t i = 0; i < v->count; i++) {
    seconds += v->rules[i].seconds;
    for (size_t k = 0; k < v->rules[i].alert_count; k++) alerts[v->rules[i].alerts[k].state]++;
  }
  section_add(s, &families[RULES], 0, (double)v->count);
  for (size_t i = 0; i < COUNTOF(alerts); i++)
    section_add(s, &families[ALERTS], section_label_pairs(s, "alertstate", alert_state_name((enum alert_state)i), NULL),
                (double)alerts[i]);
  section_add(s, &families[FAILURES], 0, (double)v->failures);
  section_add(s, &families[DURATION], 0, seconds);
  rules_view_unref(v);
  return section_finish(s);
}
