/* Binary operators. Two vectors meet element by element on a key: the labels that `on` names, or all but those that `ignoring` names and the
 * metric's name. Comparisons filter unless they say bool; set operators look at the keys alone. */
#include <math.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "base/map.h"

static bool is_comparison(enum token_kind op) {
  return op >= TOKEN_EQUAL && op <= TOKEN_GREATER_EQUAL;
}

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
    return NAN;
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

/* One pair of values. False when a comparison filters it out; `kept` is what a filter lets through. */
static bool combine(const struct expr *e, double a, double b, double kept, double *ret) {
  if (!is_comparison(e->binary.op)) {
    *ret = arithmetic(e->binary.op, a, b);
    return true;
  }
  bool holds = compare(e->binary.op, a, b);
  *ret = e->binary.returns_bool ? holds : kept;
  return holds || e->binary.returns_bool;
}

static bool keeps_name(const struct expr *e) {
  return is_comparison(e->binary.op) && !e->binary.returns_bool;
}

static void with_scalar(struct eval *ev, const struct expr *e, const struct value *vector, double scalar, bool scalar_left,
                        struct value *ret) {
  *ret = eval_vector(ev, vector->count);
  for (size_t i = 0; i < vector->count; i++) {
    const struct element *x = &vector->elements[i];
    double value;
    if (combine(e, scalar_left ? scalar : x->value, scalar_left ? x->value : scalar, x->value, &value))
      value_add(ret, keeps_name(e) ? labels_ref(x->labels) : labels_without_name(x->labels), value);
  }
}

/* The elements of a vector by their key. A slot holds the element; `twice` is set when two have the same key. */
struct keyed {
  struct map by_key;
  struct labels **keys; /* of each element; references */
  size_t count;
  const struct labels *twice;
};

static void keyed_init(struct keyed *k, struct eval *ev, const struct value *v, const struct grouping *g) {
  *k = (struct keyed){.count = v->count, .keys = arena_alloc(ev->arena, v->count * sizeof(struct labels *))};
  for (size_t i = 0; i < v->count; i++) {
    k->keys[i] = labels_grouped(v->elements[i].labels, g);
    void **slot = map_slot(&k->by_key, (const char *)&k->keys[i]->hash, sizeof(uint64_t));
    if (*slot && !k->twice) k->twice = k->keys[i];
    if (!*slot) *slot = &v->elements[i];
  }
}

static void keyed_done(struct keyed *k) {
  for (size_t i = 0; i < k->count; i++) labels_unref(k->keys[i]);
  map_done(&k->by_key);
}

static const struct element *keyed_find(const struct keyed *k, const struct labels *key) {
  return map_find(&k->by_key, (const char *)&key->hash, sizeof key->hash);
}

static bool twice(struct eval *ev, const struct labels *key, const char *side, const char *op) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 300);
  labels_write(&shown, key);
  return fail(ev->fail, FAIL_CONFIG,
              "several series on the %s side of %s have the labels %s: name more labels in on(), or group them", side, op,
              shown.length ? shown.data : "{…}");
}

/* The labels of a result: what both sides agree on, or, for a filter without on(), the left side's. */
static struct labels *result_labels(const struct expr *e, const struct element *left, struct labels *key) {
  if (!keeps_name(e) || e->binary.matching.only) return labels_ref(key);
  return e->binary.matching.count ? labels_grouped(left->labels, &e->binary.matching) : labels_ref(left->labels);
}

static bool one_to_one(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right,
                       struct value *ret) {
  struct keyed lefts, rights;
  keyed_init(&lefts, ev, left, &e->binary.matching);
  keyed_init(&rights, ev, right, &e->binary.matching);
  const char *op = token_name(e->binary.op);
  bool ok = !rights.twice || twice(ev, rights.twice, "right", op);
  *ret = eval_vector(ev, left->count);
  for (size_t i = 0; i < left->count && ok; i++) {
    const struct element *l = &left->elements[i], *r = keyed_find(&rights, lefts.keys[i]);
    double value;
    if (!r) continue;
    if (keyed_find(&lefts, lefts.keys[i]) != l)
      ok = twice(ev, lefts.keys[i], "left", op);
    else if (combine(e, l->value, r->value, l->value, &value))
      value_add(ret, result_labels(e, l, lefts.keys[i]), value);
  }
  keyed_done(&lefts);
  keyed_done(&rights);
  if (!ok) value_done(ret);
  return ok;
}

/* Appends the elements of `from` whose key is (or is not) among those of `other`. */
static void add_where(struct value *ret, const struct value *from, const struct keyed *keys, const struct keyed *other,
                      bool present) {
  for (size_t i = 0; i < from->count; i++)
    if (!keyed_find(other, keys->keys[i]) == !present)
      value_add(ret, labels_ref(from->elements[i].labels), from->elements[i].value);
}

static void set_operator(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right,
                         struct value *ret) {
  struct keyed lefts, rights;
  keyed_init(&lefts, ev, left, &e->binary.matching);
  keyed_init(&rights, ev, right, &e->binary.matching);
  *ret = eval_vector(ev, left->count + right->count);
  if (e->binary.op == TOKEN_OR) {
    for (size_t i = 0; i < left->count; i++) value_add(ret, labels_ref(left->elements[i].labels), left->elements[i].value);
    add_where(ret, right, &rights, &lefts, false);
  } else {
    add_where(ret, left, &lefts, &rights, e->binary.op == TOKEN_AND);
  }
  keyed_done(&lefts);
  keyed_done(&rights);
}

static bool operate(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right, struct value *ret) {
  if (left->type == VALUE_SCALAR && right->type == VALUE_SCALAR) {
    *ret = (struct value){.type = VALUE_SCALAR};
    combine(e, left->scalar, right->scalar, 0, &ret->scalar);
    return true;
  }
  if (left->type == VALUE_SCALAR)
    with_scalar(ev, e, right, left->scalar, true, ret);
  else if (right->type == VALUE_SCALAR)
    with_scalar(ev, e, left, right->scalar, false, ret);
  else if (e->binary.op >= TOKEN_AND && e->binary.op <= TOKEN_UNLESS)
    set_operator(ev, e, left, right, ret);
  else
    return one_to_one(ev, e, left, right, ret);
  return true;
}

bool eval_binary(struct eval *ev, const struct expr *e, struct value *ret) {
  struct value left, right = {0};
  if (!eval_expr(ev, e->binary.left, &left)) return false;
  bool ok = eval_expr(ev, e->binary.right, &right) && operate(ev, e, &left, &right, ret);
  value_done(&left);
  value_done(&right);
  return ok;
}
