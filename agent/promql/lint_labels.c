/* Which labels the value of an expression has: what the metric has, narrowed by matchers, and carried through functions, aggregations and operators as
 * an evaluation carries them. A set that is open says that nobody knows all of its labels. */
#include <string.h>

#include "agent/promql/lint.h"

enum { SET_LABELS_MAX = 64 }; /* a set with more is left open */

/* Sets */

static struct label_fact *find(const struct label_set *s, const char *name) {
  for (size_t i = 0; i < s->count; i++)
    if (!strcmp(s->items[i].name, name)) return &s->items[i];
  return NULL;
}

enum presence label_set_get(const struct label_set *s, const char *name) {
  const struct label_fact *f = find(s, name);
  if (f) return f->presence;
  return s->open ? LABEL_MAYBE : LABEL_NEVER;
}

void label_set_put(struct label_set *s, const char *name, enum presence presence, struct arena *a) {
  struct label_fact *f = find(s, name);
  if (f) {
    s->some = s->some && (f->presence != LABEL_MAYBE || presence == LABEL_MAYBE);
    f->presence = presence;
    return;
  }
  if (s->count == SET_LABELS_MAX) {
    s->open = true;
    return;
  }
  if (!s->items) s->items = arena_alloc(a, SET_LABELS_MAX * sizeof *s->items);
  s->items[s->count++] = (struct label_fact){name, presence};
}

struct label_set label_set_copy(const struct label_set *s, struct arena *a) {
  struct label_set ret = *s;
  ret.items = NULL;
  if (!s->count) return ret;
  ret.items = arena_alloc(a, SET_LABELS_MAX * sizeof *ret.items);
  memcpy(ret.items, s->items, s->count * sizeof *ret.items);
  return ret;
}

struct label_set label_set_of_family(const char *names, struct arena *a) {
  static const char *const of_target[] = {"job", "instance", "target"};
  struct label_set s = {.some = names && strchr(names, ',')};
  for (const char *p = names ? names : ""; *p;) {
    size_t length = strcspn(p, ",");
    label_set_put(&s, arena_copy_bytes(a, p, length), s.some ? LABEL_MAYBE : LABEL_ALWAYS, a);
    p += length + (p[length] == ',');
  }
  for (size_t i = 0; i < COUNTOF(of_target); i++) label_set_put(&s, of_target[i], LABEL_ALWAYS, a);
  return s;
}

const char *label_set_list(const struct label_set *s, struct arena *a) {
  const char *list = "";
  for (size_t i = 0; i < s->count; i++)
    if (s->items[i].presence != LABEL_NEVER) list = arena_printf(a, "%s%s%s", list, *list ? ", " : "", s->items[i].name);
  return list;
}

/* Selectors */

static enum presence narrowed(const struct matcher *m, enum presence before) {
  if (m->op == MATCH_EQUAL && !*m->value) return LABEL_NEVER;
  return matcher_matches(m, "") ? before : LABEL_ALWAYS;
}

static struct label_set of_selector(const struct lint *l, const struct expr *e) {
  struct metric_facts facts;
  struct label_set s = {.open = true};
  if (selected_facts(l, e, &facts)) s = label_set_copy(&facts.labels, l->arena);
  for (size_t i = 0; i < e->selector.count; i++) {
    const struct matcher *m = &e->selector.matchers[i];
    enum presence before = label_set_get(&s, m->name), now = narrowed(m, before);
    if (strcmp(m->name, "__name__") != 0 && now != before) label_set_put(&s, m->name, now, l->arena);
  }
  return s;
}

/* Functions */

/* absent(x{a="b"}) has the labels that the selector asks for by name. */
static struct label_set of_absence(const struct lint *l, const struct expr *e) {
  struct label_set s = {0};
  const struct expr *of = e->call.args[0];
  for (size_t i = 0; of->kind == EXPR_SELECTOR && i < of->selector.count; i++) {
    const struct matcher *m = &of->selector.matchers[i];
    if (m->op == MATCH_EQUAL && *m->value && strcmp(m->name, "__name__") != 0)
      label_set_put(&s, m->name, find(&s, m->name) ? LABEL_MAYBE : LABEL_ALWAYS, l->arena);
  }
  return s;
}

static struct label_set of_call(const struct lint *l, const struct expr *e, const struct operands *in) {
  const char *name = e->call.function->name;
  if (!strncmp(name, "absent", 6)) return of_absence(l, e);
  if (!strncmp(name, "label_", 6)) return (struct label_set){.open = true}; /* what it makes depends on values */
  if (strncmp(name, "histogram_", 10) != 0) return in->left.labels;
  struct label_set s = label_set_copy(&in->left.labels, l->arena);
  label_set_put(&s, "le", LABEL_NEVER, l->arena);
  return s;
}

