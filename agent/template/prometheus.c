/* The functions that Prometheus adds to Go's. */
#include <stdlib.h>
#include <string.h>

#include "agent/template/humanize.h"
#include "agent/template/moment.h"
#include "agent/template/rune.h"
#include "base/clock.h"
#include "base/regex.h"
#include "base/text.h"

enum { MADE_MAX = 16384, SHOWN_SIZE = 80 };

static void drop_regex(struct regex **r) {
  regex_free(*r);
}

static bool want(struct calling *c, const char *name, const struct tvalue *v, enum tkind kind) {
  struct tvalue wanted = {.kind = kind};
  return v->kind == kind || fail(c->fail, FAIL_CONFIG, "%s takes a %s here, not a %s", name, t_type(&wanted), t_type(v));
}

static bool want_number(struct calling *c, const struct tvalue *v, double *ret) {
  if (t_number(v, ret)) return true;
  if (v->kind == T_TEXT) return fail(c->fail, FAIL_CONFIG, "\"%.60s\" is not a number", v->text);
  return fail(c->fail, FAIL_CONFIG, "a %s is not a number", t_type(v));
}

/* Queries */

static bool p_query(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  struct template_sample *samples = NULL;
  (void)count;
  if (!want(c, "query", &args[0], T_TEXT)) return false;
  if (!c->world->query) return fail(c->fail, FAIL_CONFIG, "there are no series to query here");
  if (clock_cpu() > c->until) return fail(c->fail, FAIL_TIMEOUT, "the queries of the template take too long");
  *ret = (struct tvalue){.kind = T_VECTOR};
  if (!c->world->query(c->world->context, args[0].text, c->arena, &samples, &ret->count, c->fail)) return false;
  ret->samples = samples;
  return true;
}

static bool p_first(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "first", &args[0], T_VECTOR)) return false;
  if (!args[0].count) return fail(c->fail, FAIL_CONFIG, "first() of a query without a result");
  *ret = (struct tvalue){.kind = T_SAMPLE, .samples = args[0].samples};
  return true;
}

static bool p_label(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "label", &args[0], T_TEXT) || !want(c, "label", &args[1], T_SAMPLE)) return false;
  *ret = t_text(labels_get(args[1].samples->labels, args[0].text));
  return true;
}

static bool p_value(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "value", &args[0], T_SAMPLE)) return false;
  *ret = t_float(args[0].samples->value);
  return true;
}

static bool p_strvalue(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "strvalue", &args[0], T_SAMPLE)) return false;
  *ret = t_text(labels_get(args[0].samples->labels, "__value__"));
  return true;
}

/* Those that are equal stay as they stood. */
static int by_label(const void *a, const void *b, void *label) {
  const struct template_sample *x = *(const struct template_sample *const *)a, *y = *(const struct template_sample *const *)b;
  const char *name = *(const char *const *)label;
  int order = strcmp(labels_get(x->labels, name), labels_get(y->labels, name));
  return order ? order : (x > y) - (x < y);
}

static bool p_sort(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "sortByLabel", &args[0], T_TEXT) || !want(c, "sortByLabel", &args[1], T_VECTOR)) return false;
  struct template_sample *sorted = arena_alloc(c->arena, (args[1].count + 1) * sizeof *sorted);
  const struct template_sample **order = arena_alloc(c->arena, (args[1].count + 1) * sizeof *order);
  const char *label = args[0].text;
  for (size_t i = 0; i < args[1].count; i++) order[i] = &args[1].samples[i];
  qsort_r(order, args[1].count, sizeof *order, by_label, &label);
  for (size_t i = 0; i < args[1].count; i++) sorted[i] = *order[i];
  *ret = (struct tvalue){.kind = T_VECTOR, .samples = sorted, .count = args[1].count};
  return true;
}

static bool p_args(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  struct tvalue *items = arena_alloc(c->arena, (count + 1) * sizeof *items);
  if (count) memcpy(items, args, count * sizeof *args);
  *ret = (struct tvalue){.kind = T_ARGS, .items = items, .count = count};
  return true;
}

/* Numbers */

typedef const char *show_fn(double value, char *out, size_t size);

