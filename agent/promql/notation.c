/* Series notation, as .test files and promtool's unit tests write it: labels, then one value a step. "1+2x3" is 1 3 5 7, "4x2" is 4 4 4, "_" is
 * nothing, "_x3" nothing three times, "stale" the marker, {{…}} a native histogram, whose content is not looked at. */
#include "promql/notation.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agent/promql/lexer.h"
#include "base/number.h"
#include "history/history.h"

enum { SLOTS_MAX = 1000000, PAIRS_MAX = 64 };

static void drop_labels(void *l) {
  labels_unref(l);
}

bool notation_unquote(const char *text, struct arena *a, const char **ret, struct fail *f) {
  struct lexer l = {.text = text, .length = strlen(text), .arena = a, .fail = f};
  struct token string, end;
  if (!lexer_next(&l, &string) || !lexer_next(&l, &end)) return false;
  if (string.kind != TOKEN_STRING || end.kind != TOKEN_END) return fail(f, FAIL_CONFIG, "%s is not a quoted string", text);
  *ret = string.string;
  return true;
}

/* Labels */

struct reader {
  struct lexer lexer;
  struct token token;
  struct label_pair pairs[PAIRS_MAX];
  size_t count;
};

static bool take(struct reader *r, enum token_kind kind) {
  if (r->token.kind != kind)
    return fail(r->lexer.fail, FAIL_CONFIG, "%s is expected at column %zu", token_name(kind), r->token.offset + 1);
  return lexer_next(&r->lexer, &r->token);
}

static bool add_pair(struct reader *r, const char *name, const char *value) {
  if (r->count == PAIRS_MAX) return fail(r->lexer.fail, FAIL_LIMIT, "a series has at most %d labels", PAIRS_MAX);
  r->pairs[r->count++] = (struct label_pair){name, value};
  return true;
}

/* name="value", or a metric's name in quotes. */
static bool read_pair(struct reader *r) {
  struct token name = r->token;
  bool quoted = name.kind == TOKEN_STRING;
  const char *word = quoted ? name.string : arena_copy_bytes(r->lexer.arena, r->lexer.text + name.offset, name.length);
  if (!lexer_next(&r->lexer, &r->token)) return false;
  if (quoted && r->token.kind != TOKEN_ASSIGN) return add_pair(r, "__name__", word);
  if (!take(r, TOKEN_ASSIGN)) return false;
  const char *value = r->token.string;
  if (r->token.kind != TOKEN_STRING) return take(r, TOKEN_STRING);
  return add_pair(r, word, value) && take(r, TOKEN_STRING);
}

/* The braces; what is behind them is not PromQL, so that the last one is only looked at. */
static bool read_braces(struct reader *r) {
  if (!take(r, TOKEN_LEFT_BRACE)) return false;
  while (r->token.kind != TOKEN_RIGHT_BRACE) {
    if (!read_pair(r)) return false;
    if (r->token.kind != TOKEN_RIGHT_BRACE && !take(r, TOKEN_COMMA)) return false;
  }
  return true;
}

/* The labels that a line begins with; *rest is behind them. */
static bool read_labels(const char *line, struct arena *a, struct labels **ret, const char **rest, struct fail *f) {
  size_t name = 0;
  while (isalnum((unsigned char)line[name]) || line[name] == '_' || line[name] == ':') name++;
  struct reader r = {.lexer = {.text = line, .length = strlen(line), .offset = name, .arena = a, .fail = f}};
  *rest = line + name;
  if (name) r.pairs[r.count++] = (struct label_pair){"__name__", arena_copy_bytes(a, line, name)};
  if (line[name] == '{') {
    if (!lexer_next(&r.lexer, &r.token) || !read_braces(&r)) return false;
    *rest = line + r.token.offset + r.token.length;
  } else if (!name) {
    return fail(f, FAIL_CONFIG, "a series begins with a name or '{', not with: %s", line);
  }
  if (**rest && **rest != ' ' && **rest != '\t') return fail(f, FAIL_CONFIG, "a blank is expected before: %s", *rest);
  *ret = labels_new(r.pairs, r.count);
  arena_defer(a, drop_labels, *ret);
  return true;
}

/* Values */

struct slots {
  struct slot *items;
  size_t count, capacity;
  struct arena *arena;
};

