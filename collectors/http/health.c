/* JSON of health endpoints: see health.h. */
#include "collectors/http/health.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* An empty object costs 100 times the memory of its text. */
enum { VALUES_MAX = 50000, SERIES_MAX = 200 };

static const struct family value_family = {"probe_json_value", "A number in the JSON of the answer; true is 1.", METRIC_GAUGE,
                                           "path", false};
static const struct family state_family = {
    "probe_json_state", "Whether the state at a place in the JSON of the answer is a good one.", METRIC_GAUGE, "path", false};

void health_catalogue(family_fn *each, const char *part, void *arg) {
  each(&value_family, part, arg);
  each(&state_family, part, arg);
}

bool health_check_condition(const char *name UNUSED, const char *text, struct fail *f) {
  struct arena a;
  struct condition c;
  arena_init(&a);
  bool good = condition_parse(&a, text, &c, f);
  arena_done(&a);
  return good;
}

bool health_check_path(const char *name UNUSED, const char *text, struct fail *f) {
  struct arena a;
  struct json_path path;
  arena_init(&a);
  bool good = json_path_parse(&a, text, &path, NULL, f);
  arena_done(&a);
  return good;
}

bool health_check_metric(const char *name, const char *text, struct fail *f) {
  static const char *const ours[] = {"probe_", "sonde_", "scrape_"};
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  if (!*name || isdigit((unsigned char)*name) || name[strspn(name, letters)] || strlen(name) > 100)
    return fail(f, FAIL_CONFIG, "the name of a metric consists of at most 100 letters, digits and _, no digit first");
  for (size_t i = 0; i < COUNTOF(ours); i++)
    if (!strncmp(name, ours[i], strlen(ours[i])))
      return fail(f, FAIL_CONFIG, "names that begin with %s are taken; choose another one for %s", ours[i], name);
  if (!strcmp(name, "up")) return fail(f, FAIL_CONFIG, "the name up is taken; choose another one");
  return health_check_path(name, text, f);
}

static bool parse_paths(const char *const *texts, size_t count, struct arena *a, struct json_path **ret, struct fail *f) {
  *ret = arena_alloc(a, MAX(count, 1) * sizeof **ret);
  for (size_t i = 0; i < count; i++)
    if (!json_path_parse(a, texts[i], &(*ret)[i], NULL, f)) return false;
  return true;
}

bool health_prepare(struct health_options *o, struct arena *a, struct fail *f) {
  o->condition_list = arena_alloc(a, MAX(o->conditions.count, 1) * sizeof *o->condition_list);
  for (size_t i = 0; i < o->conditions.count; i++)
    if (!condition_parse(a, o->conditions.items[i], &o->condition_list[i], f)) return false;
  return parse_paths(o->values.items, o->values.count, a, &o->value_paths, f) &&
         parse_paths(o->states.items, o->states.count, a, &o->state_paths, f) &&
         parse_paths(o->metrics.values, o->metrics.count, a, &o->metric_paths, f);
}

bool health_wanted(const struct health_options *o) {
  return o->conditions.count || o->values.count || o->states.count || o->metrics.count;
}

/* How many values there are at most. */
static size_t count_values(const char *body, size_t length) {
  size_t count = 1;
  bool quoted = false;
  for (size_t i = 0; i < length; i++) {
    if (quoted && body[i] == '\\')
      i++;
    else if (body[i] == '"')
      quoted = !quoted;
    else if (!quoted)
      count += body[i] == ',' || body[i] == '[' || body[i] == '{';
  }
  return count;
}

static bool fail_document(const json_error_t *error, struct fail *f) {
  switch (json_error_code(error)) {
  case json_error_numeric_overflow:
    return fail(f, FAIL_UNEXPECTED, "the JSON of the body has a number that is too large, at line %d, column %d", error->line,
                error->column);
  case json_error_stack_overflow:
    return fail(f, FAIL_UNEXPECTED, "the JSON of the body is nested too deeply, at line %d, column %d", error->line, error->column);
  case json_error_null_character:
  case json_error_null_byte_in_key:
    return fail(f, FAIL_UNEXPECTED, "the JSON of the body has a text with \\u0000 in it, at line %d, column %d", error->line,
                error->column);
  default:
    return fail(f, FAIL_UNEXPECTED, "the body is no JSON: it is wrong at line %d, column %d", error->line, error->column);
  }
}

