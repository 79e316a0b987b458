/* Values: text in, a typed field out, or a sentence that says what is wrong, what it should look like, and shows what was written, unless
 * that might be a secret. One function a type. */
#include "agent/config/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/config/expand.h"
#include "config/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/regex.h"
#include "base/text.h"
#include "config/suggest.h"

/* One value on its way: the row, where it stands, its text after expansion. */
struct value {
  const struct reader *r;
  const struct option *row;
  const struct node *node;
  const char *name, *text;
  char *field;
};

/* What may be shown of a value: nothing of a secret, of an URL or a login written under the wrong key, nor of what the environment holds
 * (then the file's own text is shown, "${X}"). */
static const char *shown(const struct value *v) {
  const char *text = v->node->text;
  if (v->row->type == OPTION_SECRET || strpbrk(text, "@") || strstr(text, "://") || strcasestr(text, "passw")) return "this value";
  char *copy = arena_printf(v->r->arena, "\"%.60s%s\"%s", text, strlen(text) > 60 ? "..." : "",
                            expand_needed(v->node) ? " (from the environment)" : "");
  for (char *c = copy; *c; c++)
    if (iscntrl((unsigned char)*c)) *c = ' ';
  return copy;
}

static bool refuse(const struct value *v, const char *what) {
  return node_fail(v->r, v->node, "%s: %s is not %s", v->name, shown(v), what);
}

const char *value_format(const struct option *row, int64_t value, char *out, size_t size) {
  static const char units[] = "KMGT";
  if (row->type == OPTION_DURATION) return duration_format(value, out, size);
  int unit = -1;
  while (row->type == OPTION_BYTES && value && value % 1024 == 0 && unit < 3) {
    value /= 1024;
    unit++;
  }
  snprintf(out, size, unit < 0 ? "%" PRId64 : "%" PRId64 "%cB", value, unit < 0 ? 0 : units[unit]);
  return out;
}

static bool within(const struct value *v, double value) {
  const struct option *row = v->row;
  bool bounded = row->min || row->max;
  if (!bounded || (value >= (double)row->min && value <= (double)row->max)) return true;
  char least[NUMBER_SIZE], most[NUMBER_SIZE];
  return node_fail(v->r, v->node, "%s: %s is too %s; allowed is %s to %s", v->name, shown(v),
                   value < (double)row->min ? "small" : "large", value_format(row, row->min, least, sizeof least),
                   value_format(row, row->max, most, sizeof most));
}

bool value_parse_bool(const char *text, bool *ret) {
  static const char *const words[] = {"false", "true", "off", "on", "no", "yes"};
  for (size_t i = 0; i < COUNTOF(words); i++)
    if (!strcasecmp(text, words[i])) {
      *ret = i % 2;
      return true;
    }
  return false;
}

static bool read_bool(const struct value *v) {
  return value_parse_bool(v->text, (bool *)v->field) || refuse(v, "a switch; write on or off");
}

static bool read_int(const struct value *v) {
  char *end;
  errno = 0;
  long long n = strtoll(v->text, &end, 10);
  if (!*v->text || *end || errno || isspace((unsigned char)*v->text)) return refuse(v, "a whole number");
  memcpy(v->field, &(int64_t){n}, sizeof(int64_t));
  return within(v, (double)n);
}

static bool read_number(const struct value *v) {
  double n;
  if (!number_parse(v->text, strlen(v->text), &n) || n != n) return refuse(v, "a number");
  memcpy(v->field, &n, sizeof n);
  return within(v, n);
}

static bool read_duration(const struct value *v) {
  msec_t n;
  if (!duration_parse(v->text, &n)) {
    bool bare = *v->text && !v->text[strspn(v->text, "0123456789")];
    return refuse(v, bare ? "a duration: it has no unit; write it like 10s, 1m30s or 500ms"
                          : "a duration; write it like 10s, 1m30s or 500ms");
  }
  memcpy(v->field, &n, sizeof n);
  return within(v, (double)n);
}

static bool read_bytes(const struct value *v) {
  int64_t n;
  if (!bytes_parse(v->text, &n)) return refuse(v, "a size; write it like 512KB or 16MB");
  memcpy(v->field, &n, sizeof n);
  return within(v, (double)n);
}

