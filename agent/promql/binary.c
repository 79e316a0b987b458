/* Binary operators. Two vectors meet element by element on a key: the labels that `on` names, or all but those that `ignoring` names and the
 * metric's name. Comparisons filter unless they say bool; set operators look at the keys alone. */
#include <math.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/keys.h"
#include "base/map.h"

static double arithmetic(enum token_kind op, double a, double b) {
  switch (op) {
  case TOKEN_ADD:
    return a + b;
  case TOKEN_SUB:
    return a - b;
  case TOKEN_MUL:
    return a * b;
  case TOKEN_DIV:
    return a / b;
  case TOKEN_MOD:
    return fmod(a, b);
  case TOKEN_POW:
    return pow(a, b);
  case TOKEN_ATAN2:
    return atan2(a, b);
  default:
    return (double)NAN;
  }
}

static bool compare(enum token_kind op, double a, double b) {
  switch (op) {
  case TOKEN_EQUAL:
    return a == b;
  case TOKEN_NOT_EQUAL:
    return a != b;
  case TOKEN_LESS:
    return a < b;
  case TOKEN_LESS_EQUAL:
    return a <= b;
  case TOKEN_GREATER:
    return a > b;
  case TOKEN_GREATER_EQUAL:
    return a >= b;
  default:
    return false;
  }
}

bool binary_numbers(const struct expr *e, double left, double right, double *ret) {
  if (!is_comparison(e->binary.op)) {
    *ret = arithmetic(e->binary.op, left, right);
    return true;
  }
  bool holds = compare(e->binary.op, left, right);
  *ret = e->binary.returns_bool ? holds : left;
  return holds || e->binary.returns_bool;
}

/* A filter lets elements through as they are. */
static bool is_filter(const struct expr *e) {
  return is_comparison(e->binary.op) && !e->binary.returns_bool;
}

static void with_scalar(struct eval *ev, const struct expr *e, const struct value *vector, double scalar, bool scalar_left,
                        struct value *ret) {
  *ret = eval_vector(ev, vector->count);
  for (size_t i = 0; i < vector->count; i++) {
    const struct element *x = &vector->elements[i];
    double value;
    if (!binary_numbers(e, scalar_left ? scalar : x->value, scalar_left ? x->value : scalar, &value)) continue;
    if (is_filter(e)) value = x->value;
    value_add(ret, labels_ref(x->labels), value, vector->unnamed[i] || !is_filter(e));
  }
}

/* Two vectors, and the elements of the right one by their keys. */
struct match {
  const struct expr *e;
  const struct value *left, *right;
  struct map by_key;
  struct labels **keys; /* of the right elements; references */
  bool *taken;          /* right elements that a left one has met */
};

/* Of several elements with the same key the first is found, and *ret_twice is one of the others' key. */
static void match_init(struct match *m, struct eval *ev, const struct expr *e, const struct value *left, const struct value *right,
                       const struct labels **ret_twice) {
  *m = (struct match){.e = e, .left = left, .right = right};
  m->keys = arena_alloc(ev->arena, right->count * sizeof(struct labels *));
  m->taken = arena_alloc(ev->arena, right->count * sizeof *m->taken);
  *ret_twice = NULL;
  for (size_t i = 0; i < right->count; i++) {
    size_t length;
    m->keys[i] = labels_grouped(right->elements[i].labels, &e->binary.matching);
    const char *key = labels_key(m->keys[i], &length);
    void **slot = map_slot(&m->by_key, key, length);
    if (*slot)
      *ret_twice = m->keys[i];
    else
      *slot = &right->elements[i];
  }
}

static void match_done(struct match *m) {
  for (size_t i = 0; i < m->right->count; i++) labels_unref(m->keys[i]);
  map_done(&m->by_key);
}

/* The right element that a left one meets, or NULL. */
static const struct element *match_find(const struct match *m, const struct element *left) {
  size_t length;
  struct labels *wanted = labels_grouped(left->labels, &m->e->binary.matching);
  const char *key = labels_key(wanted, &length);
  const struct element *found = map_find(&m->by_key, key, length);
  labels_unref(wanted);
  return found;
}

