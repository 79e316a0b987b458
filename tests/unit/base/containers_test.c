/* The containers everything is built from: bounded, and honest when they are full. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/regex.h"

static void a_full_buffer_keeps_what_it_has_and_says_so(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 5);
  buf_puts(&b, "abc");
  buf_puts(&b, "def");
  buf_puts(&b, "g"); /* would fit, but the text would have a hole */
  assert_true(b.overflow);
  assert_string_equal(b.data, "abc");
  buf_clear(&b);
  buf_printf(&b, "%d", 12345);
  assert_false(b.overflow);
  assert_string_equal(b.data, "12345");
}

static void a_buffer_without_a_cap_grows(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, SIZE_MAX);
  for (int n = 0; n < 1000; n++) buf_puts(&b, "0123456789");
  assert_int_equal(b.length, 10000);
  assert_int_equal(strlen(b.data), 10000);
}

static void note_done(void *thing) {
  int *done = *(int **)thing;
  ++*done;
}

static void what_was_deferred_is_done_once_before_the_memory_is_wiped(void **state) {
  (void)state;
  int done = 0;
  struct arena a;
  arena_init(&a);
  int **thing = arena_alloc(&a, sizeof *thing);
  *thing = &done;
  arena_defer(&a, note_done, thing);
  arena_wipe(&a);
  assert_true(done == 1 && !*thing);
  arena_done(&a);
  assert_int_equal(done, 1);
}

static void an_arena_gives_zeroed_memory_of_any_size(void **state) {
  (void)state;
  SCOPED(arena_done) struct arena a;
  arena_init(&a);
  for (size_t n = 0; n < 300000; n = n * 3 + 1) {
    unsigned char *p = arena_alloc(&a, n);
    for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
    memset(p, 0xAA, n);
    assert_true((uintptr_t)p % 16 == 0);
  }
  assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
  assert_null(arena_copy(&a, NULL));
}

static void a_map_finds_every_key_after_growing(void **state) {
  (void)state;
  struct map m = {0};
  static char keys[5000][8];
  for (size_t i = 0; i < 5000; i++) {
    snprintf(keys[i], sizeof keys[i], "k%zu", i);
    *map_slot(&m, keys[i], strlen(keys[i])) = keys[i];
  }
  assert_int_equal(m.count, 5000);
  for (size_t i = 0; i < 5000; i++) assert_ptr_equal(map_find(&m, keys[i], strlen(keys[i])), keys[i]);
  assert_null(map_find(&m, "absent", 6));
  map_done(&m);
  assert_null(map_find(&m, "k1", 2));
}

static void durations_are_those_of_prometheus(void **state) {
  (void)state;
  static const struct {
    const char *text;
    msec_t span;
    const char *shown;
  } rows[] = {{"0", 0, "0s"},          {"10s", 10000, "10s"},  {"1h30m", 5400000, "1h30m"},  {"90s", 90000, "1m30s"},
              {"500ms", 500, "500ms"}, {"1d", 86400000, "1d"}, {"1m500ms", 60500, "1m500ms"}};
  char out[64];
  msec_t span;
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    assert_true(duration_parse(rows[i].text, &span));
    assert_true(span == rows[i].span);
    assert_string_equal(duration_format(span, out, sizeof out), rows[i].shown);
  }
  static const char *const bad[] = {"", "10", "s", "1s1m", "1s1s", "-5s", "1.5s", "10 s", "99999999999999999y", "1x"};
  for (size_t i = 0; i < COUNTOF(bad); i++) assert_false(duration_parse(bad[i], &span));
}

static void a_sentence_that_is_too_long_ends_at_a_character(void **state) {
  (void)state;
  struct fail f;
  char text[1000];
  for (size_t i = 0; i < 998; i += 2) memcpy(text + i, "\xC3\xA9", 2);
  text[998] = 0;
  for (int shift = 0; shift < 4; shift++) {
    assert_false(fail(&f, FAIL_AUTH, "%.*s%s", shift, "xxxx", text));
    size_t length = strlen(f.text);
    assert_true(length >= sizeof f.text - 3 && (unsigned char)f.text[length - 1] == 0xA9);
  }
  fail(&f, FAIL_AUTH, "refused");
  fail_prefix(&f, "target %s", "main");
  assert_string_equal(f.text, "target main: refused");
  assert_string_equal(fail_kind_name(f.kind), "auth");
  fail(&f, FAIL_AUTH, "again: %s", f.text);
  assert_string_equal(f.text, "again: target main: refused");
  assert_false(fail(NULL, FAIL_AUTH, "nobody asks"));
}

static void an_expression_matches_the_whole_text_or_not_at_all(void **state) {
  (void)state;
  struct fail f;
  struct regex *r = regex_new("lo|sd[a-z]", &f);
  assert_true(regex_match(r, "lo", 2) && regex_match(r, "sda", 3));
  assert_false(regex_match(r, "loop", 4) || regex_match(r, "xlo", 3) || regex_match(r, "", 0));
  regex_free(r);
  assert_null(regex_new("a(", &f));
  assert_int_equal(f.kind, FAIL_CONFIG);
  r = regex_new("(a+)+b", &f); /* would run for ever */
  assert_false(regex_match(r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 40));
  regex_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_buffer_without_a_cap_grows),
      cmocka_unit_test(a_full_buffer_keeps_what_it_has_and_says_so),
      cmocka_unit_test(what_was_deferred_is_done_once_before_the_memory_is_wiped),
      cmocka_unit_test(an_arena_gives_zeroed_memory_of_any_size),
      cmocka_unit_test(a_map_finds_every_key_after_growing),
      cmocka_unit_test(durations_are_those_of_prometheus),
      cmocka_unit_test(a_sentence_that_is_too_long_ends_at_a_character),
      cmocka_unit_test(an_expression_matches_the_whole_text_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
