/* Calling a function: its arguments in order, then the one of its four ways that its row has. */
#include <math.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"
#include "base/number.h"

/* Over a range */

/* A function over a range, and where its elements go. */
struct over {
  struct eval *ev;
  const struct function *function;
  const struct expr *range;
  const double *parameters;
  struct value *result;
  const char *checked; /* the name of the series before: mostly there is one */
};

static bool ends_in(const char *name, const char *end) {
  size_t length = strlen(name), most = strlen(end);
  return length >= most && !strcmp(name + length - most, end);
}

/* By its name, or what a label __type__ says. */
static void check_counter(struct over *o, const struct labels *labels) {
  const char *name = labels_get(labels, "__name__"), *type = labels_get(labels, "__type__");
  if (!*name || !strcmp(type, "counter") || !strcmp(type, "histogram")) return;
  if (*type) {
    eval_annotate(o->ev, o->range, false,
                  "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \"%s\": \"%s\"",
                  type, name);
    return;
  }
  if (o->checked && !strcmp(o->checked, name)) return;
  o->checked = name;
  if (ends_in(name, "_total") || ends_in(name, "_sum") || ends_in(name, "_count") || ends_in(name, "_bucket")) return;
  eval_annotate(o->ev, o->range, false, "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"%s\"",
                name);
}

static void over_window(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  struct over *o = context;
  struct window with = *w;
  double value;
  with.parameters = o->parameters;
  if (!o->function->window(&with, &value)) return;
  if (o->function->counter) check_counter(o, labels);
  eval_append(o->ev, o->result, labels, value, unnamed || !o->function->keeps_name);
}

static bool call_window(struct eval *ev, const struct expr *e, const double *parameters, struct value *ret) {
  struct over o = {.ev = ev, .function = e->call.function, .parameters = parameters, .result = ret};
  for (size_t i = 0; i < e->call.count; i++)
    if (e->call.args[i]->type == VALUE_MATRIX) o.range = e->call.args[i];
  *ret = eval_vector(ev, 0);
  return eval_windows(ev, o.range, over_window, &o);
}

/* Over each element, or the time itself */

static void call_each(const struct function *f, const double *parameters, struct value *vector) {
  for (size_t i = 0; i < vector->count; i++) {
    double *x = &vector->elements[i].value;
    *x = f->each ? f->each(*x, parameters) : f->calendar(*x);
    vector->unnamed[i] = true;
  }
}

static bool call_elements(struct eval *ev, const struct expr *e, const double *parameters, struct value *args, struct value *ret) {
  if (e->call.count == 0) {
    *ret = eval_vector(ev, 1);
    value_add(ret, labels_new(NULL, 0), eval_wall(ev, ev->at), false);
  } else {
    *ret = args[0];
    args[0] = (struct value){0};
  }
  call_each(e->call.function, parameters, ret);
  return true;
}

/* The scalar arguments in order; behind them what one that is left out would be. */
static void gather(const struct expr *e, const struct value *args, double *ret) {
  size_t count = 0;
  for (size_t i = 0; i < e->call.count; i++)
    if (args[i].type == VALUE_SCALAR) ret[count++] = args[i].scalar;
  ret[count] = e->call.function->otherwise;
}

bool eval_call(struct eval *ev, const struct expr *e, struct value *ret) {
  const struct function *f = e->call.function;
  struct value args[e->call.count + 1];
  double parameters[e->call.count + 1];
  bool good = true;
  for (size_t i = 0; i < e->call.count; i++) {
    args[i] = (struct value){.type = e->call.args[i]->type};
    if (good && !f->lazy && args[i].type != VALUE_MATRIX) good = eval_expr(ev, e->call.args[i], &args[i]);
  }
  gather(e, args, parameters);
  if (good && f->window)
    good = call_window(ev, e, parameters, ret);
  else if (good && f->whole)
    good = f->whole(ev, e, args, ret);
  else if (good)
    good = call_elements(ev, e, parameters, args, ret);
  for (size_t i = 0; i < e->call.count; i++) value_done(&args[i]);
  return good;
}

void warn_of_share(struct eval *ev, const struct expr *of, double q) {
  char number[NUMBER_SIZE];
  if (q >= 0 && q <= 1) return;
  number_format(q, number);
  eval_annotate(ev, of, true, "quantile value should be between 0 and 1, got %s", number);
}
