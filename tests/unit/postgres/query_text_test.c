/* Texts of statements as labels: short, and without the data in them. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "collectors/postgres/query_text.h"

static void check(const char *sql, const char *expected) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 4096);
  query_text(&out, sql, 120);
  assert_string_equal(out.data ? out.data : "", expected);
}

static void a_password_in_a_utility_statement_is_not_shown(void **state) {
  (void)state;
  check("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD ?");
  check("ALTER ROLE app PASSWORD 'it''s hunter2'", "ALTER ROLE app PASSWORD ?");
  check("ALTER ROLE app PASSWORD E'hun\\'ter2' VALID UNTIL 'x'", "ALTER ROLE app PASSWORD ? VALID UNTIL ?");
  check("DO $body$ hunter2 $x$ $body$ LANGUAGE plpgsql", "DO ? LANGUAGE plpgsql");
  check("SELECT $$hunter2$$", "SELECT ?");
  check("ALTER ROLE app PASSWORD 'hunt", "ALTER ROLE app PASSWORD ?"); /* as the server cuts it */
  check("SELECT 1 /* hunter2 */", "SELECT ?");
}

static void numbers_are_data_and_names_are_not(void **state) {
  (void)state;
  check("SELECT * FROM t2 WHERE card = 4111111111111111 AND p = 1.5e3", "SELECT * FROM t2 WHERE card = ? AND p = ?");
  check("SELECT a1, $1 FROM \"Odd 9 name\" LIMIT $2", "SELECT a1, $1 FROM \"Odd 9 name\" LIMIT $2");
  check("SELECT x'ff', B'01', n'y'", "SELECT ?, ?, ?");
  check("SELECT e, x FROM b", "SELECT e, x FROM b");
}

static void white_space_and_comments_are_folded(void **state) {
  (void)state;
  check("  SELECT\n\t a ,\r\n b  -- why\n FROM t /* a /* nested */ one */ ;\n", "SELECT a , b FROM t ;");
  check("-- only a comment", "");
  check("", "");
  check("/* unfinished", "");
}

static void a_long_text_is_cut_at_a_character(void **state) {
  (void)state;
  for (size_t max = 1; max < 60; max++) {
    SCOPED(buf_done) struct buf out;
    buf_init(&out, 4096);
    query_text(&out, "SELECT größe, straße, «ключ» FROM \"таблица\" WHERE имя = 'x'", max);
    assert_true(out.length <= max);
    assert_true(text_is_clean(out.data ? out.data : "", out.length));
  }
}

static void a_text_without_end_is_cut(void **state) {
  (void)state;
  static char sql[100000];
  memset(sql, 'a', sizeof sql - 1);
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 4096);
  query_text(&out, sql, 120);
  assert_int_equal(out.length, 120);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_password_in_a_utility_statement_is_not_shown),
      cmocka_unit_test(numbers_are_data_and_names_are_not),
      cmocka_unit_test(white_space_and_comments_are_folded),
      cmocka_unit_test(a_long_text_is_cut_at_a_character),
      cmocka_unit_test(a_text_without_end_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
