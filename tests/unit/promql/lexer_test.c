/* PromQL's words: numbers, durations and strings as Prometheus reads them. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "agent/promql/lexer.h"

struct world {
  struct arena arena;
  struct fail fail;
  struct lexer lexer;
};

static int set_up(void **state) {
  static struct world w;
  w = (struct world){0};
  arena_init(&w.arena);
  *state = &w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  arena_done(&w->arena);
  return 0;
}

static void begin(struct world *w, const char *text) {
  w->lexer = (struct lexer){.text = text, .length = strlen(text), .arena = &w->arena, .fail = &w->fail};
}

/* The only token of a text. */
static struct token only(struct world *w, const char *text) {
  struct token t, end;
  begin(w, text);
  if (!lexer_next(&w->lexer, &t)) fail_msg("%s: %s", text, w->fail.text);
  assert_true(lexer_next(&w->lexer, &end));
  if (end.kind != TOKEN_END) fail_msg("%s: more than one token", text);
  return t;
}

static void numbers_mean_what_they_mean_in_prometheus(void **state) {
  static const struct {
    const char *text;
    double value;
  } table[] = {
      {"0", 0},      {"23", 23},    {".2", 0.2},       {"2.", 2},         {"2.43e-3", 0.00243}, {"12.34E+6", 12.34e6},
      {"0x8f", 143}, {"0XFF", 255}, {"inf", INFINITY}, {"iNF", INFINITY}, {"1_000_000", 1e6},   {"0755", 493},
      {"08", 8},     {"0.5", 0.5},  {"00", 0},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct token t = only(*state, table[i].text);
    assert_int_equal(t.kind, TOKEN_NUMBER);
    if (t.number != table[i].value) fail_msg("%s is read as %g", table[i].text, t.number);
  }
  assert_true(isnan(only(*state, "NaN").number));
}

static void durations_are_seconds(void **state) {
  static const struct {
    const char *text;
    double seconds;
  } table[] = {{"5m", 300}, {"1h30m", 5400}, {"90s", 90}, {"250ms", 0.25}, {"1d", 86400}, {"2w", 1209600}, {"1y", 31536000}};
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct token t = only(*state, table[i].text);
    assert_int_equal(t.kind, TOKEN_DURATION);
    if (t.number != table[i].seconds) fail_msg("%s is read as %g", table[i].text, t.number);
  }
}

static void strings_are_unquoted_as_in_go(void **state) {
  static const struct {
    const char *text, *string;
  } table[] = {
      {"\"abc\"", "abc"},
      {"'abc'", "abc"},
      {"`a\\nb`", "a\\nb"},
      {"\"a\\nb\\t\\\\\"", "a\nb\t\\"},
      {"'it\\'s'", "it's"},
      {"\"\\x41\\101\\u00e9\\U0001F600\"", "AA\xc3\xa9\xf0\x9f\x98\x80"},
      {"\"\"", ""},
      {"`line\nline`", "line\nline"},
      {"\"# no comment\"", "# no comment"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct token t = only(*state, table[i].text);
    assert_int_equal(t.kind, TOKEN_STRING);
    assert_string_equal(t.string, table[i].string);
  }
}

static void operators_and_words_are_told_apart(void **state) {
  struct world *w = *state;
  static const struct {
    const char *text;
    enum token_kind kinds[9];
  } table[] = {
      {"a==!=<=<>=> = =~",
       {TOKEN_NAME, TOKEN_EQUAL, TOKEN_NOT_EQUAL, TOKEN_LESS_EQUAL, TOKEN_LESS, TOKEN_GREATER_EQUAL, TOKEN_GREATER, TOKEN_ASSIGN,
        TOKEN_MATCH}},
      {"!~^% AND or Unless +", {TOKEN_NOT_MATCH, TOKEN_POW, TOKEN_MOD, TOKEN_AND, TOKEN_OR, TOKEN_UNLESS, TOKEN_ADD, TOKEN_END}},
      {"(){,}[:]",
       {TOKEN_LEFT_PAREN, TOKEN_RIGHT_PAREN, TOKEN_LEFT_BRACE, TOKEN_COMMA, TOKEN_RIGHT_BRACE, TOKEN_LEFT_BRACKET, TOKEN_COLON,
        TOKEN_RIGHT_BRACKET}},
      {"@ job:rate5m _x :y atan2 #", {TOKEN_AT, TOKEN_NAME, TOKEN_NAME, TOKEN_NAME, TOKEN_ATAN2, TOKEN_END}},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct token t;
    begin(w, table[i].text);
    for (size_t k = 0; k < 9; k++) {
      assert_true(lexer_next(&w->lexer, &t));
      if (t.kind != table[i].kinds[k]) fail_msg("%s: token %zu is '%s'", table[i].text, k, token_name(t.kind));
    }
  }
}

static void an_error_names_line_and_column_in_characters(void **state) {
  struct world *w = *state;
  struct token t;
  begin(w, "up # \xc3\xa9\n  == \"\xc3\xa9\xc3\xa9\" $");
  for (int i = 0; i < 3; i++) assert_true(lexer_next(&w->lexer, &t));
  assert_false(lexer_next(&w->lexer, &t));
  assert_string_equal(w->fail.text, "2:11: '$' has no meaning here");
  assert_int_equal(w->fail.kind, FAIL_CONFIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(numbers_mean_what_they_mean_in_prometheus),
      TEST(durations_are_seconds),
      TEST(strings_are_unquoted_as_in_go),
      TEST(operators_and_words_are_told_apart),
      TEST(an_error_names_line_and_column_in_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