static bool add_slots(struct slots *s, size_t times, struct slot slot, double more, struct fail *f) {
  if (times > SLOTS_MAX || s->count + times > SLOTS_MAX) return fail(f, FAIL_LIMIT, "a series has at most %d values", SLOTS_MAX);
  if (s->count + times > s->capacity) {
    struct slot *old = s->items;
    s->capacity = MAX(2 * s->capacity, s->count + times);
    s->items = arena_alloc(s->arena, s->capacity * sizeof *s->items);
    if (s->count) memcpy(s->items, old, s->count * sizeof *old);
  }
  for (; times > 0; times--) {
    s->items[s->count++] = slot;
    if (more != 0) slot.value += more; /* a sum with a stale marker is none */
  }
  return true;
}

/* The number at *text. Never hexadecimal: 0x4 is five zeros. */
static bool read_number(const char **text, double *ret) {
  static const char *const words[] = {"infinity", "inf", "nan"};
  const char *p = *text + (**text == '+' || **text == '-'), *start = p;
  for (size_t i = 0; i < COUNTOF(words) && p == start; i++)
    if (!strncasecmp(p, words[i], strlen(words[i]))) p += strlen(words[i]);
  if (p == start) {
    p += strspn(p, "0123456789.");
    size_t sign = 1 + (size_t)(p[0] && (p[1] == '+' || p[1] == '-'));
    if (p > start && (*p == 'e' || *p == 'E') && isdigit((unsigned char)p[sign])) p += sign + strspn(p + sign, "0123456789");
  }
  if (!number_parse(*text, (size_t)(p - *text), ret)) return false;
  *text = p;
  return true;
}

/* "x4" at *text, or nothing. */
static bool read_times(const char **text, size_t *ret) {
  uint64_t n;
  *ret = 0;
  if (**text != 'x') return true;
  const char *p = *text + 1, *end = p + strlen(p);
  if (!isdigit((unsigned char)*p) || !number_scan(&p, end, &n)) return false;
  *text = p;
  *ret = (size_t)n;
  return true;
}

static bool ends(const char *text) {
  return !*text || *text == ' ' || *text == '\t';
}

static bool read_histogram(const char **text) {
  const char *close = strstr(*text, "}}");
  if (strncmp(*text, "{{", 2) != 0 || !close) return false;
  *text = close + 2;
  return true;
}

static bool read_nothing(const char **text, struct slots *s, struct fail *f) {
  size_t times;
  bool many = *++*text == 'x';
  if (!read_times(text, &times)) return fail(f, FAIL_CONFIG, "how many times is expected at: %s", *text);
  return add_slots(s, many ? times : 1, (struct slot){SLOT_NOTHING, 0}, 0, f);
}

static bool read_item(const char **text, struct slots *s, struct fail *f) {
  const char *item = *text;
  struct slot slot = {.kind = SLOT_NUMBER};
  double more = 0;
  size_t times;
  if (*item == '_') return read_nothing(text, s, f);
  if (!strncmp(item, "stale", 5)) {
    slot.value = stale_marker();
    *text += 5;
  } else if (read_histogram(text)) {
    slot.kind = SLOT_HISTOGRAM;
    if ((**text == '+' || **text == '-') && ++*text && !read_histogram(text)) return fail(f, FAIL_CONFIG, "bad value: %s", item);
  } else if (!read_number(text, &slot.value)) {
    return fail(f, FAIL_CONFIG, "bad value: %s", item);
  } else if (**text == '+' || **text == '-') {
    if (!read_number(text, &more)) return fail(f, FAIL_CONFIG, "bad value: %s", item);
  }
  if (!read_times(text, &times) || !ends(*text)) return fail(f, FAIL_CONFIG, "bad value: %s", item);
  return add_slots(s, times + 1, slot, more, f);
}

bool notation_parse(const char *line, struct arena *a, struct sequence *ret, struct fail *f) {
  struct slots s = {.arena = a};
  const char *rest;
  if (!read_labels(line, a, &ret->labels, &rest, f)) return false;
  for (rest += strspn(rest, " \t"); *rest; rest += strspn(rest, " \t"))
    if (!read_item(&rest, &s, f)) return false;
  ret->slots = s.items;
  ret->count = s.count;
  return true;
}
