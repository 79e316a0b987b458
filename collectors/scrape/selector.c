/* Selectors: see selector.h. */
#include "collectors/scrape/selector.h"

#include <string.h>

#include "base/regex.h"

enum { MATCHERS_MAX = 32 };

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS  "0123456789"

struct label_matcher {
  const char *name, *value;
  struct regex *regex; /* NULL: the value itself */
  bool negative;
};

struct cursor {
  const char *text, *at;
  struct arena *arena;
  struct fail *fail;
};

static bool refuse(struct cursor *c, const char *sentence) {
  return fail(c->fail, FAIL_CONFIG, "at character %zu %s", (size_t)(c->at - c->text) + 1, sentence);
}

static void skip_blanks(struct cursor *c) {
  c->at += strspn(c->at, " \t\r\n");
}

static bool skip(struct cursor *c, char letter) {
  skip_blanks(c);
  if (*c->at != letter) return false;
  c->at++;
  return true;
}

/* A name of a label, with `colons` of a metric; "" when there is none. */
static const char *read_name(struct cursor *c, bool colons) {
  skip_blanks(c);
  size_t length = strspn(c->at, colons ? LETTERS DIGITS ":" : LETTERS DIGITS);
  if (strspn(c->at, DIGITS)) length = 0;
  const char *name = arena_copy_bytes(c->arena, c->at, length);
  c->at += length;
  return name;
}

static bool read_operator(struct cursor *c, struct label_matcher *m, bool *ret_regex) {
  static const char *const operators[] = {"=~", "!~", "!=", "="};
  skip_blanks(c);
  for (size_t i = 0; i < COUNTOF(operators); i++) {
    size_t length = strlen(operators[i]);
    if (strncmp(c->at, operators[i], length) != 0) continue;
    m->negative = *operators[i] == '!';
    *ret_regex = operators[i][length - 1] == '~';
    c->at += length;
    return true;
  }
  return refuse(c, "one of = != =~ !~ belongs");
}

/* What a backslash and this letter stand for; 0 for nothing. */
static char unescape(char letter) {
  static const char from[] = "\\\"'nt", to[] = "\\\"'\n\t";
  const char *at = letter ? strchr(from, letter) : NULL;
  return at ? to[at - from] : 0;
}

/* A text in quotes; between backticks a backslash is a backslash. */
static bool read_text(struct cursor *c, const char **ret) {
  skip_blanks(c);
  char quote = *c->at;
  if (!quote || !strchr("\"'`", quote)) return refuse(c, "a text in quotes belongs");
  char *out = arena_alloc(c->arena, strlen(c->at) + 1), *to = out;
  for (c->at++; *c->at != quote; c->at++) {
    if (!*c->at) return refuse(c, "a text is not closed");
    bool escaped = *c->at == '\\' && quote != '`';
    if (escaped && !unescape(*++c->at)) return refuse(c, "a backslash does not belong; write \\\\ for one");
    *to++ = escaped ? unescape(*c->at) : *c->at;
  }
  c->at++;
  *ret = out;
  return true;
}

static void free_regex(void *regex) {
  regex_free(regex);
}

static bool read_matcher(struct cursor *c, struct label_matcher *m) {
  bool is_regex = false;
  m->name = read_name(c, false);
  if (!*m->name) return refuse(c, "the name of a label belongs");
  if (!read_operator(c, m, &is_regex)) return false;
  skip_blanks(c);
  size_t where = (size_t)(c->at - c->text) + 1;
  if (!read_text(c, &m->value)) return false;
  if (!is_regex) return true;
  m->regex = regex_new(m->value, c->fail);
  if (!m->regex) return fail_prefix(c->fail, "at character %zu", where);
  arena_defer(c->arena, free_regex, m->regex);
  return true;
}

/* Behind the {. */
static bool read_matchers(struct cursor *c, struct selector *s) {
  s->matchers = arena_alloc(c->arena, MATCHERS_MAX * sizeof *s->matchers);
  while (!skip(c, '}')) {
    if (s->count == MATCHERS_MAX) return refuse(c, "there are too many labels; at most 32 are allowed");
    if (!read_matcher(c, &s->matchers[s->count++])) return false;
    if (!skip(c, ',') && *c->at != '}') return refuse(c, "a comma or a } belongs");
  }
  return true;
}

bool selector_parse(const char *text, struct arena *a, struct selector *ret, struct fail *f) {
  struct cursor c = {text, text, a, f};
  *ret = (struct selector){.name = read_name(&c, true)};
  if (skip(&c, '{') && !read_matchers(&c, ret)) return false;
  skip_blanks(&c);
  if (*c.at)
    return refuse(&c, "a selector ends; it is written like name{label=\"value\"}, or {__name__=~\"go_.*\"} for many names");
  if (!*ret->name && !ret->count) return fail(f, FAIL_CONFIG, "a selector needs a name or a label: {__name__=~\"http_.*\"}");
  return true;
}

static bool matches(const struct label_matcher *m, const char *name, const struct label *labels, size_t count) {
  const char *value = strcmp(m->name, "__name__") ? "" : name;
  size_t length = strlen(value);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(labels[i].name, m->name) != 0) continue;
    value = labels[i].value;
    length = labels[i].length == LABEL_STRING ? strlen(value) : labels[i].length;
  }
  bool equal = m->regex ? regex_match(m->regex, value, length) : strlen(m->value) == length && !memcmp(m->value, value, length);
  return equal != m->negative;
}

bool selector_matches(const struct selector *s, const char *name, const struct label *labels, size_t count) {
  if (*s->name && strcmp(s->name, name) != 0) return false;
  for (size_t i = 0; i < s->count; i++)
    if (!matches(&s->matchers[i], name, labels, count)) return false;
  return true;
}
