/* Binary operators. Two vectors meet element by element on a key: the labels that `on` names, or all but those that `ignoring` names and the
 * metric's name. Comparisons filter unless they say bool; set operators look at the keys alone. */
#include <math.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/keys.h"
#include "base/text.h"

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

/* Two vectors */

/* What lasts from step to step: what each label set that was met is matched by, and what came of two that met. */
struct meeting {
  struct keys keys;
  struct label_sets *results;
  struct outcome *outcomes; /* by the number of the many side's set */
  size_t capacity;
};
struct outcome {
  size_t one;    /* the number of the other set, plus 1; 0: nothing came of this one yet */
  size_t result; /* its number among the results */
};

/* One step of it. Each element of the many side meets at most one of the other; where none is named, the left side is the many one, and each element of the
 * other is met once. */
struct match {
  struct eval *ev;
  const struct expr *e;
  struct meeting *meeting;
  const struct value *many, *one;
  size_t *many_sets, *one_sets; /* the numbers of the elements' sets */
  size_t *one_by_key;           /* which element, plus 1 */
};

static struct meeting *meeting_of(struct eval *ev, const struct expr *e) {
  bool new;
  struct meeting *m = eval_node(ev, e, sizeof *m, &new);
  if (new) {
    keys_init(&m->keys, ev->lasting, labels_grouped, &e->binary.matching);
    m->results = label_sets_new(ev->lasting);
  }
  return m;
}

static size_t *numbers_of(struct eval *ev, struct keys *k, const struct value *v) {
  size_t *numbers = arena_alloc(ev->arena, v->count * sizeof *numbers);
  for (size_t i = 0; i < v->count; i++) numbers[i] = keys_source(k, v->elements[i].labels);
  return numbers;
}

static void match_init(struct match *m, struct eval *ev, const struct expr *e, const struct value *many, const struct value *one) {
  *m = (struct match){.ev = ev, .e = e, .meeting = meeting_of(ev, e), .many = many, .one = one};
  m->many_sets = numbers_of(ev, &m->meeting->keys, many);
  m->one_sets = numbers_of(ev, &m->meeting->keys, one);
  m->one_by_key = arena_alloc(ev->arena, m->meeting->keys.keys->count * sizeof *m->one_by_key);
}

static size_t key_of(const struct match *m, size_t set) {
  return m->meeting->keys.key_of[set];
}

/* The element of the other side that element `i` of the many side meets, plus 1; 0 when there is none. */
static size_t met_by(const struct match *m, size_t i) {
  return m->one_by_key[key_of(m, m->many_sets[i])];
}

/* As Prometheus writes label sets in its errors: the name among the labels. */
static void write_labels(struct buf *out, const struct labels *l) {
  buf_putc(out, '{');
  for (size_t i = 0; i < l->count; i++) {
    buf_printf(out, "%s%s=\"", i ? ", " : "", l->pairs[i].name);
    text_escape(out, l->pairs[i].value, strlen(l->pairs[i].value));
    buf_putc(out, '"');
  }
  buf_putc(out, '}');
}

static bool several_of_one(const struct match *m, size_t key, size_t first, size_t second) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 1000);
  write_labels(&shown, m->meeting->keys.keys->sets[key]);
  buf_printf(&shown, " on the %s hand-side of the operation: [", m->e->binary.many == SIDE_RIGHT ? "left" : "right");
  write_labels(&shown, m->one->elements[second].labels);
  buf_puts(&shown, ", ");
  write_labels(&shown, m->one->elements[first].labels);
  return fail(
      m->ev->fail, FAIL_CONFIG,
      "found duplicate series for the match group %s];many-to-many matching not allowed: matching labels must be unique on one "
      "side",
      shown.overflow ? "[…" : shown.data);
}

static bool several_of_many(const struct match *m) {
  return fail(m->ev->fail, FAIL_CONFIG, "multiple matches for labels: %s",
              m->e->binary.many ? "grouping labels must ensure unique matches"
                                : "many-to-one matching must be explicit (group_left/group_right)");
}

/* Remembers the elements of the one side by their keys. False when two have the same, unless that does not matter. */
static bool index_one(struct match *m, bool once) {
  for (size_t i = 0; i < m->one->count; i++) {
    size_t key = key_of(m, m->one_sets[i]);
    if (once && m->one_by_key[key]) return several_of_one(m, key, m->one_by_key[key] - 1, i);
    m->one_by_key[key] = i + 1;
  }
  return true;
}

/* Labels of the result */

/* The labels of the many side; one to one, those that matter for the match. Arithmetic makes another metric of it. */
static bool stays(const struct expr *e, const char *name) {
  if (!is_comparison(e->binary.op) && labels_names_metric(name)) return false;
  if (grouping_names(&e->binary.included, name)) return false;
  return e->binary.many || grouping_names(&e->binary.matching, name) == e->binary.matching.only;
}

