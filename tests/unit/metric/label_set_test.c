/* Label sets: what makes two series one, and what tells them apart. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/attr.h"
#include "metric/labels.h"

#define SET(...) labels_new((const struct label_pair[]){__VA_ARGS__}, COUNTOF(((const struct label_pair[]){__VA_ARGS__})))

static void assert_shown(const struct labels *l, const char *text) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 1000);
  labels_write(&shown, l);
  assert_string_equal(shown.data, text);
}

static void assert_text(const char *text, const struct label_pair *extra, size_t count, const char *expected) {
  struct labels *l = labels_from_text(text, strlen(text), extra, count);
  assert_shown(l, expected);
  labels_unref(l);
}

static void the_order_of_labels_does_not_make_another_series(void **state) {
  (void)state;
  struct labels *a = SET({"job", "node"}, {"cpu", "0"}), *b = SET({"cpu", "0"}, {"job", "node"});
  assert_true(labels_equal(a, b));
  assert_true(a->hash == b->hash);
  assert_int_equal(labels_compare(a, b), 0);
  assert_shown(a, "{cpu=\"0\",job=\"node\"}");
  labels_unref(a);
  labels_unref(b);
}

static void a_label_without_a_value_is_none(void **state) {
  (void)state;
  struct labels *a = SET({"a", ""}, {"b", "1"}), *b = SET({"b", "1"});
  assert_true(labels_equal(a, b));
  assert_string_equal(labels_get(a, "a"), "");
  assert_string_equal(labels_get(a, "b"), "1");
  labels_unref(a);
  labels_unref(b);
}

static void the_last_of_two_values_counts_even_when_it_is_empty(void **state) {
  (void)state;
  struct labels *a = SET({"x", "1"}, {"x", "2"}), *b = SET({"x", "1"}, {"x", ""});
  assert_shown(a, "{x=\"2\"}");
  assert_shown(b, "{}");
  labels_unref(a);
  labels_unref(b);
}

static void names_and_values_do_not_run_into_each_other(void **state) {
  (void)state;
  struct labels *sets[] = {SET({"a", "b"}, {"c", "d"}), SET({"a", "bc"}, {"d", "e"}), SET({"ab", "c"}), SET({"a", "b"})};
  for (size_t i = 0; i < COUNTOF(sets); i++)
    for (size_t k = 0; k < COUNTOF(sets); k++) {
      assert_int_equal(labels_equal(sets[i], sets[k]), i == k);
      assert_true((labels_compare(sets[i], sets[k]) < 0) == (labels_compare(sets[k], sets[i]) > 0));
    }
  for (size_t i = 0; i < COUNTOF(sets); i++) labels_unref(sets[i]);
}

static void the_key_is_equal_for_equal_sets_alone(void **state) {
  (void)state;
  size_t length, other;
  struct labels *a = SET({"a", "1"}, {"b", "2"}), *b = SET({"b", "2"}, {"a", "1"}), *c = SET({"a", "1"}, {"b", "3"});
  const char *key = labels_key(a, &length);
  assert_true(!memcmp(key, labels_key(b, &other), length) && length == other);
  assert_true(memcmp(key, labels_key(c, &other), length) != 0 && length == other);
  labels_unref(a);
  labels_unref(b);
  labels_unref(c);
}

static void many_labels_are_kept_in_order(void **state) {
  (void)state;
  char names[100][3];
  struct label_pair pairs[100];
  for (size_t i = 0; i < 100; i++) {
    memcpy(names[i], (char[]){(char)('a' + (99 - i) / 10), (char)('0' + (99 - i) % 10), 0}, 3);
    pairs[i] = (struct label_pair){names[i], "v"};
  }
  struct labels *l = labels_new(pairs, 100);
  assert_int_equal(l->count, 100);
  for (size_t i = 1; i < 100; i++) assert_true(strcmp(l->pairs[i - 1].name, l->pairs[i].name) < 0);
  labels_unref(l);
}

static void a_rendered_set_reads_back_with_its_escapes(void **state) {
  (void)state;
  assert_text("", NULL, 0, "{}");
  assert_text("a=\"1\",b=\"2\"", NULL, 0, "{a=\"1\",b=\"2\"}");
  struct labels *l = labels_from_text("q=\"a\\\"b\\\\n\\nc,d=\\\"\"", strlen("q=\"a\\\"b\\\\n\\nc,d=\\\"\""), NULL, 0);
  assert_string_equal(labels_get(l, "q"), "a\"b\\n\nc,d=\"");
  labels_unref(l);
}

static void a_servers_own_label_gives_way_to_the_targets(void **state) {
  (void)state;
  const struct label_pair extra[] = {{"__name__", "up"}, {"job", "redis"}, {"target", "cache"}};
  assert_text("db=\"0\"", extra, COUNTOF(extra), "up{db=\"0\",job=\"redis\",target=\"cache\"}");
  assert_text("job=\"mine\",jobs=\"x\",target=\"t\\\\\"", extra, COUNTOF(extra),
              "up{exported_job=\"mine\",exported_target=\"t\\\\\",job=\"redis\",jobs=\"x\",target=\"cache\"}");
  assert_text(
      "exported_exported_job=\"1\",exported_job=\"2\",job=\"3\"", extra, COUNTOF(extra),
      "up{exported_exported_exported_job=\"3\",exported_exported_job=\"1\",exported_job=\"2\",job=\"redis\",target=\"cache\"}");
}

static void a_set_is_shown_as_promql_writes_it(void **state) {
  (void)state;
  struct labels *bare = SET({"__name__", "up"}), *escaped = SET({"__name__", "x"}, {"v", "a\"b\\\n"});
  assert_shown(bare, "up");
  assert_shown(escaped, "x{v=\"a\\\"b\\\\\\n\"}");
  labels_unref(bare);
  labels_unref(escaped);
}

/* FNV-1a 64 over name 0xff value 0xff …, computed apart from this program. */
static void the_fingerprint_is_alertmanagers(void **state) {
  (void)state;
  struct labels *none = labels_new(NULL, 0), *one = SET({"alertname", "PgDown"}), *two = SET({"b", "2"}, {"a", "1"});
  assert_true(labels_fingerprint(none) == 0xcbf29ce484222325u);
  assert_true(labels_fingerprint(one) == 0x15c9df8bfd37d4a3u);
  assert_true(labels_fingerprint(two) == 0x1cc37fac8a64ae01u);
  labels_unref(none);
  labels_unref(one);
  labels_unref(two);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_order_of_labels_does_not_make_another_series),
      cmocka_unit_test(a_label_without_a_value_is_none),
      cmocka_unit_test(the_last_of_two_values_counts_even_when_it_is_empty),
      cmocka_unit_test(names_and_values_do_not_run_into_each_other),
      cmocka_unit_test(the_key_is_equal_for_equal_sets_alone),
      cmocka_unit_test(many_labels_are_kept_in_order),
      cmocka_unit_test(a_rendered_set_reads_back_with_its_escapes),
      cmocka_unit_test(a_servers_own_label_gives_way_to_the_targets),
      cmocka_unit_test(a_set_is_shown_as_promql_writes_it),
      cmocka_unit_test(the_fingerprint_is_alertmanagers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
