/* Conditions on JSON: see condition.h. */
#include "collectors/http/condition.h"

#include <string.h>

#include "base/regex.h"
#include "base/text.h"
#include "collectors/http/quote.h"

enum { WHERE_MAX = 120 };

static const char *const operators[] = {
    [COMPARE_EQ] = "==", [COMPARE_NE] = "!=", [COMPARE_MATCH] = "=~", [COMPARE_NO_MATCH] = "!~",
    [COMPARE_LE] = "<=", [COMPARE_GE] = ">=", [COMPARE_LT] = "<",     [COMPARE_GT] = ">",
};

struct parsing {
  struct arena *arena;
  const char *text, *at;
  struct fail *fail;
};

static bool wrong(const struct parsing *p, const char *what) {
  return fail(p->fail, FAIL_CONFIG, "%s at character %zu of %.80s", what, (size_t)(p->at - p->text) + 1, p->text);
}

static void skip_blanks(struct parsing *p) {
  p->at += strspn(p->at, " \t");
}

/* Longer operators stand before those they begin with. */
static bool parse_operator(struct parsing *p, struct condition *c) {
  for (size_t i = COMPARE_EQ; i < COUNTOF(operators); i++) {
    size_t length = strlen(operators[i]);
    if (strncmp(p->at, operators[i], length) != 0) continue;
    c->compare = (enum comparison)i;
    p->at += length;
    return true;
  }
  return wrong(p, "one of == != =~ !~ < <= > >= is missing");
}

static bool parse_text(struct parsing *p, struct condition *c) {
  const char *end = strchr(p->at + 1, *p->at);
  if (!end) return wrong(p, "a quotation mark is not closed");
  c->type = JSON_STRING;
  c->text = arena_copy_bytes(p->arena, p->at + 1, (size_t)(end - p->at) - 1);
  p->at = end + 1;
  return true;
}

static bool parse_word(struct parsing *p, struct condition *c) {
  static const struct {
    const char *word;
    json_type type;
  } words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};
  size_t length = strcspn(p->at, " \t");
  c->type = JSON_REAL;
  bool good = number_parse(p->at, length, &c->number);
  for (size_t i = 0; i < COUNTOF(words) && !good; i++)
    if (strlen(words[i].word) == length && !strncmp(p->at, words[i].word, length)) {
      c->type = words[i].type;
      good = true;
    }
  if (!good) return wrong(p, "a number, a text in quotation marks, true, false or null is missing");
  p->at += length;
  return true;
}

static void free_regex(void *regex) {
  regex_free(regex);
}

static bool parse_regex(struct parsing *p, struct condition *c) {
  if (*p->at != '"' && *p->at != '\'') return wrong(p, "a regular expression in quotation marks is missing");
  if (!parse_text(p, c)) return false;
  c->regex = regex_new_search(c->text, p->fail);
  if (c->regex) arena_defer(p->arena, free_regex, c->regex);
  return c->regex;
}

static bool parse_value(struct parsing *p, struct condition *c) {
  const char *begin = p->at;
  if (c->compare == COMPARE_MATCH || c->compare == COMPARE_NO_MATCH) return parse_regex(p, c);
  if (!(*p->at == '"' || *p->at == '\'' ? parse_text(p, c) : parse_word(p, c))) return false;
  bool ordered = c->compare >= COMPARE_LE;
  if (!ordered || c->type == JSON_REAL) return true;
  p->at = begin;
  return wrong(p, "only numbers can be compared with < <= > >=, but there is something else");
}

bool condition_parse(struct arena *a, const char *text, struct condition *ret, struct fail *f) {
  struct parsing p = {.arena = a, .text = text, .fail = f};
  *ret = (struct condition){.compare = COMPARE_EXISTS};
  if (!json_path_parse(a, text, &ret->path, &p.at, f)) return false;
  skip_blanks(&p);
  if (!*p.at) return true;
  if (!parse_operator(&p, ret)) return false;
  skip_blanks(&p);
  if (!parse_value(&p, ret)) return false;
  skip_blanks(&p);
  return !*p.at || wrong(&p, "the condition should end");
}

