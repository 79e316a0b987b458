/* Walking the tree: see execute.h. Bounded in steps, depth, memory, queries and output, since a template comes from a file that anybody may have written. */
#include "agent/template/execute.h"

#include <string.h>

#include "agent/template/moment.h"
#include "base/clock.h"
#include "base/mem.h"

/* Variables */

static void set_new(struct rendering *r, const char *name, const struct tvalue *value) {
  if (r->variable_count == r->variable_capacity) {
    r->variable_capacity = MAX(r->variable_capacity * 2, (size_t)16);
    r->variables = mem_resize(r->variables, r->variable_capacity, sizeof *r->variables);
  }
  r->variables[r->variable_count++] = (struct variable){name, *value};
}

static struct variable *find_variable(struct rendering *r, const char *name) {
  for (size_t i = r->variable_count; i > r->base; i--)
    if (!strcmp(r->variables[i - 1].name, name)) return &r->variables[i - 1];
  return NULL;
}

static void set_variable(struct rendering *r, const struct pipeline *p, size_t i, const struct tvalue *value) {
  struct variable *known = p->assigns ? find_variable(r, p->variables[i]) : NULL;
  if (known)
    known->value = *value;
  else
    set_new(r, p->variables[i], value);
}

/* Pipelines */

static bool pipeline_value(struct rendering *r, const struct pipeline *p, const struct tvalue *dot, struct tvalue *ret);

static bool term_value(struct rendering *r, const struct term *t, const struct tvalue *dot, struct tvalue *ret) {
  bool good = true;
  r->offset = t->offset;
  *ret = *dot;
  if (t->kind == TERM_CONSTANT) *ret = t->constant;
  if (t->kind == TERM_VARIABLE) {
    const struct variable *v = find_variable(r, t->name);
    *ret = v ? v->value : (struct tvalue){.kind = T_NONE};
  }
  if (t->kind == TERM_PIPELINE) good = pipeline_value(r, t->pipeline, dot, ret);
  if (t->kind == TERM_FUNCTION) {
    if (t->function->least) return fail(r->calling.fail, FAIL_CONFIG, "%s needs arguments", t->function->name);
    good = t->function->call(&r->calling, NULL, 0, ret);
  }
  for (size_t i = 0; i < t->field_count && good; i++) {
    struct tvalue of = *ret;
    good = t_field(&r->calling, &of, t->fields[i], ret);
  }
  return good;
}

/* and, or: the value that decides; what comes behind it is not evaluated. */
static bool deciding_value(struct rendering *r, const struct command *c, const struct tvalue *dot, const struct tvalue *piped,
                           struct tvalue *ret) {
  bool wants = !strcmp(c->terms[0]->function->name, "or");
  for (size_t i = 1; i < c->count; i++) {
    if (!term_value(r, c->terms[i], dot, ret)) return false;
    if (t_truth(ret) == wants) return true;
  }
  if (piped) *ret = *piped;
  return true;
}

/* {{ (toTime $value).Format "2006" }}: the one method that takes an argument. */
static bool is_formatting(const struct command *c) {
  const struct term *t = c->terms[0];
  return c->count == 2 && t->kind != TERM_FUNCTION && t->field_count && !strcmp(t->fields[t->field_count - 1], "Format");
}

static bool formatted(struct rendering *r, const struct term *first, const struct tvalue *dot, const struct tvalue *layout,
                      struct tvalue *ret) {
  struct term without = *first;
  struct tvalue moment;
  SCOPED(buf_done) struct buf out;
  without.field_count--;
  if (!term_value(r, &without, dot, &moment)) return false;
  if (moment.kind != T_TIME || layout->kind != T_TEXT)
    return fail(r->calling.fail, FAIL_CONFIG, ".Format is of a time, as (toTime $value).Format \"15:04\"");
  buf_init(&out, OUTPUT_MAX);
  moment_format(&out, moment.number, layout->text);
  *ret = t_copy(r->calling.arena, &out);
  return true;
}

