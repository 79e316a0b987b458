/* Regular expressions whose groups are used: label_replace and templates. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/mem.h"
#include "base/regex.h"

static const char *expanded(const char *pattern, const char *text, const char *template) {
  static char out[256];
  struct fail why = {0};
  struct regex *r = regex_new_part(pattern, &why);
  struct regex_groups groups;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, sizeof out - 1);
  if (!r) fail_msg("%s: %s", pattern, why.text);
  if (!regex_find(r, text, strlen(text), 0, &groups)) fail_msg("%s does not match %s", pattern, text);
  regex_expand(&b, r, template, text, &groups);
  regex_free(r);
  return strcpy(out, b.length ? b.data : "");
}

static void groups_stand_where_go_would_put_them(void **state) {
  (void)state;
  assert_string_equal(expanded("(a+)(b*)", "xaab", "$1-$2-$0"), "aa-b-aab");
  assert_string_equal(expanded("(a+)", "aa", "${1}x$1x$"), "aax$");
  assert_string_equal(expanded("(?P<host>[a-z]+):(?<port>\\d+)", "db:5432", "$port at ${host}$$"), "5432 at db$");
  assert_string_equal(expanded("(a)|(b)", "b", "[$1$2$3$9]"), "[b]");
  assert_string_equal(expanded("a", "a", "${unclosed $-"), "${unclosed $-");
}

static void a_search_goes_on_behind_the_last_match(void **state) {
  (void)state;
  struct regex *r = regex_new_part("o", NULL);
  struct regex_groups groups;
  assert_true(regex_find(r, "foo", 3, 2, &groups));
  assert_int_equal(groups.from[0], 2);
  assert_false(regex_find(r, "foo", 3, 3, &groups));
  regex_free(r);
}

static void an_expression_that_would_run_for_ever_does_not_match(void **state) {
  (void)state;
  struct regex *r = regex_new_part("(a+)+$", NULL);
  struct regex_groups groups;
  assert_false(regex_find(r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 45, 0, &groups));
  regex_free(r);
}

static bool found(const char *pattern, const char *text, size_t length) {
  struct fail why = {0};
  struct regex *r = regex_new_search(pattern, &why);
  if (!r) fail_msg("%s: %s", pattern, why.text);
  bool match;
  assert_true(regex_try(r, text, length, &match));
  assert_int_equal(match, regex_match(r, text, length));
  regex_free(r);
  return match;
}

static void a_long_text_is_searched_to_its_end(void **state) {
  (void)state;
  size_t length = 1 << 20;
  SCOPED(mem_free) char *text = mem_zero(length + 1);
  memset(text, 'x', length);
  memcpy(text + length - 6, "\nready", 6);
  assert_true(found("ready", text, length));
  assert_true(found("^ready$|never", text, length) == false);
  assert_true(found("(?m)^ready$", text, length));
  assert_true(found("steady|ready", text, length));
  assert_false(found("x.ready", text, length));
  assert_false(found("steady", text, length));
}

static void a_search_that_would_take_too_long_gives_up_and_says_so(void **state) {
  (void)state;
  size_t length = 1 << 20;
  SCOPED(mem_free) char *text = mem_zero(length + 1);
  memset(text, 'a', length);
  static const char *const dear[] = {"(a+)+b", "a.*b", "(a|aa)+$b"};
  for (size_t i = 0; i < COUNTOF(dear); i++) {
    struct regex *r = regex_new_search(dear[i], NULL);
    bool match = true;
    assert_false(regex_try(r, text, length, &match));
    assert_false(match);
    regex_free(r);
  }
}

static void a_wrong_expression_is_refused_where_it_is_wrong(void **state) {
  (void)state;
  struct fail why = {0};
  assert_null(regex_new_search("a)|(b", &why));
  assert_string_equal(why.text, "the regular expression is wrong at character 2: unmatched closing parenthesis");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_stand_where_go_would_put_them),
      cmocka_unit_test(a_search_goes_on_behind_the_last_match),
      cmocka_unit_test(an_expression_that_would_run_for_ever_does_not_match),
      cmocka_unit_test(a_long_text_is_searched_to_its_end),
      cmocka_unit_test(a_search_that_would_take_too_long_gives_up_and_says_so),
      cmocka_unit_test(a_wrong_expression_is_refused_where_it_is_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
