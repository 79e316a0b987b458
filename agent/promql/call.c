/* Calling a function: its arguments in order, then the one of its four ways that its row has. */
#include "agent/promql/eval.h"

/* A function over a range, and where its elements go. */
struct over {
  struct eval *ev;
  const struct function *function;
  double parameters[FUNCTION_ARGS_MAX];
  struct value *result;
};

static void over_window(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  struct over *o = context;
  struct window with = *w;
  double value;
  with.parameters = o->parameters;
  if (o->function->window(&with, &value)) eval_append(o->ev, o->result, labels, value, unnamed || !o->function->keeps_name);
}

static bool call_window(struct eval *ev, const struct expr *e, const struct value *args, struct value *ret) {
  struct over o = {.ev = ev, .function = e->call.function, .result = ret};
  const struct expr *range = NULL;
  size_t count = 0;
  for (size_t i = 0; i < e->call.count; i++)
    if (e->call.args[i]->type == VALUE_MATRIX)
      range = e->call.args[i];
    else
      o.parameters[count++] = args[i].scalar;
  *ret = eval_vector(ev, 0);
  return eval_windows(ev, range, over_window, &o);
}

bool eval_call(struct eval *ev, const struct expr *e, struct value *ret) {
  const struct function *f = e->call.function;
  struct value args[FUNCTION_ARGS_MAX] = {0};
  bool good = true;
  for (size_t i = 0; i < e->call.count && good; i++)
    good = e->call.args[i]->type == VALUE_MATRIX || eval_expr(ev, e->call.args[i], &args[i]);
  if (good) good = f->window ? call_window(ev, e, args, ret) : f->whole(ev, e, args, ret);
  for (size_t i = 0; i < e->call.count; i++) value_done(&args[i]);
  return good;
}