static bool show(struct calling *c, const struct tvalue *v, show_fn *as, struct tvalue *ret) {
  char shown[SHOWN_SIZE];
  double number;
  if (!want_number(c, v, &number)) return false;
  *ret = t_text(arena_copy(c->arena, as(number, shown, sizeof shown)));
  return true;
}

#define SHOWS(name)                                                                                                                \
  static bool p_##name(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {                           \
    (void)count;                                                                                                                   \
    return show(c, &args[0], name, ret);                                                                                           \
  }
SHOWS(humanize)
SHOWS(humanize_1024)
SHOWS(humanize_percentage)
SHOWS(humanize_duration)
SHOWS(humanize_timestamp)
#undef SHOWS

static bool p_to_time(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  *ret = (struct tvalue){.kind = T_TIME};
  return want_number(c, &args[0], &ret->number);
}

static bool p_to_duration(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  *ret = (struct tvalue){.kind = T_DURATION};
  return want_number(c, &args[0], &ret->number);
}

static bool p_now(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)args, (void)count;
  *ret = t_float(c->world->wall);
  return true;
}

static bool p_parse_duration(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  msec_t span;
  if (!want(c, "parseDuration", &args[0], T_TEXT)) return false;
  if (!duration_parse(args[0].text, &span))
    return fail(c->fail, FAIL_CONFIG, "\"%.60s\" is not a duration like 1h30m", args[0].text);
  *ret = t_float((double)span / 1000);
  return true;
}

/* Texts */

/* `change` says what becomes of a character, and may know the one before it (0: none). */
static bool changed(struct calling *c, const char *name, const struct tvalue *v, uint32_t (*change)(uint32_t code, uint32_t before),
                    struct tvalue *ret) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, MADE_MAX);
  if (!want(c, name, v, T_TEXT)) return false;
  uint32_t code, before = 0;
  for (size_t i = 0; i < v->length; before = code) {
    i += rune_at(v->text + i, v->length - i, &code);
    text_character(&out, change(code, before));
  }
  *ret = t_copy(c->arena, &out);
  return true;
}

static uint32_t upper(uint32_t code, uint32_t before) {
  (void)before;
  return rune_upper(code);
}

static uint32_t lower(uint32_t code, uint32_t before) {
  (void)before;
  return rune_lower(code);
}

/* The first letter of each word. */
static uint32_t capital(uint32_t code, uint32_t before) {
  return rune_is_letter(before) || before == '_' || (before >= '0' && before <= '9') ? code : rune_upper(code);
}

static bool p_upper(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  return changed(c, "toUpper", &args[0], upper, ret);
}

static bool p_lower(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  return changed(c, "toLower", &args[0], lower, ret);
}

static bool p_title(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  return changed(c, "title", &args[0], capital, ret);
}

static bool p_match(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  if (!want(c, "match", &args[0], T_TEXT) || !want(c, "match", &args[1], T_TEXT)) return false;
  SCOPED(drop_regex) struct regex *r = regex_new_part(args[0].text, c->fail);
  if (!r) return false;
  *ret = t_bool(regex_match(r, args[1].text, args[1].length));
  return true;
}

static bool p_replace(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, MADE_MAX);
  for (size_t i = 0; i < count; i++)
    if (!want(c, "reReplaceAll", &args[i], T_TEXT)) return false;
  SCOPED(drop_regex) struct regex *r = regex_new_part(args[0].text, c->fail);
  if (!r) return false;
  const char *text = args[2].text;
  size_t length = args[2].length, done = 0, from = 0;
  struct regex_groups groups;
  while (from <= length && !out.overflow && regex_find(r, text, length, from, &groups)) {
    bool behind_another = groups.to[0] == groups.from[0] && groups.from[0] == done && done;
    buf_put(&out, text + done, groups.from[0] - done);
    if (!behind_another) regex_expand(&out, r, args[1].text, text, &groups); /* nothing right behind a match is none to Go */
    done = groups.to[0];
    from = done + (groups.to[0] == groups.from[0]);
  }
  buf_put(&out, text + done, length - done);
  *ret = t_copy(c->arena, &out);
  return true;
}

static bool p_same(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  *ret = args[0];
  return want(c, "safeHtml", &args[0], T_TEXT);
}