static bool command_value(struct rendering *r, const struct command *c, const struct tvalue *dot, const struct tvalue *piped,
                          struct tvalue *ret) {
  const struct term *first = c->terms[0];
  struct tvalue args[ARGS_MAX + 1];
  size_t count = 0;
  if (first->kind != TERM_FUNCTION && !is_formatting(c)) return term_value(r, first, dot, ret);
  if (first->kind == TERM_FUNCTION && !first->function->call) return deciding_value(r, c, dot, piped, ret);
  for (size_t i = 1; i < c->count; i++)
    if (!term_value(r, c->terms[i], dot, &args[count++])) return false;
  if (piped) args[count++] = *piped;
  r->offset = first->offset;
  if (first->kind == TERM_FUNCTION) return first->function->call(&r->calling, args, count, ret);
  return formatted(r, first, dot, &args[0], ret);
}

static bool pipeline_value(struct rendering *r, const struct pipeline *p, const struct tvalue *dot, struct tvalue *ret) {
  struct tvalue piped;
  for (const struct command *c = p->first; c; c = c->next) {
    bool first = c == p->first;
    if (!first) piped = *ret;
    if (!command_value(r, c, dot, first ? NULL : &piped, ret)) return false;
  }
  return true;
}

/* Steps */

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_FAILED };
static enum flow walk(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out);

/* Variables that are set within do not outlive it. */
static enum flow walk_scope(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  size_t known = r->variable_count;
  enum flow flow = walk(r, s, dot, out);
  r->variable_count = known;
  return flow;
}

static enum flow walk_branch(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  size_t known = r->variable_count;
  struct tvalue v = {.kind = T_NONE};
  if (!pipeline_value(r, s->pipeline, dot, &v)) return FLOW_FAILED;
  if (s->pipeline->variable_count) set_variable(r, s->pipeline, 0, &v);
  bool holds = t_truth(&v);
  enum flow flow = walk_scope(r, holds ? s->body : s->otherwise, holds && s->kind == STEP_WITH ? &v : dot, out);
  r->variable_count = known;
  return flow;
}

/* How often {{ range }} runs, -1 for what it cannot run over; and what it sees. */
static int64_t range_length(const struct tvalue *v) {
  if (v->kind == T_VECTOR || v->kind == T_ARGS) return (int64_t)v->count;
  if (v->kind == T_LABELS) return (int64_t)v->labels->count;
  if (v->kind == T_INT) return MAX(v->whole, 0);
  return v->kind == T_NONE ? 0 : -1;
}

static void range_item(struct rendering *r, const struct tvalue *v, int64_t i, struct tvalue *key, struct tvalue *item) {
  *key = *item = t_int(i);
  if (v->kind == T_VECTOR) *item = (struct tvalue){.kind = T_SAMPLE, .samples = &v->samples[i]};
  if (v->kind == T_LABELS) {
    *key = t_text(v->labels->pairs[i].name);
    *item = t_text(v->labels->pairs[i].value);
  }
  if (v->kind != T_ARGS) return;
  SCOPED(buf_done) struct buf name;
  buf_init(&name, 32);
  buf_printf(&name, "arg%lld", (long long)i);
  *key = t_copy(r->calling.arena, &name);
  *item = v->items[i];
}

static enum flow walk_range(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  size_t known = r->variable_count, names = s->pipeline->variable_count;
  enum flow flow = FLOW_ON;
  struct tvalue v = {.kind = T_NONE}, key, item;
  if (!pipeline_value(r, s->pipeline, dot, &v)) return FLOW_FAILED;
  int64_t length = range_length(&v);
  if (length < 0) {
    (void)!fail(r->calling.fail, FAIL_CONFIG, "range cannot run over a %s", t_type(&v));
    return FLOW_FAILED;
  }
  if (!length) return walk_scope(r, s->otherwise, dot, out);
  for (int64_t i = 0; i < length && flow != FLOW_BREAK && flow != FLOW_FAILED; i++) {
    range_item(r, &v, i, &key, &item);
    if (names == 2) set_variable(r, s->pipeline, 0, &key);
    if (names) set_variable(r, s->pipeline, names - 1, &item);
    flow = walk_scope(r, s->body, &item, out);
    if (!s->pipeline->assigns) r->variable_count = known;
  }
  return flow == FLOW_FAILED ? flow : FLOW_ON;
}

