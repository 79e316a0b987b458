/* label_replace and label_join: what a series is called. What can be known of their arguments is checked and kept at parsing. */
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"
#include "agent/promql/keys.h"
#include "agent/promql/parser.h"
#include "base/text.h"

enum { VALUE_BYTES_MAX = 16384, ELEMENT_WORK = 20 };

static const char *text_argument(const struct expr *call, size_t i) {
  return call->call.args[i]->string;
}

/* Any clean text that is not empty is a label's name. */
static bool want_name(struct parser *p, const struct expr *call, size_t i, const char *which) {
  const char *name = text_argument(call, i);
  if (*name && text_is_clean(name, strlen(name))) return true;
  return lexer_fail(&p->lexer, call->call.args[i]->offset, "invalid %s label name in %s(): %s", which, call->call.function->name,
                    text_is_clean(name, strlen(name)) ? name : "it is no UTF-8");
}

/* The labels with one set; empty it is taken away. */
static struct labels *labels_with(const struct labels *l, const char *name, const char *value) {
  struct label_pair pairs[l->count + 1];
  memcpy(pairs, l->pairs, l->count * sizeof *pairs);
  pairs[l->count] = (struct label_pair){name, value};
  return labels_new(pairs, l->count + 1);
}

/* Appends an element under its new label. A name that is set stays. */
static void add_renamed(struct value *ret, const struct value *of, size_t i, const char *name, const char *value) {
  bool unnamed = of->unnamed[i] && strcmp(name, "__name__") != 0;
  value_add(ret, labels_with(of->elements[i].labels, name, value), of->elements[i].value, unnamed);
}

static bool are_distinct(struct eval *ev, const struct value *v) {
  struct label_sets *seen = label_sets_new(ev->arena);
  for (size_t i = 0; i < v->count; i++)
    if (label_sets_number(seen, v->elements[i].labels) != i) return eval_same_labels(ev);
  return true;
}

/* label_replace */

static void free_regex(void *r) {
  regex_free(r);
}

static bool prepare_replace(struct parser *p, struct expr *call) {
  struct fail why;
  struct regex *r = regex_new(text_argument(call, 4), &why);
  if (!r) return lexer_fail(&p->lexer, call->call.args[4]->offset, "invalid regular expression in label_replace(): %s", why.text);
  arena_defer(p->arena, free_regex, r);
  call->call.prepared = r;
  return want_name(p, call, 1, "destination");
}

static bool label_replace(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  const char *to = text_argument(e, 1), *template = text_argument(e, 2), *from = text_argument(e, 3);
  const struct value *of = &args[0];
  SCOPED(buf_done) struct buf made;
  buf_init(&made, VALUE_BYTES_MAX);
  *ret = eval_vector(ev, of->count);
  for (size_t i = 0; i < of->count; i++) {
    struct element *x = &of->elements[i];
    const char *value = labels_get(x->labels, from);
    struct regex_groups groups;
    if (!eval_goes_on(ev, ELEMENT_WORK)) return false;
    if (!regex_find(e->call.prepared, value, strlen(value), 0, &groups)) {
      value_add(ret, labels_ref(x->labels), x->value, of->unnamed[i]);
      continue;
    }
    buf_clear(&made);
    regex_expand(&made, e->call.prepared, template, value, &groups);
    if (made.overflow) return fail(ev->fail, FAIL_LIMIT, "label_replace makes a label of more than %d bytes", VALUE_BYTES_MAX);
    add_renamed(ret, of, i, to, made.length ? made.data : "");
  }
  return are_distinct(ev, ret);
}

/* label_join */

static bool prepare_join(struct parser *p, struct expr *call) {
  for (size_t i = 3; i < call->call.count; i++)
    if (!want_name(p, call, i, "source")) return false;
  return want_name(p, call, 1, "destination");
}

static bool label_join(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  const char *to = text_argument(e, 1), *between = text_argument(e, 2);
  const struct value *of = &args[0];
  SCOPED(buf_done) struct buf made;
  buf_init(&made, VALUE_BYTES_MAX);
  *ret = eval_vector(ev, of->count);
  for (size_t i = 0; i < of->count; i++) {
    if (!eval_goes_on(ev, ELEMENT_WORK)) return false;
    buf_clear(&made);
    for (size_t k = 3; k < e->call.count; k++) {
      if (k > 3) buf_puts(&made, between);
      buf_puts(&made, labels_get(of->elements[i].labels, text_argument(e, k)));
    }
    if (made.overflow) return fail(ev->fail, FAIL_LIMIT, "label_join makes a label of more than %d bytes", VALUE_BYTES_MAX);
    add_renamed(ret, of, i, to, made.length ? made.data : "");
  }
  return are_distinct(ev, ret);
}

static const struct function rows[] = {
    {.name = "label_replace",
     .result = VALUE_VECTOR,
     .args = {VALUE_VECTOR, VALUE_STRING, VALUE_STRING, VALUE_STRING, VALUE_STRING},
     .arg_count = 5,
     .prepare = prepare_replace,
     .whole = label_replace},
    {.name = "label_join",
     .result = VALUE_VECTOR,
     .args = {VALUE_VECTOR, VALUE_STRING, VALUE_STRING, VALUE_STRING},
     .arg_count = 4,
     .optional = FUNCTION_ANY,
     .prepare = prepare_join,
     .whole = label_join},
};
const struct functions label_functions = FUNCTIONS(rows);
