/* Labels and annotations: an element of a result becomes an alert. A template that fails must not keep an alert from firing: what is wrong with it is
 * then its text, as in Prometheus. */
#include "agent/alert/element.h"

#include <string.h>

enum { RENDERED_MAX = 65536 };

static const char *rendered(const char *template, const struct element *e, const struct template_world *world, struct arena *a) {
  SCOPED(buf_done) struct buf out;
  struct fail why = {0};
  buf_init(&out, RENDERED_MAX);
  if (!template_render(&out, template, e->labels, e->value, world, &why)) {
    buf_clear(&out);
    buf_printf(&out, "<error expanding template: %s>", why.text);
  }
  return out.data ? arena_copy(a, out.data) : "";
}

/* `pairs` rendered behind the `count` that stand in `all`; then alertname when it is given. */
static struct labels *with_rendered(struct label_pair *all, size_t count, const struct pairs *pairs, const struct element *e,
                                    const struct template_world *world, const char *alertname) {
  struct arena texts;
  arena_init(&texts);
  for (size_t i = 0; i < pairs->count; i++)
    all[count++] = (struct label_pair){pairs->names[i], rendered(pairs->values[i], e, world, &texts)};
  if (alertname) all[count++] = (struct label_pair){"alertname", alertname};
  struct labels *made = labels_new(all, count);
  arena_done(&texts);
  return made;
}

struct labels *element_labels(const struct rule *rule, const struct element *e, const struct template_world *world) {
  struct label_pair all[e->labels->count + rule->labels.count + 1];
  size_t count = 0;
  for (size_t i = 0; i < e->labels->count; i++)
    if (strcmp(e->labels->pairs[i].name, "__name__") != 0) all[count++] = e->labels->pairs[i];
  return with_rendered(all, count, &rule->labels, e, world, rule->name);
}

struct labels *element_annotations(const struct rule *rule, const struct element *e, const struct template_world *world) {
  struct label_pair all[rule->annotations.count + 1];
  return with_rendered(all, 0, &rule->annotations, e, world, NULL);
}

static bool is_set_by(const struct rule *rule, const char *name) {
  for (size_t i = 0; i < rule->labels.count; i++)
    if (!strcmp(rule->labels.names[i], name)) return true;
  return !strcmp(name, "__name__");
}

static bool is_about(const struct element *e, const struct rule *rule, const struct labels *alert) {
  for (size_t i = 0; i < e->labels->count; i++) {
    const struct label_pair *p = &e->labels->pairs[i];
    if (!is_set_by(rule, p->name) && strcmp(labels_get(alert, p->name), p->value) != 0) return false;
  }
  return true;
}

const struct element *element_about(const struct value *v, const struct rule *rule, const struct labels *alert) {
  for (size_t i = 0; v && i < v->count; i++)
    if (is_about(&v->elements[i], rule, alert)) return &v->elements[i];
  return NULL;
}
