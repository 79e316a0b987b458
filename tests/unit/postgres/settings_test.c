/* Settings of a server as metrics: the names and numbers that people's dashboards already have. */
#include "tests/unit/test.h"

#include <math.h>

#include "collectors/postgres/settings.h"

static double read(const char *unit, const char *text, const char **suffix) {
  double scale, value = NAN;
  if (!setting_unit(unit, suffix, &scale) || !setting_value(text, scale, &value)) return NAN;
  return value;
}

static void check(const char *unit, const char *text, const char *suffix, double value) {
  const char *got = "unread";
  double number = read(unit, text, &got);
  if (number != value) fail_msg("%s %s: %.17g, not %.17g", text, unit, number, value);
  assert_string_equal(got, suffix);
}

static void units_become_seconds_and_bytes(void **state) {
  (void)state;
  check("8kB", "16384", "_bytes", 134217728);
  check("kB", "4096", "_bytes", 4194304);
  check("MB", "1024", "_bytes", 1073741824);
  check("B", "1024", "_bytes", 1024);
  check("GB", "2", "_bytes", 2147483648.0);
  check("16MB", "64", "_bytes", 1073741824);
  check("s", "300", "_seconds", 300);
  check("min", "5", "_seconds", 300);
  check("h", "1", "_seconds", 3600);
  check("d", "2", "_seconds", 172800);
  check("ms", "1000", "_seconds", 1);
  check("ms", "2", "_seconds", 0.002);
  check("ms", "10", "_seconds", 0.01);
}

static void what_has_no_unit_stays_as_it_is(void **state) {
  (void)state;
  check("", "100", "", 100);
  check("", "0.2", "", 0.2);
  check("", "on", "", 1);
  check("", "off", "", 0);
  check("", "1e-05", "", 1e-05);
}

static void minus_one_means_off_and_is_not_scaled(void **state) {
  (void)state;
  check("kB", "-1", "_bytes", -1);
  check("ms", "-1", "_seconds", -1);
}

static void a_setting_that_is_no_number_or_has_a_foreign_unit_is_left_out(void **state) {
  (void)state;
  const char *suffix;
  assert_true(isnan(read("kB", "12kB", &suffix)));
  assert_true(isnan(read("", "replica", &suffix)));
  assert_true(isnan(read("", "", &suffix)));
  assert_true(isnan(read("furlong", "1", &suffix)));
  assert_true(isnan(read("8", "1", &suffix)));
}

static void a_setting_of_an_extension_has_a_legal_name(void **state) {
  (void)state;
  char name[64];
  setting_name(name, sizeof name, "pg_stat_statements.max", "");
  assert_string_equal(name, "pg_settings_pg_stat_statements_max");
  setting_name(name, sizeof name, "my-ext.size", "_bytes");
  assert_string_equal(name, "pg_settings_my_ext_size_bytes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units_become_seconds_and_bytes),
      cmocka_unit_test(what_has_no_unit_stays_as_it_is),
      cmocka_unit_test(minus_one_means_off_and_is_not_scaled),
      cmocka_unit_test(a_setting_that_is_no_number_or_has_a_foreign_unit_is_left_out),
      cmocka_unit_test(a_setting_of_an_extension_has_a_legal_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