static bool fail_choice(const struct value *v) {
  char list[256] = "";
  size_t count = 0, used = 0;
  for (; v->row->choices[count]; count++)
    if (used < sizeof list)
      used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", count ? ", " : "", v->row->choices[count]);
  const char *meant = suggest(v->text, v->row->choices, count);
  return node_fail(v->r, v->node, "%s: %s is not allowed; %s%s%sallowed: %s", v->name, shown(v), meant ? "did you mean \"" : "",
                   meant ? meant : "", meant ? "\"? " : "", list);
}

/* What the owner of the row says to a text at `n`. */
static bool judge(const struct value *v, const struct node *n, const char *name, const char *text) {
  struct fail why = {0};
  if (!v->row->check) return true;
  if (!text_is_clean(text, strlen(text))) return node_fail(v->r, n, "%s: this text is not valid UTF-8", v->name);
  return v->row->check(name, text, &why) || node_fail(v->r, n, "%s: %s", v->name, why.text);
}

static bool read_string(const struct value *v) {
  const char *const *choice = v->row->choices;
  while (choice && *choice && strcmp(*choice, v->text) != 0) choice++;
  if (choice && !*choice) return fail_choice(v);
  if (v->row->type != OPTION_SECRET && !text_is_clean(v->text, strlen(v->text))) return refuse(v, "valid UTF-8");
  if (!judge(v, v->node, NULL, v->text)) return false;
  memcpy(v->field, &v->text, sizeof v->text);
  return true;
}

static bool read_path(const struct value *v) {
  if (!*v->text) return refuse(v, "a path");
  const char *path = file_resolve(v->r->arena, v->r->folder, v->text);
  memcpy(v->field, &path, sizeof path);
  return true;
}

static bool read_regex(const struct value *v) {
  struct fail why = {0};
  struct regex *regex = regex_new(v->text, &why);
  if (!regex) return node_fail(v->r, v->node, "%s: %s is not a regular expression: %s", v->name, shown(v), why.text);
  regex_free(regex);
  memcpy(v->field, &v->text, sizeof v->text);
  return true;
}

bool value_check_name(const struct reader *r, const struct node *at, const char *what, const char *name) {
  if (!*name || name[strspn(name, NAME_LETTERS)])
    return node_fail(r, at, "name: a %s's name consists of letters, digits and . _ : / -", what);
  if (strlen(name) > CONFIG_NAME_MAX) return node_fail(r, at, "name: at most %d characters are allowed", CONFIG_NAME_MAX);
  return true;
}

/* The text of an element in a list or of a label; NULL with a sentence. To Prometheus a label without a value is empty. */
static const char *element(const struct value *v, const struct node *n) {
  if (v->r->literal && v->row->type == OPTION_LABELS && node_is_null(n)) return "";
  if (n->type == NODE_SCALAR && !node_is_null(n)) return expand(v->r, n);
  node_fail(v->r, n, "%s: text belongs here, not %s", v->name, node_type_name(n));
  return NULL;
}

static bool read_strings(const struct value *v) {
  const struct node *n = v->node, *first = n->type == NODE_LIST ? n->first : n;
  struct strings list = {.count = n->type == NODE_LIST ? n->count : 1};
  if (list.count > CONFIG_ITEMS_MAX) return node_fail(v->r, n, "%s: at most %d items are allowed", v->name, CONFIG_ITEMS_MAX);
  list.items = arena_alloc(v->r->arena, list.count * sizeof *list.items);
  size_t i = 0;
  for (const struct node *item = first; i < list.count; item = item->next, i++) {
    if (!(list.items[i] = element(v, item)) || !judge(v, item, NULL, list.items[i])) return false;
  }
  memcpy(v->field, &list, sizeof list);
  return true;
}

/* What begins with __ is nobody's to choose, though in a rule file of Grafana's (__dashboardUid__) it may stand. */
static bool is_label_name(const struct reader *r, const char *name) {
  size_t good = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
  bool reserved = r->literal ? !strcmp(name, "__name__") : !strncmp(name, "__", 2);
  return *name && !name[good] && !isdigit((unsigned char)*name) && !reserved;
}

