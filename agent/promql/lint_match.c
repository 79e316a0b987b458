/* Whether the two sides of an operator can match: series do when the labels that count are equal, and a label that a series has not counts as empty.
 * So they never do where one side always has a label that the other never has. */
#include <string.h>

#include "agent/promql/lint.h"

/* The labels that count, as the sides have them. */
struct sides_labels {
  struct label_set both, left, right; /* what one side alone has */
  bool never;                         /* one of these is always there */
};

static bool counts(const struct grouping *g, const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (!strcmp(g->names[i], name)) return g->only;
  return !g->only;
}

/* Notes the labels of one side that the other never has. Other sides have no part in labels that both have. */
static void note_alone(const struct lint *l, const struct expr *e, const struct label_set *side, const struct label_set *other,
                       struct label_set *alone, struct sides_labels *ret) {
  bool all = true; /* of those that may be there */
  for (size_t i = 0; i < side->count; i++) {
    const struct label_fact *f = &side->items[i];
    if (f->presence == LABEL_NEVER) continue;
    bool is_alone = counts(&e->binary.matching, f->name) && label_set_get(other, f->name) == LABEL_NEVER;
    if (is_alone) label_set_put(alone, f->name, f->presence, l->arena);
    ret->never |= is_alone && f->presence == LABEL_ALWAYS;
    all = all && (is_alone || f->presence == LABEL_ALWAYS);
  }
  ret->never |= side->some && all;
}

static void note_both(const struct lint *l, const struct label_set *left, const struct label_set *right, struct label_set *both) {
  for (size_t i = 0; i < left->count; i++)
    if (left->items[i].presence != LABEL_NEVER && label_set_get(right, left->items[i].name) != LABEL_NEVER)
      label_set_put(both, left->items[i].name, left->items[i].presence, l->arena);
}

/* What to write instead, so that they match. */
static const char *repair(const struct lint *l, const struct expr *e, const struct sides_labels *s) {
  const char *op = token_name(e->binary.op), *both = label_set_list(&s->both, l->arena);
  bool one_has_none = !*both && !(s->left.count && s->right.count); /* as hour() < 9 and up == 0 */
  if (one_has_none && is_set_operator(e->binary.op)) return arena_printf(l->arena, "write %s on ()", op);
  if (!*both) return "give both sides the same labels: aggregate each by (job, instance, target)";
  if (is_set_operator(e->binary.op)) return arena_printf(l->arena, "write %s on (%s)", op, both);
  const struct expr *less = s->left.count ? e->binary.right : e->binary.left;
  if (s->left.count && s->right.count) return arena_printf(l->arena, "aggregate both sides by (%s)", both);
  if (less->kind == EXPR_AGGREGATE && less->aggregate.grouping.only)
    return arena_printf(l->arena, "write by (%s, %s) in the aggregation of the %s side, or %s on (%s) %s", both,
                        label_set_list(s->left.count ? &s->left : &s->right, l->arena), s->left.count ? "right" : "left", op, both,
                        s->left.count ? "group_left" : "group_right");
  return arena_printf(l->arena, "write %s on (%s) %s", op, both, s->left.count ? "group_left" : "group_right");
}

static const char *differences(const struct lint *l, const struct sides_labels *s) {
  const char *left = label_set_list(&s->left, l->arena), *right = label_set_list(&s->right, l->arena);
  if (*left && *right) return arena_printf(l->arena, "only the left has %s, only the right %s", left, right);
  return arena_printf(l->arena, "only the %s has %s", *left ? "left" : "right", *left ? left : right);
}

bool check_matching(struct lint *l, const struct expr *e, const struct operands *in) {
  if (e->kind != EXPR_BINARY || e->binary.left->type != VALUE_VECTOR || e->binary.right->type != VALUE_VECTOR) return false;
  if (e->binary.op == TOKEN_OR || in->left.never || in->right.never) return false; /* what never is has no labels to speak of */
  const struct label_set *left = &in->left.labels, *right = &in->right.labels;
  struct sides_labels s = {0};
  note_alone(l, e, left, right, &s.left, &s);
  note_alone(l, e, right, left, &s.right, &s);
  if (!s.never) return false;
  note_both(l, left, right, &s.both);
  bool takes_away = e->binary.op == TOKEN_UNLESS;
  lint_say(l, LINT_WARNING, !takes_away, e->binary.at, "the two sides of %s never match%s: %s; %s", token_name(e->binary.op),
           takes_away ? ", so that it takes nothing away" : "", differences(l, &s), repair(l, e, &s));
  return !takes_away;
}