static struct labels *result_labels(const struct expr *e, const struct labels *many, const struct labels *one) {
  const struct grouping *included = &e->binary.included;
  struct label_pair pairs[many->count + included->count + 1];
  size_t count = 0;
  for (size_t i = 0; i < many->count; i++)
    if (stays(e, many->pairs[i].name)) pairs[count++] = many->pairs[i];
  for (size_t i = 0; i < included->count; i++)
    pairs[count++] = (struct label_pair){included->names[i], labels_get(one, included->names[i])};
  return labels_new(pairs, count);
}

/* The number of the labels that come of element `i` of the many side and element `other` of the one side. */
static size_t result_of(struct match *m, size_t i, size_t other) {
  struct meeting *meeting = m->meeting;
  size_t many = m->many_sets[i], one = m->one_sets[other] + 1;
  if (many >= meeting->capacity) {
    size_t capacity = meeting->keys.sources->count * 2;
    struct outcome *more = arena_alloc(m->ev->lasting, capacity * sizeof *more);
    if (meeting->capacity) memcpy(more, meeting->outcomes, meeting->capacity * sizeof *more);
    meeting->outcomes = more;
    meeting->capacity = capacity;
  }
  struct outcome *o = &meeting->outcomes[many];
  if (o->one != one) {
    struct labels *l = result_labels(m->e, m->many->elements[i].labels, m->one->elements[other].labels);
    *o = (struct outcome){one, label_sets_number(meeting->results, l)};
    labels_unref(l);
  }
  return o->result;
}

/* Operators */

static bool combine(struct match *m, struct value *ret) {
  const struct expr *e = m->e;
  size_t most = m->meeting->results->count + m->many->count;
  bool *taken = arena_alloc(m->ev->arena, m->meeting->keys.keys->count);
  size_t *made_by = arena_alloc(m->ev->arena, most * sizeof *made_by); /* which key, plus 1 */
  for (size_t i = 0; i < m->many->count; i++) {
    size_t met = met_by(m, i), key = key_of(m, m->many_sets[i]);
    if (!met) continue;
    if (!e->binary.many && taken[key]) return several_of_many(m);
    taken[key] = true;
    size_t result = result_of(m, i, met - 1);
    if (made_by[result]) return made_by[result] == key + 1 ? several_of_many(m) : eval_same_labels(m->ev);
    made_by[result] = key + 1;
    double many = m->many->elements[i].value, one = m->one->elements[met - 1].value, value;
    bool swapped = e->binary.many == SIDE_RIGHT;
    if (!binary_numbers(e, swapped ? one : many, swapped ? many : one, &value)) continue;
    bool unnamed = is_filter(e) ? m->many->unnamed[i] : e->binary.returns_bool;
    value_add(ret, labels_ref(m->meeting->results->sets[result]), value, unnamed);
  }
  return true;
}

static void add_copy(struct value *v, const struct value *from, size_t i) {
  value_add(v, labels_ref(from->elements[i].labels), from->elements[i].value, from->unnamed[i]);
}

/* Appends the elements of the many side that meet one of the other, or that do not. */
static void add_where(struct value *ret, const struct match *m, bool meets) {
  for (size_t i = 0; i < m->many->count; i++)
    if ((met_by(m, i) != 0) == meets) add_copy(ret, m->many, i);
}

static void set_operator(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right,
                         struct value *ret) {
  struct match m;
  bool or = e->binary.op == TOKEN_OR;
  match_init(&m, ev, e, or ? right : left, or ? left : right);
  (void)index_one(&m, false);
  *ret = eval_vector(ev, left->count + right->count);
  for (size_t i = 0; or &&i < left->count; i++) add_copy(ret, left, i);
  add_where(ret, &m, e->binary.op == TOKEN_AND);
}

static bool vectors(struct eval *ev, const struct expr *e, const struct value *left, const struct value *right, struct value *ret) {
  struct match m;
  bool swapped = e->binary.many == SIDE_RIGHT;
  if (is_set_operator(e->binary.op)) {
    set_operator(ev, e, left, right, ret);
    return true;
  }
  *ret = eval_vector(ev, (swapped ? right : left)->count);
  if (!left->count || !right->count) return true;
  match_init(&m, ev, e, swapped ? right : left, swapped ? left : right);
  if (index_one(&m, true) && combine(&m, ret)) return true;
  value_done(ret);
  return false;
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
    *ret = (struct value){0};
    ok = eval_expr(ev, chain[i]->binary.right, &right);
    if (ok) {
      ok = operate(ev, chain[i], &left, &right, ret);
      value_done(&right);
    }
    value_done(&left);
  }
  return ok;
}