static bool read_pairs(const struct value *v) {
  const struct node *map = v->node;
  struct pairs pairs = {.count = map->count};
  bool labels = v->row->type == OPTION_LABELS;
  size_t max = v->row->max ? (size_t)v->row->max : labels ? CONFIG_LABELS_MAX : CONFIG_PAIRS_MAX;
  if (pairs.count > max) return node_fail(v->r, map, "%s: at most %zu entries are allowed", v->name, max);
  pairs.names = arena_alloc(v->r->arena, pairs.count * sizeof *pairs.names);
  pairs.values = arena_alloc(v->r->arena, pairs.count * sizeof *pairs.values);
  size_t i = 0;
  for (const struct node *n = map->first; n; n = n->next, i++) {
    char key[KEY_SHOWN_SIZE];
    if (labels && !is_label_name(v->r, n->key->text))
      return node_fail(v->r, n->key, "%s: \"%s\" is not a label name; use letters, digits and _, no digit first, not %s", v->name,
                       node_show_key(n->key, key), v->r->literal ? "__name__" : "__ first");
    pairs.names[i] = arena_copy(v->r->arena, n->key->text);
    if (!(pairs.values[i] = element(v, n))) return false;
    if (!text_is_clean(pairs.values[i], strlen(pairs.values[i])))
      return node_fail(v->r, n, "%s: the value of %s is not valid UTF-8", v->name, node_show_key(n->key, key));
    if (!judge(v, n, pairs.names[i], pairs.values[i])) return false;
  }
  memcpy(v->field, &pairs, sizeof pairs);
  return true;
}

static const struct type {
  bool (*read)(const struct value *v);
  enum node_type shape;
  bool or_scalar; /* a single item may stand for a list of one */
} types[] = {
    [OPTION_BOOL] = {.read = read_bool},
    [OPTION_INT] = {.read = read_int},
    [OPTION_NUMBER] = {.read = read_number},
    [OPTION_DURATION] = {.read = read_duration},
    [OPTION_BYTES] = {.read = read_bytes},
    [OPTION_STRING] = {.read = read_string},
    [OPTION_PATH] = {.read = read_path},
    [OPTION_SECRET] = {.read = read_string},
    [OPTION_REGEX] = {.read = read_regex},
    [OPTION_STRINGS] = {.read = read_strings, .shape = NODE_LIST, .or_scalar = true},
    [OPTION_LABELS] = {.read = read_pairs, .shape = NODE_MAP},
    [OPTION_PAIRS] = {.read = read_pairs, .shape = NODE_MAP},
};

bool value_read(const struct reader *r, const struct option *row, const struct node *n, const char *name, void *into) {
  const struct type *type = &types[row->type];
  struct value v = {.r = r, .row = row, .node = n, .name = name, .field = (char *)into + row->offset};
  if (n->type != type->shape && !(type->or_scalar && n->type == NODE_SCALAR)) {
    struct node wanted = {.type = type->shape};
    return node_fail(r, n, "%s: %s belongs here, not %s", name, node_type_name(&wanted), node_type_name(n));
  }
  if (type->shape == NODE_SCALAR && !(v.text = expand(r, n))) return false;
  return type->read(&v);
}

/* The content of a secret's file in the arena, without the newlines at its end. NULL with the cause in *f. */
static const char *secret_of(const struct reader *r, const char *path, struct fail *f) {
  size_t length = 0;
  char *data = file_read(path, CONFIG_VALUE_BYTES_MAX, &length, f);
  if (!data) return NULL;
  size_t end = length;
  while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r')) end--;
  const char *secret = NULL;
  if (end == 0)
    fail(f, FAIL_CONFIG, "%s is empty", path);
  else if (memchr(data, 0, end))
    fail(f, FAIL_CONFIG, "%s is not a text file: there is a NUL byte in it", path);
  else
    secret = arena_copy_bytes(r->arena, data, end);
  mem_wipe(data, length);
  free(data);
  return secret;
}

bool value_read_file(const struct reader *r, const struct option *row, const struct node *n, const char *name, void *into) {
  struct option as_path = {.name = row->name, .type = OPTION_PATH};
  const char *path = NULL, *secret;
  if (!value_read(r, &as_path, n, name, &path)) return false;
  struct fail why = {0};
  if (!(secret = secret_of(r, path, &why))) return node_fail(r, n, "%s: %s", name, why.text);
  memcpy((char *)into + row->offset, &secret, sizeof secret);
  return true;
}
