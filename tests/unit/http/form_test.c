/* Parameters as browsers, curl and Grafana write them. */
#include "tests/unit/test.h"

#include <string.h>

#include "agent/http/form.h"

static struct form form;
static struct arena arena;

static bool parse(const char *text) {
  arena_done(&arena);
  arena_init(&arena);
  form = (struct form){.arena = &arena};
  return form_parse(&form, text, strlen(text));
}

static const char *value_of(const char *name) {
  for (size_t i = 0; i < form.count; i++)
    if (!strcmp(form.parameters[i].name, name)) return form.parameters[i].value;
  return NULL;
}

static void an_expression_arrives_as_it_was_written(void **state) {
  (void)state;
  assert_true(parse("query=rate(x%5B5m%5D)+%3E+1&time=1.5&match%5B%5D=a&match[]=b"));
  assert_string_equal(value_of("query"), "rate(x[5m]) > 1");
  assert_string_equal(value_of("time"), "1.5");
  assert_int_equal(form.count, 4);
  assert_string_equal(form.parameters[3].name, "match[]");
  assert_string_equal(form.parameters[3].value, "b");
}

static void what_is_no_escape_stays(void **state) {
  (void)state;
  assert_true(parse("a=100%&b=%zz&c=%4&&=x&d"));
  assert_string_equal(value_of("a"), "100%");
  assert_string_equal(value_of("b"), "%zz");
  assert_string_equal(value_of("c"), "%4");
  assert_string_equal(value_of(""), "x");
  assert_string_equal(value_of("d"), "");
}

static void a_zero_byte_and_too_many_are_refused(void **state) {
  (void)state;
  char many[8 * FORM_PARAMETERS_MAX];
  assert_false(parse("query=up%00"));
  *many = 0;
  for (size_t i = 0; i <= FORM_PARAMETERS_MAX; i++) memcpy(many + 2 * i, "a&", 3);
  assert_false(parse(many));
  assert_true(parse(many + 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_expression_arrives_as_it_was_written),
      cmocka_unit_test(what_is_no_escape_stays),
      cmocka_unit_test(a_zero_byte_and_too_many_are_refused),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  arena_done(&arena);
  return failed;
}
