/* Paths into JSON: see json_path.h. */
#include "collectors/http/json_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
enum { STEPS_MAX = 16, NAME_SHOWN_MAX = 100 };

struct parsing {
  struct arena *arena;
  const char *text, *at;
  struct json_step steps[STEPS_MAX];
  size_t count;
  struct fail *fail;
};

static bool wrong(const struct parsing *p, const char *what) {
  return fail(p->fail, FAIL_CONFIG, "%s at character %zu of %.80s", what, (size_t)(p->at - p->text) + 1, p->text);
}

static bool add(struct parsing *p, struct json_step step) {
  if (p->count == STEPS_MAX) return wrong(p, "too many steps: at most 16 are allowed");
  p->steps[p->count++] = step;
  return true;
}

static bool parse_name(struct parsing *p) {
  size_t length = strspn(p->at, NAME_BYTES);
  struct json_step step = {.type = *p->at == '*' ? STEP_EACH : STEP_NAME};
  if (step.type == STEP_EACH)
    length = 1;
  else if (!length)
    return wrong(p, "a name or * is missing");
  if (step.type == STEP_NAME) step.name = arena_copy_bytes(p->arena, p->at, length);
  p->at += length;
  return add(p, step);
}

/* Behind a quotation mark, up to the next; there is no escape: who has a " in a name writes it in '. */
static bool parse_quoted(struct parsing *p) {
  const char *end = strchr(p->at + 1, *p->at);
  if (!end) return wrong(p, "a quotation mark is not closed");
  struct json_step step = {.type = STEP_NAME, .name = arena_copy_bytes(p->arena, p->at + 1, (size_t)(end - p->at) - 1)};
  p->at = end + 1;
  return add(p, step);
}

static bool parse_index(struct parsing *p) {
  size_t length = strspn(p->at, "0123456789");
  if (!length || length > 9) return wrong(p, "a number, a quoted name or * is missing");
  struct json_step step = {.type = STEP_INDEX, .index = strtoul(p->at, NULL, 10)};
  p->at += length;
  return add(p, step);
}

static bool parse_bracket(struct parsing *p) {
  bool good;
  if (*p->at == '*')
    good = parse_name(p);
  else
    good = *p->at == '"' || *p->at == '\'' ? parse_quoted(p) : parse_index(p);
  if (!good) return false;
  if (*p->at != ']') return wrong(p, "a ] is missing");
  p->at++;
  return true;
}

static bool parse_steps(struct parsing *p) {
  if (*p->at == '$')
    p->at++;
  else if (!parse_name(p))
    return false;
  while (*p->at == '.' || *p->at == '[') {
    bool bracket = *p->at++ == '[';
    if (!(bracket ? parse_bracket(p) : parse_name(p))) return false;
  }
  return true;
}

bool json_path_parse(struct arena *a, const char *text, struct json_path *ret, const char **ret_end, struct fail *f) {
  struct parsing p = {.arena = a, .text = text, .at = text, .fail = f};
  if (!parse_steps(&p)) return false;
  if (!ret_end && *p.at) return wrong(&p, "something follows that is no part of a path");
  if (ret_end) *ret_end = p.at;
  struct json_step *steps = arena_alloc(a, MAX(p.count, 1) * sizeof *steps);
  memcpy(steps, p.steps, p.count * sizeof *steps);
  const char *written = arena_copy_bytes(a, text, (size_t)(p.at - text));
  *ret = (struct json_path){.text = *text == '$' ? written : arena_printf(a, "$.%s", written), .steps = steps, .count = p.count};
  return true;
}

struct walk {
  const struct json_path *path;
  struct buf where;
  json_found_fn *found;
  void *arg;
  size_t count;
};

static void step(struct walk *w, size_t i, const json_t *value);

static void step_member(struct walk *w, size_t i, const char *name, const json_t *value) {
  size_t before = w->where.length;
  if (*name && !name[strspn(name, NAME_BYTES)])
    buf_printf(&w->where, "%s%.*s", before ? "." : "", NAME_SHOWN_MAX, name);
  else
    buf_printf(&w->where, "[\"%.*s\"]", NAME_SHOWN_MAX, name);
  step(w, i + 1, value);
  w->where.data[w->where.length = before] = 0;
}

static void step_element(struct walk *w, size_t i, size_t index, const json_t *value) {
  size_t before = w->where.length;
  buf_printf(&w->where, "[%zu]", index);
  step(w, i + 1, value);
  w->where.data[w->where.length = before] = 0;
}

static void step_each(struct walk *w, size_t i, const json_t *value) {
  json_t *object = (json_t *)value; /* it is only read; of anything else but an object there is no iterator, and the size is 0 */
  for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
    step_member(w, i, json_object_iter_key(at), json_object_iter_value(at));
  for (size_t index = 0; index < json_array_size(value); index++) step_element(w, i, index, json_array_get(value, index));
}

static void step(struct walk *w, size_t i, const json_t *value) {
  if (!value) return;
  if (i == w->path->count) {
    w->count++;
    w->found(w->arg, w->where.length ? w->where.data : "$", value);
    return;
  }
  const struct json_step *next = &w->path->steps[i];
  if (next->type == STEP_EACH)
    step_each(w, i, value);
  else if (next->type == STEP_NAME)
    step_member(w, i, next->name, json_object_get(value, next->name));
  else
    step_element(w, i, next->index, json_array_get(value, next->index));
}

size_t json_path_walk(const struct json_path *path, const json_t *root, json_found_fn *found, void *arg) {
  struct walk w = {.path = path, .found = found, .arg = arg};
  buf_init(&w.where, (size_t)STEPS_MAX * (NAME_SHOWN_MAX + 8)); /* cannot overflow */
  step(&w, 0, root);
  buf_done(&w.where);
  return w.count;
}
