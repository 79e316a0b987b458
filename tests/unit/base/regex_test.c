/* Regular expressions whose groups are used: label_replace and templates. */
#include "tests/unit/test.h"

#include <string.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_stand_where_go_would_put_them),
      cmocka_unit_test(a_search_goes_on_behind_the_last_match),
      cmocka_unit_test(an_expression_that_would_run_for_ever_does_not_match),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
