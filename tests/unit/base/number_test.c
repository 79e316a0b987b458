/* Numbers: a value on the page must be the value that was measured. */
#include "tests/unit/test.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static const char *shown(double value) {
  static char out[NUMBER_SIZE];
  size_t length = number_format(value, out);
  assert_int_equal(length, strlen(out));
  return out;
}

static void common_values_are_written_as_people_write_them(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } rows[] = {{0, "0"},
              {-0.0, "0"},
              {1, "1"},
              {-7, "-7"},
              {0.1, "0.1"},
              {0.25, "0.25"},
              {123456.78, "123456.78"},
              {-2.5, "-2.5"},
              {9007199254740991.0, "9007199254740991"},
              {1e30, "1e+30"},
              {1.5e-12, "1.5e-12"},
              {1795232779, "1795232779"},
              {0.000000001, "0.000000001"},
              {NAN, "NaN"},
              {INFINITY, "+Inf"},
              {-INFINITY, "-Inf"}};
  for (size_t i = 0; i < COUNTOF(rows); i++) assert_string_equal(shown(rows[i].value), rows[i].text);
}

static void any_double_reads_back_exactly(void **state) {
  (void)state;
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 200000; i++) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    double value;
    if (i % 2)
      memcpy(&value, &bits, sizeof value);
    else
      value = (double)(bits % 1000000000000u) / (double[]){1e1, 1e2, 1e3, 1e6, 1e9, 7}[i / 2 % 6];
    if (isnan(value) || isinf(value)) continue;
    const char *text = shown(value);
    double back;
    assert_true(number_parse(text, strlen(text), &back));
    assert_true(back == value);
  }
}

static void only_numbers_parse(void **state) {
  (void)state;
  static const char *const bad[] = {"", " 1", "1 ", "0x10", "1,5", "abc", "1e", "--1", "1_000", "nane"};
  double value;
  for (size_t i = 0; i < COUNTOF(bad); i++) assert_false(number_parse(bad[i], strlen(bad[i]), &value));
  assert_true(number_parse("1.5e3", 5, &value) && value == 1500);
  assert_true(number_parse("+Inf", 4, &value) && isinf(value));
  assert_true(number_parse("nan", 3, &value) && isnan(value));
}

static void a_plain_decimal_reads_to_the_last_bit_as_the_library_reads_it(void **state) {
  (void)state;
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 200000; i++) {
    char text[32];
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    int length = snprintf(text, sizeof text, "%0*llu", i % 17 + 1, (unsigned long long)(bits >> i % 64));
    if (i % 3) text[bits % (unsigned)length] = '.';
    char *end;
    double value = 0, expected = strtod(text, &end);
    assert_int_equal(number_parse(text, (size_t)length, &value), *end == 0 && end != text);
    if (*end == 0) assert_memory_equal(&value, &expected, sizeof value);
  }
}

static void scanning_a_line_of_proc_yields_each_number_once(void **state) {
  (void)state;
  static const char line[] = "  12 0\t18446744073709551615 x";
  const char *cursor = line, *end = line + sizeof line - 1;
  uint64_t a, b, c, d;
  assert_true(number_scan(&cursor, end, &a) && number_scan(&cursor, end, &b) && number_scan(&cursor, end, &c));
  assert_true(a == 12 && b == 0 && c == UINT64_MAX);
  assert_false(number_scan(&cursor, end, &d));
  cursor = line;
  assert_true(number_scan(&cursor, line + 3, &a) && a == 1); /* stops where it is told */
}

static void sizes_are_powers_of_1024_and_do_not_overflow(void **state) {
  (void)state;
  int64_t n;
  assert_true(bytes_parse("512", &n) && n == 512);
  assert_true(bytes_parse("16KB", &n) && n == 16384);
  assert_true(bytes_parse("8MiB", &n) && n == 8388608);
  assert_false(bytes_parse("16 KB", &n) || bytes_parse("x", &n) || bytes_parse("", &n) || bytes_parse("99999999999999T", &n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(common_values_are_written_as_people_write_them),
      cmocka_unit_test(any_double_reads_back_exactly),
      cmocka_unit_test(only_numbers_parse),
      cmocka_unit_test(a_plain_decimal_reads_to_the_last_bit_as_the_library_reads_it),
      cmocka_unit_test(scanning_a_line_of_proc_yields_each_number_once),
      cmocka_unit_test(sizes_are_powers_of_1024_and_do_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