/* host:port, [v6]:port; false for what has no port. */
static bool split_port(const char *text, const char **host, size_t *length, const char **port) {
  const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
  if (!colon || (bracket && bracket > colon)) return false;
  bool bracketed = *text == '[' && bracket == colon - 1;
  if (!bracketed && memchr(text, ':', (size_t)(colon - text))) return false;
  *host = text + bracketed;
  *length = (size_t)(colon - text) - 2 * (size_t)bracketed;
  *port = colon + 1;
  return true;
}

static bool p_strip_port(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  const char *host, *port;
  size_t length;
  if (!want(c, "stripPort", &args[0], T_TEXT)) return false;
  *ret = args[0];
  if (split_port(args[0].text, &host, &length, &port)) *ret = t_text(arena_copy_bytes(c->arena, host, length));
  return true;
}

static bool p_strip_domain(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  const char *host = args[0].text, *port = NULL;
  size_t length = args[0].length;
  if (!want(c, "stripDomain", &args[0], T_TEXT)) return false;
  *ret = args[0];
  bool split = split_port(args[0].text, &host, &length, &port);
  bool is_address = memchr(host, ':', length) || strspn(host, "0123456789.") >= length;
  const char *dot = memchr(host, '.', length);
  if (is_address || !dot) return true;
  SCOPED(buf_done) struct buf out;
  buf_init(&out, MADE_MAX);
  buf_put(&out, host, (size_t)(dot - host));
  if (split) buf_printf(&out, ":%s", port);
  *ret = t_copy(c->arena, &out);
  return true;
}

/* Links */

static bool link_to(struct calling *c, const struct tvalue *args, const char *tab, struct tvalue *ret) {
  SCOPED(buf_done) struct buf out;
  struct tvalue query;
  buf_init(&out, MADE_MAX);
  if (!want(c, "the link", &args[0], T_TEXT) || !function_of("urlquery")->call(c, args, 1, &query)) return false;
  buf_printf(&out, "/graph?g0.expr=%s&g0.tab=%s", query.text, tab);
  *ret = t_copy(c->arena, &out);
  return true;
}

static bool p_table_link(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  return link_to(c, args, "1", ret);
}

static bool p_graph_link(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)count;
  return link_to(c, args, "0", ret);
}

static bool p_external_url(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)args, (void)count;
  *ret = t_text(c->world->external_url ? c->world->external_url : "");
  return true;
}

static bool p_path_prefix(struct calling *c, const struct tvalue *args, size_t count, struct tvalue *ret) {
  (void)args, (void)count;
  const char *url = c->world->external_url ? c->world->external_url : "", *host = strstr(url, "://");
  const char *path = host ? strchr(host + 3, '/') : NULL;
  *ret = t_text(path ? path : "");
  return true;
}

const struct function prometheus_functions[] = {
    {"query", 1, 1, p_query},
    {"first", 1, 1, p_first},
    {"label", 2, 2, p_label},
    {"value", 1, 1, p_value},
    {"strvalue", 1, 1, p_strvalue},
    {"sortByLabel", 2, 2, p_sort},
    {"args", 0, ARGS_MAX, p_args},
    {"humanize", 1, 1, p_humanize},
    {"humanize1024", 1, 1, p_humanize_1024},
    {"humanizePercentage", 1, 1, p_humanize_percentage},
    {"humanizeDuration", 1, 1, p_humanize_duration},
    {"humanizeTimestamp", 1, 1, p_humanize_timestamp},
    {"toTime", 1, 1, p_to_time},
    {"toDuration", 1, 1, p_to_duration},
    {"now", 0, 0, p_now},
    {"parseDuration", 1, 1, p_parse_duration},
    {"toUpper", 1, 1, p_upper},
    {"toLower", 1, 1, p_lower},
    {"title", 1, 1, p_title},
    {"match", 2, 2, p_match},
    {"reReplaceAll", 3, 3, p_replace},
    {"safeHtml", 1, 1, p_same},
    {"stripPort", 1, 1, p_strip_port},
    {"stripDomain", 1, 1, p_strip_domain},
    {"tableLink", 1, 1, p_table_link},
    {"graphLink", 1, 1, p_graph_link},
    {"externalURL", 0, 0, p_external_url},
    {"pathPrefix", 0, 0, p_path_prefix},
    {0},
};
