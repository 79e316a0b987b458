/* Text from outside: nothing that a server says may break a page, a log line or a label. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/text.h"

static const char *cleaned(struct buf *b, const char *text, size_t length, size_t max) {
  buf_clear(b);
  text_clean(b, text, length, max);
  return b->data ? b->data : "";
}

static void a_password_survives_its_way_into_an_address(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 256);
  text_percent(&out, "aZ0-._~ @:/?#%\xC3\xBC", ":");
  assert_string_equal(out.data, "aZ0-._~%20%40:%2F%3F%23%25%C3%BC");
}

static void invalid_bytes_become_replacement_characters(void **state) {
  (void)state;
  static const struct {
    const char *in;
    size_t length;
    const char *out;
  } rows[] = {
      {"plain", 5, "plain"},
      {"", 0, ""},
      {"caf\xC3\xA9", 5, "caf\xC3\xA9"},
      {"a\xFF"
       "b",
       3,
       "a\xEF\xBF\xBD"
       "b"},
      {"a\0b", 3,
       "a\xEF\xBF\xBD"
       "b"},
      {"\xC3", 1, "\xEF\xBF\xBD"},                                                 /* cut in the middle */
      {"\xC0\x80", 2, "\xEF\xBF\xBD\xEF\xBF\xBD"},                                 /* overlong NUL */
      {"\xED\xA0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* surrogate */
      {"\xF4\x90\x80\x80", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* above U+10FFFF */
      {"\xF0\x9F\x90\x98", 4, "\xF0\x9F\x90\x98"},
  };
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 1000);
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    assert_string_equal(cleaned(&b, rows[i].in, rows[i].length, 200), rows[i].out);
    assert_true(text_is_clean(rows[i].out, strlen(rows[i].out)));
  }
}

static void a_long_text_is_cut_at_a_character_and_stays_distinct(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b, c;
  buf_init(&b, 1000);
  buf_init(&c, 1000);
  char one[600], two[600];
  for (size_t i = 0; i < sizeof one; i += 2) memcpy(one + i, "\xC3\xA9", 2);
  memcpy(two, one, sizeof two);
  two[599] = '\xA8';
  for (size_t max = 9; max < 60; max++) {
    cleaned(&b, one, sizeof one, max);
    cleaned(&c, two, sizeof two, max);
    assert_true(b.length <= max);
    assert_true(text_is_clean(b.data, b.length));
    assert_string_not_equal(b.data, c.data);
    assert_int_equal(b.data[b.length - 9], '~');
  }
}

static void a_cut_text_that_is_broken_throughout_fits_as_well(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 1000);
  char junk[300];
  memset(junk, 0xFF, sizeof junk);
  for (size_t max = 9; max < 60; max++) {
    cleaned(&b, junk, sizeof junk, max);
    assert_true(b.length <= max && text_is_clean(b.data, b.length));
  }
}

static void a_password_in_an_error_is_starred(void **state) {
  (void)state;
  char text[] = "password \"hunter2\" for hunter2hunter2 is wrong";
  text_scrub(text, "hunter2");
  assert_string_equal(text, "password \"***\" for ****** is wrong");
  char shorter[] = "a b a";
  text_scrub(shorter, "a");
  assert_string_equal(shorter, "* b *");
  text_scrub(shorter, NULL);
  text_scrub(shorter, "");
  assert_string_equal(shorter, "* b *");
}

static void a_url_is_shown_without_its_secrets(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"postgres://u:p@h:5432/db?sslmode=off&password=x", "postgres://u:***@h:5432/db"},
      {"redis://:p/w#@x@h:6379/1", "redis://:***@h:6379/1"},
      {"redis://h", "redis://h"},
      {"https://hooks/T/B?sig=secret#f", "https://hooks/T/B"},
      {"user:pw@host:1", "user:***@host:1"},
  };
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 1000);
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    buf_clear(&b);
    text_redact_url(&b, rows[i][0]);
    assert_string_equal(b.data, rows[i][1]);
  }
}

static void each_output_language_escapes_its_own_dangers(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 1000);
  static const char nasty[] = "<a b='\"\\\n\x01\xFF";
  text_escape(&b, nasty, 9);
  assert_string_equal(b.data, "<a b='\\\"\\\\\\n");
  buf_clear(&b);
  text_json(&b, nasty, sizeof nasty - 1);
  assert_string_equal(b.data, "<a b='\\\"\\\\\\n\\u0001\xEF\xBF\xBD");
  buf_clear(&b);
  text_html(&b, "<a href='x'>&\"", 14);
  assert_string_equal(b.data, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_password_survives_its_way_into_an_address),
      cmocka_unit_test(invalid_bytes_become_replacement_characters),
      cmocka_unit_test(a_long_text_is_cut_at_a_character_and_stays_distinct),
      cmocka_unit_test(a_cut_text_that_is_broken_throughout_fits_as_well),
      cmocka_unit_test(a_password_in_an_error_is_starred),
      cmocka_unit_test(a_url_is_shown_without_its_secrets),
      cmocka_unit_test(each_output_language_escapes_its_own_dangers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