static enum flow walk_print(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  struct tvalue v = {.kind = T_NONE};
  if (!pipeline_value(r, s->pipeline, dot, &v)) return FLOW_FAILED;
  if (s->pipeline->variable_count)
    set_variable(r, s->pipeline, 0, &v);
  else
    t_print(out, &v);
  return FLOW_ON;
}

/* With its own variables: $ is its dot. */
static bool execute_body(struct rendering *r, const struct step *body, const struct tvalue *dot, struct buf *out) {
  size_t base = r->base, known = r->variable_count;
  r->base = known;
  set_new(r, "$", dot);
  bool good = walk(r, body, dot, out) != FLOW_FAILED;
  r->base = base;
  r->variable_count = known;
  return good;
}

static bool execute_named(struct rendering *r, const char *name, const struct tvalue *dot, struct buf *out) {
  const struct definition *d = r->tree->definitions;
  while (d && strcmp(d->name, name) != 0) d = d->next;
  if (!d) return fail(r->calling.fail, FAIL_CONFIG, "no template is called \"%.60s\"", name);
  if (r->depth == DEPTH_MAX) return fail(r->calling.fail, FAIL_LIMIT, "templates call each other more than %d deep", DEPTH_MAX);
  r->depth++;
  bool good = execute_body(r, d->body, dot, out);
  r->depth--;
  return good;
}

static enum flow walk_named(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  struct tvalue v = {.kind = T_NONE};
  if (s->pipeline && !pipeline_value(r, s->pipeline, dot, &v)) return FLOW_FAILED;
  return execute_named(r, s->text, &v, out) ? FLOW_ON : FLOW_FAILED;
}

static enum flow walk_step(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  switch (s->kind) {
  case STEP_TEXT:
    buf_put(out, s->text, s->length);
    return FLOW_ON;
  case STEP_PRINT:
    return walk_print(r, s, dot, out);
  case STEP_IF:
  case STEP_WITH:
    return walk_branch(r, s, dot, out);
  case STEP_RANGE:
    return walk_range(r, s, dot, out);
  case STEP_TEMPLATE:
    return walk_named(r, s, dot, out);
  case STEP_BREAK:
    return FLOW_BREAK;
  case STEP_CONTINUE:
    return FLOW_CONTINUE;
  }
  return FLOW_FAILED;
}

static bool within_bounds(struct rendering *r, const struct buf *out) {
  if (out->overflow) return fail(r->calling.fail, FAIL_LIMIT, "the template gives more than %d bytes", OUTPUT_MAX);
  if (r->calling.arena->bytes > (size_t)MEGABYTES_MAX << 20)
    return fail(r->calling.fail, FAIL_LIMIT, "the template takes more than %d MB of memory", MEGABYTES_MAX);
  return ++r->steps <= STEPS_MAX || fail(r->calling.fail, FAIL_LIMIT, "the template takes more than %d steps", STEPS_MAX);
}

static enum flow walk(struct rendering *r, const struct step *s, const struct tvalue *dot, struct buf *out) {
  enum flow flow = FLOW_ON;
  for (; s && flow == FLOW_ON; s = s->next) {
    r->offset = s->offset;
    if (!within_bounds(r, out)) return FLOW_FAILED;
    flow = walk_step(r, s, dot, out);
  }
  return flow;
}

bool execute(struct rendering *r, const struct tvalue *subject, struct buf *out) {
  static const char *const fields[][2] = {
      {"$labels", "Labels"}, {"$externalLabels", "ExternalLabels"}, {"$externalURL", "ExternalURL"}, {"$value", "Value"}};
  struct tvalue v = {.kind = T_NONE};
  r->calling.until = clock_cpu() + QUERIES_CPU_SECONDS;
  set_new(r, "$", subject);
  for (size_t i = 0; i < COUNTOF(fields); i++) {
    if (!t_field(&r->calling, subject, fields[i][1], &v)) return false;
    set_new(r, fields[i][0], &v);
  }
  return walk(r, r->tree->body, subject, out) != FLOW_FAILED && within_bounds(r, out);
}
