/* A message as the outbox keeps it: JSON, so that a later version can read what an earlier one wrote. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "agent/notify/json.h"
#include "base/number.h"
#include "notify/format.h"

static void put_pairs(struct buf *out, const struct pairs *p) {
  buf_putc(out, '{');
  for (size_t i = 0; p && i < p->count; i++) {
    if (i) buf_putc(out, ',');
    put_json_text(out, p->names[i]);
    buf_putc(out, ':');
    put_json_text(out, p->values[i]);
  }
  buf_putc(out, '}');
}

/* The value is a string, since JSON has no NaN. */
void message_store(struct buf *out, const struct message *m) {
  char value[NUMBER_SIZE];
  number_format(m->value, value);
  buf_printf(out, "{\"firing\":%s,\"test\":%s,\"starts_at\":%" PRId64 ",\"ends_at\":%" PRId64 ",\"value\":\"%s\",\"labels\":",
             m->firing ? "true" : "false", m->test ? "true" : "false", m->starts_at, m->ends_at, value);
  put_json_labels(out, m->labels);
  buf_puts(out, ",\"annotations\":");
  put_json_labels(out, m->annotations);
  buf_puts(out, ",\"external_labels\":");
  put_pairs(out, m->external_labels);
  buf_puts(out, ",\"external_url\":");
  put_json_text(out, m->external_url);
  buf_putc(out, '}');
}

static void unref_labels(void *labels) {
  labels_unref(labels);
}

static void unref_json(json_t **json) {
  json_decref(*json);
}

/* An object of strings; anything else in it is left out. */
static struct pairs *read_pairs(const json_t *object, struct arena *a) {
  struct pairs *p = arena_alloc(a, sizeof *p);
  size_t max = json_object_size(object);
  p->names = arena_alloc(a, (max + 1) * sizeof *p->names);
  p->values = arena_alloc(a, (max + 1) * sizeof *p->values);
  for (void *i = json_object_iter((json_t *)object); i; i = json_object_iter_next((json_t *)object, i)) {
    const char *value = json_string_value(json_object_iter_value(i));
    if (!value) continue;
    p->names[p->count] = arena_copy(a, json_object_iter_key(i));
    p->values[p->count++] = arena_copy(a, value);
  }
  return p;
}

static const struct labels *read_labels(const json_t *object, struct arena *a) {
  struct pairs *p = read_pairs(object, a);
  struct label_pair *pairs = arena_alloc(a, (p->count + 1) * sizeof *pairs);
  for (size_t i = 0; i < p->count; i++) pairs[i] = (struct label_pair){p->names[i], p->values[i]};
  struct labels *labels = labels_new(pairs, p->count);
  arena_defer(a, unref_labels, labels);
  return labels;
}

bool message_load(const char *json, struct arena *a, struct message *ret, struct fail *f) {
  json_error_t error;
  SCOPED(unref_json) json_t *root = json_loads(json, 0, &error);
  if (!root) return fail(f, FAIL_PROTOCOL, "a stored message cannot be read: %s", error.text);
  if (!json_is_object(json_object_get(root, "labels"))) return fail(f, FAIL_PROTOCOL, "a stored message has no labels");
  const char *value = json_string_value(json_object_get(root, "value")),
             *url = json_string_value(json_object_get(root, "external_url"));
  *ret = (struct message){
      .firing = json_is_true(json_object_get(root, "firing")),
      .test = json_is_true(json_object_get(root, "test")),
      .labels = read_labels(json_object_get(root, "labels"), a),
      .annotations = read_labels(json_object_get(root, "annotations"), a),
      .starts_at = json_integer_value(json_object_get(root, "starts_at")),
      .ends_at = json_integer_value(json_object_get(root, "ends_at")),
      .external_url = arena_copy(a, url ? url : ""),
      .external_labels = read_pairs(json_object_get(root, "external_labels"), a),
  };
  if (!value || !number_parse(value, strlen(value), &ret->value)) ret->value = NAN;
  return true;
}
