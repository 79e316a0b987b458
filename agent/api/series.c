/* series, labels, label/<name>/values: what there is, by matchers. */
#include <stdlib.h>
#include <string.h>

#include "agent/api/page.h"
#include "base/map.h"
#include "base/text.h"

/* What was found: label sets, or texts, each once. */
struct found {
  struct map seen;
  const void **items;
  size_t count, capacity;
};

static void found_done(struct found *f) {
  map_done(&f->seen);
}

/* Whether it is new. */
static bool take_new(struct found *f, const char *key, size_t length, const void *item, struct arena *a) {
  void **slot = map_slot(&f->seen, key, length);
  if (*slot) return false;
  *slot = f;
  if (f->count == f->capacity) {
    f->capacity = MAX(f->capacity * 2, (size_t)64);
    const void **more = arena_alloc(a, f->capacity * sizeof *more);
    if (f->count) memcpy(more, f->items, f->count * sizeof *more);
    f->items = more;
  }
  f->items[f->count++] = item;
  return true;
}

/* True when something of the labels was taken, so that they have to stay. */
typedef bool take_fn(struct page *p, struct found *f, struct labels *l);

static void unref(void *labels) {
  labels_unref(labels);
}

/* The series that one selector matches. */
static bool take_matching(struct page *p, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct found *f,
                          take_fn *take) {
  SCOPED(arena_done) struct arena scratch;
  struct labels **sets;
  size_t n;
  arena_init(&scratch);
  if (!history_series(p->api->history, matchers, count, from, to, &scratch, &sets, &n, &p->fail)) {
    p->status = 503;
    return false;
  }
  for (size_t i = 0; i < n; i++)
    if (take(p, f, sets[i]))
      arena_defer(&p->arena, unref, sets[i]);
    else
      labels_unref(sets[i]);
  return true;
}

/* A request may bring a thousand selectors, each of which looks at all series. */
static bool goes_on(struct page *p, double until) {
  if (p->api->stop && atomic_load(p->api->stop)) return api_fail(p, 503, "the agent is ending");
  return clock_cpu() <= until || api_fail(p, 503, "this took more than %d seconds of CPU; ask with fewer match[]", API_CPU_SECONDS);
}

static bool take_selector(struct page *p, const char *text, msec_t from, msec_t to, struct found *f, take_fn *take) {
  const struct matcher *matchers;
  size_t count;
  const struct expr *e = api_parse(p, text);
  if (e && promql_selector(e, &matchers, &count)) return take_matching(p, matchers, count, from, to, f, take);
  if (e) return api_fail(p, 400, "invalid parameter \"match[]\": \"%.60s\" is no selector like up{job=\"node\"}", text);
  p->status = 400;
  return fail_prefix(&p->fail, "invalid parameter \"match[]\"");
}

/* Those that any match[] of the request matches. Without one all, unless it is `needed`. */
static bool take_all(struct page *p, bool needed, struct found *f, take_fn *take) {
  msec_t from, to;
  size_t selectors = 0;
  double until = clock_cpu() + API_CPU_SECONDS;
  if (!api_window(p, &from, &to)) return false;
  for (size_t i = 0; i < p->request->count; i++) {
    const struct parameter *x = &p->request->parameters[i];
    if (strcmp(x->name, "match[]") != 0) continue;
    selectors++;
    if (!goes_on(p, until) || !take_selector(p, x->value, from, to, f, take)) return false;
  }
  if (!selectors && needed) return api_fail(p, 400, "no match[] parameter provided");
  return selectors || take_matching(p, NULL, 0, from, to, f, take);
}

static bool take_set(struct page *p, struct found *f, struct labels *l) {
  size_t length;
  const char *key = labels_key(l, &length);
  return take_new(f, key, length, l, &p->arena);
}

static bool take_names(struct page *p, struct found *f, struct labels *l) {
  bool any = false;
  for (size_t i = 0; i < l->count; i++)
    if (take_new(f, l->pairs[i].name, strlen(l->pairs[i].name), l->pairs[i].name, &p->arena)) any = true;
  return any;
}

static bool take_value(struct page *p, struct found *f, struct labels *l) {
  const char *value = labels_get(l, p->name);
  return *value && take_new(f, value, strlen(value), value, &p->arena);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_labels(const void *a, const void *b) {
  return labels_compare(*(const struct labels *const *)a, *(const struct labels *const *)b);
}

static bool list(struct page *p, bool sets, take_fn *take) {
  SCOPED(found_done) struct found f = {0};
  size_t limit;
  if (!api_limit(p, &limit) || !take_all(p, sets, &f, take)) return false;
  if (f.count) qsort(f.items, f.count, sizeof *f.items, sets ? by_labels : by_text);
  buf_putc(p->out, '[');
  for (size_t i = 0; i < f.count && i < limit; i++) {
    if (i) buf_putc(p->out, ',');
    if (sets)
      json_labels(p->out, f.items[i]);
    else
      json_text(p->out, f.items[i]);
  }
  buf_putc(p->out, ']');
  p->cut = f.count > limit;
  return true;
}

bool api_series(struct page *p) {
  return list(p, true, take_set);
}

bool api_labels(struct page *p) {
  return list(p, false, take_names);
}

/* Undoes what Prometheus 3 makes of a name that is not plain: U__ before it, __ for an underscore, _e4_ for a character. */
static bool plain_name(struct buf *out, const char *text) {
  while (*text) {
    if (*text != '_') {
      buf_putc(out, *text++);
      continue;
    }
    size_t digits = strspn(++text, "0123456789abcdefABCDEF");
    uint32_t code = digits ? (uint32_t)strtoul(text, NULL, 16) : '_';
    if (text[digits] != '_' || digits > 6 || !code) return false;
    text_character(out, code);
    text += digits + 1;
  }
  return true;
}

bool api_values(struct page *p) {
  SCOPED(buf_done) struct buf plain;
  buf_init(&plain, 4096);
  if (!strncmp(p->name, "U__", 3) && plain_name(&plain, p->name + 3) && plain.length) p->name = plain.data;
  return list(p, false, take_value);
}
