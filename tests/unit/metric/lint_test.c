/* The findings on names: each on the line where its family begins, once, and none where there is nothing to say. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "metric/lint.h"

static void tell(void *context, unsigned line, const char *name, const char *finding) {
  buf_printf(context, "%u %s %s\n", line, name, finding);
}

/* Lines of "line name finding"; static. */
static const char *findings(const char *page, enum exposition_format format, struct lint *lint) {
  static char result[2048];
  struct buf out;
  struct fail why = {0};
  buf_init(&out, sizeof result - 1);
  *lint = (struct lint){.context = &out, .found = tell};
  bool good = lint_exposition(lint, page, strlen(page), format, NULL, &why);
  snprintf(result, sizeof result, "%s", out.data ? out.data : "");
  buf_done(&out);
  if (!good) fail_msg("%s: %s", page, why.text);
  return result;
}

#define assert_finds(format, page, expected)                                                                                       \
  do {                                                                                                                             \
    struct lint lint;                                                                                                              \
    assert_string_equal(findings(page, format, &lint), expected);                                                                  \
  } while (0)

static void good_names_are_left_alone(void **state) {
  (void)state;
  struct lint lint;
  assert_string_equal(
      findings("# HELP a_seconds_total x\n# TYPE a_seconds_total counter\na_seconds_total{path=\"1\"} 1\n"
               "# HELP h_bytes x\n# TYPE h_bytes histogram\nh_bytes_bucket{le=\"+Inf\"} 1\nh_bytes_sum 1\nh_bytes_count 1\n"
               "# HELP thermometers x\nthermometers 3\n",
               EXPOSITION_TEXT, &lint),
      "");
  assert_int_equal(lint.families, 3);
  assert_int_equal(lint.samples, 5);
}

static void each_is_told_once_with_the_line_of_its_family(void **state) {
  (void)state;
  assert_finds(EXPOSITION_TEXT, "\n# TYPE a_gauge gauge\na_gauge{le=\"1\",aB=\"1\"} 1\na_gauge{le=\"2\",aB=\"2\"} 1\n",
               "2 a_gauge no help text\n2 a_gauge non-histogram metrics should not have \"le\" label\n"
               "2 a_gauge metric name should not include type 'gauge'\n"
               "2 a_gauge label names should be written in 'snake_case' not 'camelCase'\n");
}

static void units_are_words_of_the_name_and_not_parts_of_words(void **state) {
  (void)state;
  assert_finds(EXPOSITION_TEXT, "# HELP kilobytes x\nkilobytes 1\n# HELP wait_ms x\nwait_ms 1\n# HELP ms_wait x\nms_wait 1\n",
               "1 kilobytes use base unit \"bytes\" instead of \"kilobytes\"\n3 wait_ms metric names should not contain "
               "abbreviated units\n");
}

static void a_counter_of_openmetrics_goes_by_the_name_of_its_samples(void **state) {
  (void)state;
  assert_finds(EXPOSITION_OPENMETRICS,
               "# TYPE a counter\n# HELP a x\na_total 1\n# TYPE b_total gauge\n# HELP b_total x\nb_total 1\n# EOF\n",
               "4 b_total non-counter metrics should not have \"_total\" suffix\n");
}

static void what_is_wrong_by_the_letter_is_an_error_and_no_finding(void **state) {
  (void)state;
  static const char page[] = "# HELP a x\na 1\na 1\n";
  struct lint lint = {.found = tell};
  struct parser_place where;
  struct fail why;
  assert_false(lint_exposition(&lint, page, sizeof page - 1, EXPOSITION_TEXT, &where, &why));
  assert_int_equal(where.line, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_names_are_left_alone),
      cmocka_unit_test(each_is_told_once_with_the_line_of_its_family),
      cmocka_unit_test(units_are_words_of_the_name_and_not_parts_of_words),
      cmocka_unit_test(a_counter_of_openmetrics_goes_by_the_name_of_its_samples),
      cmocka_unit_test(what_is_wrong_by_the_letter_is_an_error_and_no_finding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
