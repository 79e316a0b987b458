/* An element of a rule's result as the alert that it is. */
#ifndef SONDE_AGENT_ALERT_ELEMENT_H
#define SONDE_AGENT_ALERT_ELEMENT_H

#include "alert/alert.h"

/* The labels of the alert, and its annotations; references for the caller. A template that cannot be rendered says so in its place. */
struct labels *element_labels(const struct rule *rule, const struct element *e, const struct template_world *world);
struct labels *element_annotations(const struct rule *rule, const struct element *e, const struct template_world *world);
/* The element of `v` that is about the alert: each of its labels, but the metric's name and those that the rule sets, is the alert's. NULL when there is
 * none, or no `v`. */
const struct element *element_about(const struct value *v, const struct rule *rule, const struct labels *alert);

#endif
