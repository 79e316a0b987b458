/* Templates from outside: see template/template.h. A template is parsed each time it is rendered; that takes microseconds, and its mistakes were found
 * when its file was read. */
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

#include "agent/template/execute.h"

const struct function *function_of(const char *name) {
  static const struct function *const tables[] = {go_functions, prometheus_functions};
  for (size_t i = 0; i < COUNTOF(tables); i++)
    for (const struct function *f = tables[i]; f->name; f++)
      if (!strcmp(f->name, name)) return f;
  return NULL;
}

bool template_check(const char *text, size_t *wrong_at, struct fail *f) {
  struct arena a;
  arena_init(&a);
  bool good = tree_of(text, &a, wrong_at, f) != NULL;
  arena_done(&a);
  return good;
}

static bool render(struct rendering *r, const char *text, const struct tvalue *subject, struct buf *out, struct fail *f) {
  r->tree = tree_of(text, r->calling.arena, &r->offset, f);
  return r->tree && execute(r, subject, out);
}

bool template_render(struct buf *out, const char *text, const struct labels *labels, double value,
                     const struct template_world *world, struct fail *f) {
  static const struct template_world nothing;
  SCOPED(buf_done) struct buf made;
  struct arena a;
  struct rendering r = {.calling = {.arena = &a, .world = world ? world : &nothing, .fail = f}};
  struct tvalue subject = {.kind = T_SUBJECT, .labels = labels, .number = value};
  arena_init(&a);
  buf_init(&made, OUTPUT_MAX);
  bool good = render(&r, text, &subject, &made, f);
  if (good) buf_put(out, made.data, made.length);
  free(r.variables);
  arena_done(&a);
  return good || fail_prefix(f, "at character %zu of the template", r.offset + 1);
}