json_t *health_parse(const char *body, size_t length, struct fail *f) {
  json_error_t error;
  json_t *document = NULL;
  size_t mark = length >= 3 && !memcmp(body, "\xEF\xBB\xBF", 3) ? 3 : 0; /* .NET likes to write it; nobody sees it */
  body += mark;
  length -= mark;
  if (!length)
    fail(f, FAIL_UNEXPECTED, "the body is empty, and JSON is expected");
  else if (count_values(body, length) > VALUES_MAX)
    fail(f, FAIL_LIMIT, "the JSON of the body has more than %d values", VALUES_MAX);
  else if (!(document = json_loadb(body, length, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error)))
    fail_document(&error, f);
  return document;
}

bool health_judge(const struct health_options *o, const json_t *document, struct fail *f) {
  for (size_t i = 0; i < o->conditions.count; i++)
    if (!condition_holds(&o->condition_list[i], document, f)) return false;
  return true;
}

/* Metrics on their way to the section. */
struct writing {
  const struct health_options *options;
  struct section *section;
  const struct family *family; /* of a metric that has a name of its own, else NULL */
  bool labelled;
  size_t count;
};

static void add(struct writing *w, const struct family *family, const char *where, double value) {
  if (w->count++ >= SERIES_MAX) return;
  labels_t labels = w->labelled ? section_label_pairs(w->section, "path", where, NULL) : 0;
  section_add(w->section, family, labels, value);
}

static void add_value(void *arg, const char *where, const json_t *value) {
  struct writing *w = arg;
  const struct family *family = w->family ? w->family : &value_family;
  if (json_is_number(value))
    add(w, family, where, json_number_value(value));
  else if (json_is_boolean(value))
    add(w, family, where, json_is_true(value));
}

static bool is_good(const struct health_options *o, const json_t *value) {
  char number[NUMBER_SIZE];
  size_t length;
  const char *text = condition_text(value, number, &length);
  for (size_t i = 0; text && i < o->good.count; i++)
    if (!strcasecmp(o->good.items[i], text)) return true;
  return false;
}

/* Of an object or an array it cannot be said. */
static void add_state(void *arg, const char *where, const json_t *value) {
  struct writing *w = arg;
  if (!json_is_object(value) && !json_is_array(value)) add(w, &state_family, where, is_good(w->options, value));
}

/* Everything that the paths lead to. */
static void write_paths(struct writing *w, const struct json_path *paths, size_t count, const json_t *document,
                        json_found_fn *found, struct fail *lacks) {
  for (size_t i = 0; i < count; i++) {
    size_t before = w->count;
    json_path_walk(&paths[i], document, found, w);
    if (w->count == before)
      fail(lacks, FAIL_UNEXPECTED, "the answer has no %s at %s", found == add_state ? "state" : "number", paths[i].text);
  }
}

static bool has_star(const struct json_path *path) {
  for (size_t i = 0; i < path->count; i++)
    if (path->steps[i].type == STEP_EACH) return true;
  return false;
}

void health_write(const struct health_options *o, const json_t *document, struct section *s, struct fail *lacks) {
  struct writing w = {.options = o, .section = s, .labelled = true};
  write_paths(&w, o->value_paths, o->values.count, document, add_value, lacks);
  write_paths(&w, o->state_paths, o->states.count, document, add_state, lacks);
  for (size_t i = 0; i < o->metrics.count; i++) {
    char help[128];
    snprintf(help, sizeof help, "The number at %.90s in the answer.", o->metric_paths[i].text);
    w.family = section_family(s, o->metrics.names[i], METRIC_GAUGE, help);
    w.labelled = has_star(&o->metric_paths[i]);
    write_paths(&w, &o->metric_paths[i], 1, document, add_value, lacks);
  }
  if (w.count > SERIES_MAX)
    fail(lacks, FAIL_LIMIT, "the answer gives %zu values and states; only %d are taken", w.count, SERIES_MAX);
}