/* Aggregations */

static bool names_all_of(const struct grouping *g, const struct label_set *s) {
  for (size_t i = 0; i < s->count; i++) {
    size_t k = 0;
    while (k < g->count && strcmp(g->names[k], s->items[i].name) != 0) k++;
    if (s->items[i].presence == LABEL_MAYBE && k == g->count) return false;
  }
  return true;
}

/* The labels that are named, as far as they are there. */
static struct label_set kept(const struct lint *l, const struct label_set *from, const struct grouping *g) {
  struct label_set s = {.some = from->some && names_all_of(g, from)};
  for (size_t i = 0; i < g->count; i++) label_set_put(&s, g->names[i], label_set_get(from, g->names[i]), l->arena);
  return s;
}

static struct label_set left_over(const struct lint *l, const struct label_set *from, const struct grouping *g) {
  struct label_set s = label_set_copy(from, l->arena);
  for (size_t i = 0; i < g->count; i++) label_set_put(&s, g->names[i], LABEL_NEVER, l->arena);
  return s;
}

static struct label_set of_aggregate(const struct lint *l, const struct expr *e, const struct operands *in) {
  const struct aggregator *how = e->aggregate.aggregator;
  const struct grouping *g = &e->aggregate.grouping;
  if (how->picks != PICK_NONE) return in->left.labels;
  struct label_set s = g->only ? kept(l, &in->left.labels, g) : left_over(l, &in->left.labels, g);
  if (how->parameter == PARAMETER_LABEL) label_set_put(&s, e->aggregate.parameter->string, LABEL_ALWAYS, l->arena);
  return s;
}

/* Operators */

/* What either side may give, of which one is taken: the labels of `or`. */
static struct label_set either(const struct lint *l, const struct label_set *a, const struct label_set *b) {
  struct label_set s = label_set_copy(a, l->arena);
  s.open = a->open || b->open;
  s.some = false;
  for (size_t i = 0; i < s.count; i++)
    if (label_set_get(b, s.items[i].name) != s.items[i].presence) s.items[i].presence = LABEL_MAYBE;
  for (size_t i = 0; i < b->count; i++)
    if (!find(a, b->items[i].name))
      label_set_put(&s, b->items[i].name, a->open || b->items[i].presence ? LABEL_MAYBE : LABEL_NEVER, l->arena);
  return s;
}

/* Of one element on either side, the labels in which both agree. */
static struct label_set one_to_one(const struct lint *l, const struct expr *e, const struct operands *in) {
  const struct grouping *g = &e->binary.matching;
  const struct label_set *left = &in->left.labels, *right = &in->right.labels;
  struct label_set s = g->only ? kept(l, left, g) : left_over(l, left, g);
  for (size_t i = 0; i < s.count; i++) {
    enum presence other = label_set_get(right, s.items[i].name);
    if (other != LABEL_MAYBE && s.items[i].presence == LABEL_MAYBE) s.items[i].presence = other;
  }
  s.some = s.some && right->some;
  return s;
}

/* All labels of the many, and what the one gives them. */
static struct label_set many_to_one(const struct lint *l, const struct expr *e, const struct label_set *many,
                                    const struct label_set *one) {
  struct label_set s = label_set_copy(many, l->arena);
  for (size_t i = 0; i < e->binary.included.count; i++)
    label_set_put(&s, e->binary.included.names[i], label_set_get(one, e->binary.included.names[i]), l->arena);
  return s;
}

static struct label_set of_binary(const struct lint *l, const struct expr *e, const struct operands *in) {
  const struct label_set *left = &in->left.labels, *right = &in->right.labels;
  if (e->binary.left->type != VALUE_VECTOR) return *right;
  if (e->binary.right->type != VALUE_VECTOR) return *left;
  if (e->binary.op == TOKEN_OR) return either(l, left, right);
  if (is_set_operator(e->binary.op)) return *left;
  if (e->binary.many == SIDE_LEFT) return many_to_one(l, e, left, right);
  if (e->binary.many == SIDE_RIGHT) return many_to_one(l, e, right, left);
  return one_to_one(l, e, in);
}

struct label_set infer_labels(struct lint *l, const struct expr *e, const struct operands *in) {
  switch (e->kind) {
  case EXPR_SELECTOR:
    return of_selector(l, e);
  case EXPR_CALL:
    return of_call(l, e, in);
  case EXPR_AGGREGATE:
    return of_aggregate(l, e, in);
  case EXPR_BINARY:
    return of_binary(l, e, in);
  default:
    return in->left.labels;
  }
}
