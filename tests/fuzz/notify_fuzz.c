/* Any bytes as labels, annotations and answers: every service gets JSON of a bounded size without markup of the labels' making, what goes into the outbox
 * comes out of it, and no word of the URL is seen in what is said about an answer. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "notify/receiver.h"

#define SECRET "s3cr3ts3cr3t"

static void need(bool holds) {
  if (!holds) abort();
}

/* The input as words, ended by NULs in `copy`. */
static size_t split(char *copy, size_t size, const char **words, size_t max) {
  size_t count = 0;
  for (size_t i = 0; i < size && count < max; i += strlen(copy + i) + 1) words[count++] = copy + i;
  return count;
}

static struct labels *labels_of(const char *const *names, const char **words, size_t count) {
  struct label_pair pairs[8];
  size_t n = 0;
  for (; n < count && names[n]; n++) pairs[n] = (struct label_pair){names[n], words[n]};
  return labels_new(pairs, n);
}

static void no_markup(const json_t *json) {
  const char *key;
  json_t *value;
  size_t i;
  json_object_foreach((json_t *)json, key, value) no_markup(value);
  json_array_foreach(json, i, value) no_markup(value);
  const char *text = json_string_value(json), *link = text ? strstr(text, "\n<http") : NULL;
  for (const char *c = text; c && (c = strchr(c, '<')); c++) need(link && c == link + 1);
}

static void check_format(const struct format *f, const struct message *m) {
  SCOPED(buf_done) struct buf out;
  struct receiver_config r = {.service = &f->service, .name = "r", .options = &(const char *){"https://h/" SECRET}};
  struct fail why;
  buf_init(&out, 1u << 20);
  need(receiver_render(&r, m, &out, &why));
  json_t *json = json_loadb(out.data, out.length, 0, NULL);
  need(json != NULL);
  if (!strcmp(f->service.name, "slack")) {
    need(out.length < 40000);
    no_markup(json);
  }
  json_decref(json);
}

static void check_outbox(const struct message *m) {
  SCOPED(buf_done) struct buf stored, again;
  struct arena a;
  struct message back;
  struct fail why;
  arena_init(&a);
  buf_init(&stored, 1u << 20);
  buf_init(&again, 1u << 20);
  message_store(&stored, m);
  need(message_load(stored.data, &a, &back, &why));
  message_store(&again, &back);
  need(!strcmp(stored.data, again.data));
  arena_done(&a);
}

static void check_answer(const char *body, size_t size, long status) {
  struct net_answer a = {.status = status, .body = body, .length = size, .retry_after = -1};
  for (size_t i = 0; formats[i]; i++) {
    struct verdict v;
    struct receiver_config r = {.service = &formats[i]->service, .name = "r", .options = &(const char *){"https://h/" SECRET}};
    receiver_judge(&r, &a, 0, &v);
    need(!strstr(v.text, SECRET) && v.text[0]);
    need(v.outcome != OUTCOME_DELIVERED || status / 100 == 2);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const labels[] = {"alertname", "target", "instance", "severity", "mount", NULL};
  static const char *const annotations[] = {"summary", "description", "value", "threshold", "runbook_url", NULL};
  const char *words[16] = {0};
  if (size < 2 || size > 8192) return 0;
  char *copy = malloc(size + 1);
  memcpy(copy, data, size);
  copy[size] = 0;
  size_t count = split(copy + 2, size - 2, words, 10), half = count / 2;
  struct message m = {.firing = data[0] & 1,
                      .test = data[0] & 2,
                      .labels = labels_of(labels, words, half),
                      .annotations = labels_of(annotations, words + half, count - half),
                      .starts_at = (int64_t)data[1] * 86400000,
                      .ends_at = (int64_t)size * 1000003,
                      .value = data[0] & 4 ? NAN : data[1] / 7.0,
                      .external_url = count ? words[count - 1] : ""};
  for (size_t i = 0; formats[i]; i++) check_format(formats[i], &m);
  check_outbox(&m);
  check_answer(copy + 2, size - 2, 100 + data[0] * 2 + data[1]);
  labels_unref((struct labels *)m.labels);
  labels_unref((struct labels *)m.annotations);
  free(copy);
  return 0;
}