static void show_value(struct buf *out, const json_t *value) {
  static const char *const words[] = {[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "\"\"",
                                      [JSON_TRUE] = "true",        [JSON_FALSE] = "false",    [JSON_NULL] = "null"};
  char number[NUMBER_SIZE];
  size_t before = out->length;
  if (json_is_number(value))
    buf_put(out, number, number_format(json_number_value(value), number));
  else if (json_is_string(value))
    quote(out, json_string_value(value), json_string_length(value));
  if (out->length == before) buf_puts(out, words[json_typeof(value)]);
}

static bool equals(const struct condition *c, const json_t *value) {
  if (json_is_number(value)) return c->type == JSON_REAL && json_number_value(value) == c->number;
  if (json_typeof(value) != c->type) return false;
  return c->type != JSON_STRING || !strcmp(json_string_value(value), c->text);
}

const char *condition_text(const json_t *value, char number[NUMBER_SIZE], size_t *ret_length) {
  const char *text = json_is_true(value) ? "true" : json_is_false(value) ? "false" : json_string_value(value);
  if (json_is_number(value)) {
    number_format(json_number_value(value), number);
    text = number;
  }
  *ret_length = json_is_string(value) ? json_string_length(value) : text ? strlen(text) : 0;
  return text;
}

/* Of a search that would take too long neither can be said. */
static bool is_matched(const struct condition *c, const json_t *value) {
  char number[NUMBER_SIZE];
  bool match = false;
  size_t length;
  const char *text = condition_text(value, number, &length);
  return (!text || regex_try(c->regex, text, length, &match)) && match == (c->compare == COMPARE_MATCH);
}

static bool is_so(const struct condition *c, const json_t *value) {
  double number = json_number_value(value);
  switch (c->compare) {
  case COMPARE_EXISTS:
    return true;
  case COMPARE_EQ:
    return equals(c, value);
  case COMPARE_NE:
    return !equals(c, value);
  case COMPARE_MATCH:
  case COMPARE_NO_MATCH:
    return is_matched(c, value);
  case COMPARE_LT:
    return json_is_number(value) && number < c->number;
  case COMPARE_LE:
    return json_is_number(value) && number <= c->number;
  case COMPARE_GT:
    return json_is_number(value) && number > c->number;
  case COMPARE_GE:
    return json_is_number(value) && number >= c->number;
  }
  return false;
}

static void show_expected(struct buf *out, const struct condition *c) {
  char number[NUMBER_SIZE];
  if (c->compare != COMPARE_EQ) buf_printf(out, "%s ", operators[c->compare]);
  if (c->type == JSON_STRING)
    buf_printf(out, "\"%.200s\"", c->text);
  else if (c->type == JSON_REAL)
    buf_put(out, number, number_format(c->number, number));
  else
    buf_puts(out, c->type == JSON_TRUE ? "true" : c->type == JSON_FALSE ? "false" : "null");
}

/* Where it stands, as a condition has it. The names in it are the server's. */
static void show_where(struct buf *out, const char *where) {
  char line[WHERE_MAX + 1] = "";
  memcpy(line, where, strnlen(where, WHERE_MAX));
  for (char *c = line; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7F) *c = ' ';
  if (*line != '$') buf_puts(out, *line == '[' ? "$" : "$.");
  text_clean(out, line, strlen(line), sizeof line * 3);
}

/* The first that is not so is told. */
struct judging {
  const struct condition *condition;
  struct fail *fail;
  bool good;
};

static void judge(void *arg, const char *where, const json_t *value) {
  struct judging *j = arg;
  if (!j->good || is_so(j->condition, value)) return;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, 2048);
  show_where(&said, where);
  buf_puts(&said, " is ");
  show_value(&said, value);
  buf_puts(&said, ", not ");
  show_expected(&said, j->condition);
  j->good = fail(j->fail, FAIL_UNEXPECTED, "%s", said.data);
}

bool condition_holds(const struct condition *c, const json_t *root, struct fail *f) {
  struct judging j = {.condition = c, .fail = f, .good = true};
  if (!json_path_walk(&c->path, root, judge, &j)) return fail(f, FAIL_UNEXPECTED, "%s is not there", c->path.text);
  return j.good;
}
