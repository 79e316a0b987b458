/* Selectors and groupings against what is known of the metrics: whether anybody gives them, and with these labels. */
#include <string.h>

#include "agent/promql/lint.h"
#include "config/suggest.h"

enum { SLIP_LETTERS_MIN = 4 }; /* shorter words are too near to each other */

bool check_known(struct lint *l, const struct expr *e, const struct operands *in) {
  struct metric_facts facts;
  const char *name = selected_metric(e);
  (void)in;
  if (!name || selected_facts(l, e, &facts)) return false;
  const char *meant = l->known->similar ? l->known->similar(l->known->context, name) : NULL;
  lint_say(l, LINT_INFO, false, e->offset, "%s is no metric of sonde's own, and no rule here records it%s%s%s", name,
           meant ? "; did you mean " : ": it must come from a page that is scraped", meant ? meant : "", meant ? "?" : "");
  return false;
}

bool check_selected(struct lint *l, const struct expr *e, const struct operands *in) {
  struct metric_facts facts;
  bool never = false;
  (void)in;
  if (!selected_facts(l, e, &facts)) return false;
  for (size_t i = 0; i < e->selector.count; i++) {
    const struct matcher *m = &e->selector.matchers[i];
    if (!strcmp(m->name, "__name__") || matcher_matches(m, "")) continue;
    if (label_set_get(&facts.labels, m->name) != LABEL_NEVER) continue;
    never = true;
    if (l->alternatives) continue;
    lint_say(l, LINT_WARNING, true, e->offset, "%s has no label %s, so that this selects nothing; it has %s", selected_metric(e),
             m->name, label_set_list(&facts.labels, l->arena));
  }
  return never;
}

/* That one alternative is not to be had is what the other is for; with none of them it is a mistake. */
bool check_alternatives(struct lint *l, const struct expr *e, const struct operands *in) {
  if (l->alternatives || !are_alternatives(e) || !in->left.never || !in->right.never) return false;
  lint_say(l, LINT_WARNING, true, e->offset,
           "neither side of this or ever selects anything: the metrics have not the labels that are asked for");
  return true;
}

/* The label of the set that was probably meant; NULL when there is none. */
static const char *meant(const char *name, const struct label_set *s) {
  const char *names[LINT_FINDINGS_MAX * 2];
  size_t count = 0;
  for (size_t i = 0; i < s->count && count < COUNTOF(names); i++)
    if (s->items[i].presence != LABEL_NEVER) names[count++] = s->items[i].name;
  return strlen(name) < SLIP_LETTERS_MIN ? NULL : suggest(name, names, count);
}

/* A label that is not there is common in rules made for several systems (by (cluster, instance)): only a slip of the fingers is worth a word. */
bool check_grouping(struct lint *l, const struct expr *e, const struct operands *in) {
  if (e->kind != EXPR_AGGREGATE || !e->aggregate.grouping.only) return false;
  for (size_t i = 0; i < e->aggregate.grouping.count; i++) {
    const char *name = e->aggregate.grouping.names[i], *other;
    if (label_set_get(&in->left.labels, name) == LABEL_NEVER && (other = meant(name, &in->left.labels)))
      lint_say(l, LINT_WARNING, false, e->offset, "by (%s): the series have no such label; did you mean %s?", name, other);
  }
  return false;
}