static bool several(struct eval *ev, const struct expr *e, const struct labels *key, const char *side) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 300);
  labels_write(&shown, key);
  return fail(ev->fail, FAIL_CONFIG,
              "several series on the %s side of %s match the labels %s: name more labels in on(), or aggregate that side", side,
              token_name(e->binary.op), shown.overflow ? "{…}" : shown.data);
}

/* The left side's labels, less those that do not take part. */
static struct labels *result_labels(const struct expr *e, struct labels *left) {
  const struct grouping *g = &e->binary.matching;
  if (g->only) return labels_grouped(left, g);
  return g->count ? labels_without(left, g) : labels_ref(left);
}

/* Each element of either side meets at most one of the other. */
static bool one_to_one(struct eval *ev, struct match *m, struct value *ret) {
  const struct expr *e = m->e;
  *ret = eval_vector(ev, m->left->count);
  for (size_t i = 0; i < m->left->count; i++) {
    const struct element *l = &m->left->elements[i], *r = match_find(m, l);
    double value;
    if (!r || !binary_numbers(e, l->value, r->value, &value)) continue;
    bool *taken = &m->taken[r - m->right->elements];
    if (*taken) {
      value_done(ret);
      return several(ev, e, m->keys[r - m->right->elements], "left");
    }
    *taken = true;
    value_add(ret, result_labels(e, l->labels), value, m->left->unnamed[i] || !is_filter(e));
  }
  return true;
}

static void add_copy(struct value *v, const struct value *from, size_t i) {
  value_add(v, labels_ref(from->elements[i].labels), from->elements[i].value, from->unnamed[i]);
}

/* Appends the elements of the left side that meet one of the right side, or that do not. */
static void add_where(struct value *ret, const struct match *m, bool meets) {
  for (size_t i = 0; i < m->left->count; i++)
    if ((match_find(m, &m->left->elements[i]) != NULL) == meets) add_copy(ret, m->left, i);
}

static bool vectors(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right, struct value *ret) {
  struct match m;
  const struct labels *twice;
  bool ok = true, or = e->binary.op == TOKEN_OR;
  match_init(&m, ev, e, or ? right : left, or ? left : right, &twice);
  if (!is_set_operator(e->binary.op)) {
    ok = twice && left->count ? several(ev, e, twice, "right") : one_to_one(ev, &m, ret);
  } else {
    *ret = eval_vector(ev, left->count + right->count);
    for (size_t i = 0; or &&i < left->count; i++) add_copy(ret, left, i);
    add_where(ret, &m, e->binary.op == TOKEN_AND);
  }
  match_done(&m);
  return ok;
}

static bool operate(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right, struct value *ret) {
  if (left->type == VALUE_VECTOR && right->type == VALUE_VECTOR) return vectors(ev, e, left, right, ret);
  if (left->type == VALUE_VECTOR) {
    with_scalar(ev, e, left, right->scalar, false, ret);
  } else if (right->type == VALUE_VECTOR) {
    with_scalar(ev, e, right, left->scalar, true, ret);
  } else {
    *ret = (struct value){.type = VALUE_SCALAR};
    (void)binary_numbers(e, left->scalar, right->scalar, &ret->scalar);
  }
  return true;
}

/* A chain a + b - c … is worked off from its left end: it may be long, and would be deep. */
bool eval_binary(struct eval *ev, const struct expr *e, struct value *ret) {
  size_t length = 0;
  const struct expr *leftmost = e;
  for (; leftmost->kind == EXPR_BINARY; leftmost = leftmost->binary.left) length++;
  const struct expr **chain = arena_alloc(ev->arena, length * sizeof(struct expr *));
  for (size_t i = length; i > 0; i--, e = e->binary.left) chain[i - 1] = e;
  bool ok = eval_expr(ev, leftmost, ret);
  for (size_t i = 0; i < length && ok; i++) {
    struct value left = *ret, right;
    ok = eval_expr(ev, chain[i]->binary.right, &right);
    if (ok) {
      ok = operate(ev, chain[i], &left, &right, ret);
      value_done(&right);
    }
    value_done(&left);
  }
  return ok;
}
