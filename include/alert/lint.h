/* What is wrong with rules that can be read: the lint of their expressions (promql/lint.h), and of what only a rule has. */
#ifndef SONDE_ALERT_LINT_H
#define SONDE_ALERT_LINT_H

#include "alert/rules.h"
#include "promql/lint.h"

struct rule_finding {
  const char *file;
  unsigned line, column;
  enum lint_severity severity;
  const char *rule; /* its name */
  const char *text;
};
/* Tells `each` of every finding, in the order of the rules. What the rules themselves record is known; of all else `known` says what is. */
void rules_lint(const struct rule_set *set, const struct lint_knowledge *known, msec_t poll_interval,
                void (*each)(const struct rule_finding *found, void *arg), void *arg);
const char *lint_severity_name(enum lint_severity severity);

#endif
