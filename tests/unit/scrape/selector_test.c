/* Selectors: what they match, and what is said of those that are wrong. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/attr.h"
#include "collectors/scrape/selector.h"

static const struct label labels[] = {
    {"status", "503", LABEL_STRING},
    {"path", "/a\"b\\c\n", LABEL_STRING},
    {"method", "GETTER", 3},
};

static bool selects(const char *text) {
  SCOPED(arena_done) struct arena a;
  struct selector s;
  struct fail f = {0};
  arena_init(&a);
  if (!selector_parse(text, &a, &s, &f)) fail_msg("%s: %s", text, f.text);
  return selector_matches(&s, "http_requests_total", labels, COUNTOF(labels));
}

static const char *refusal(const char *text) {
  SCOPED(arena_done) struct arena a;
  static struct fail f;
  struct selector s;
  arena_init(&a);
  if (selector_parse(text, &a, &s, &f)) fail_msg("accepted: %s", text);
  return f.text;
}

static void a_name_is_the_whole_name(void **state) {
  (void)state;
  assert_true(selects("http_requests_total"));
  assert_true(selects("  http_requests_total {} "));
  assert_false(selects("http_requests"));
  assert_false(selects("http_requests_total:sum"));
  assert_true(selects("{__name__=\"http_requests_total\"}"));
  assert_true(selects("{__name__=~\"http_.*\"}"));
  assert_false(selects("{__name__=~\"http_\"}")); /* anchored */
  assert_false(selects("{__name__!~\".*_total\"}"));
}

static void labels_are_compared_as_in_prometheus(void **state) {
  (void)state;
  assert_true(selects("http_requests_total{status=\"503\"}"));
  assert_true(selects("{status=~\"5..\",method='GET',}"));
  assert_false(selects("{status=~\"5\"}"));
  assert_false(selects("{status!~\"5..\"}"));
  assert_false(selects("{status=~\"5..\",method!=\"GET\"}"));
  assert_false(selects("{method=\"GETTER\"}")); /* a value ends where its length says */
  assert_true(selects("{absent=\"\"}"));
  assert_true(selects("{absent!=\"x\"}"));
  assert_false(selects("{absent!=\"\"}"));
  assert_true(selects("{absent=~\"|x\"}"));
}

static void texts_are_quoted_in_three_ways(void **state) {
  (void)state;
  assert_true(selects("{path=\"/a\\\"b\\\\c\\n\"}"));
  assert_true(selects("{path='/a\"b\\\\c\\n'}"));
  assert_true(selects("{path=~`/a\"b\\\\c\\n`}"));
  assert_false(selects("{path=`/a\"b\\\\c\\n`}"));
}

static void what_is_wrong_has_its_place(void **state) {
  (void)state;
  assert_string_equal(refusal("up{job}"), "at character 7 one of = != =~ !~ belongs");
  assert_string_equal(refusal("up{job=a}"), "at character 8 a text in quotes belongs");
  assert_string_equal(refusal("up{job=\"a}"), "at character 11 a text is not closed");
  assert_string_equal(refusal("up{job=\"a\" b=\"c\"}"), "at character 12 a comma or a } belongs");
  assert_string_equal(refusal("up{job=\"a\""), "at character 11 a comma or a } belongs");
  assert_string_equal(refusal("up{9a=\"a\"}"), "at character 4 the name of a label belongs");
  assert_string_equal(refusal("up{,}"), "at character 4 the name of a label belongs");
  assert_string_equal(refusal("up{a=\"\\x\"}"), "at character 8 a backslash does not belong; write \\\\ for one");
  assert_non_null(strstr(refusal("up{a=~\"(\"}"), "at character 7: "));
  assert_non_null(strstr(refusal("up > 5"), "at character 4 a selector ends"));
  assert_non_null(strstr(refusal("go_.*"), "at character 4 a selector ends")); /* a regular expression of a name is no selector */
  assert_non_null(strstr(refusal(""), "needs a name or a label"));
  assert_non_null(strstr(refusal(" {} "), "needs a name or a label"));
}

static void a_selector_without_end_is_refused(void **state) {
  (void)state;
  char text[1000] = "up{";
  for (int i = 0; i < 33; i++) strcat(text, "a=\"b\",");
  strcat(text, "}");
  assert_non_null(strstr(refusal(text), "too many labels"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_name_is_the_whole_name),          cmocka_unit_test(labels_are_compared_as_in_prometheus),
      cmocka_unit_test(texts_are_quoted_in_three_ways),    cmocka_unit_test(what_is_wrong_has_its_place),
      cmocka_unit_test(a_selector_without_end_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
