/* What clients write in a request line and a Host header. */
#include "../test.h"

#include <string.h>

#include "agent/http/path.h"

static void names_with_slashes_and_colons_are_reached(void **state) {
  (void)state;
  char path[64];
  const char *name = NULL;
  assert_true(path_decode("/targets/cache/10.0.0.1:6379/metrics", path, sizeof path));
  assert_true(path_match(path, "/targets/", "/metrics", &name));
  assert_string_equal(name, "cache/10.0.0.1:6379");
  assert_true(path_decode("/targets/cache%2F10.0.0.1%3a6379/health", path, sizeof path));
  assert_false(path_match(path, "/targets/", "/metrics", &name));
  assert_true(path_match(path, "/targets/", "/health", &name));
  assert_string_equal(name, "cache/10.0.0.1:6379");
}

static void a_target_called_metrics_is_reached(void **state) {
  (void)state;
  char path[] = "/targets/a/metrics/metrics";
  const char *name = NULL;
  assert_true(path_match(path, "/targets/", "/metrics", &name));
  assert_string_equal(name, "a/metrics");
}

static void a_path_without_a_name_matches_nothing(void **state) {
  (void)state;
  const char *name = NULL;
  char none[] = "/targets//metrics", shorter[] = "/targets/metrics", other[] = "/target/a/metrics", tail[] = "/targets/a/metrics/";
  assert_false(path_match(none, "/targets/", "/metrics", &name));
  assert_false(path_match(shorter, "/targets/", "/metrics", &name));
  assert_false(path_match(other, "/targets/", "/metrics", &name));
  assert_false(path_match(tail, "/targets/", "/metrics", &name));
  char whole[] = "/sd", more[] = "/sd2";
  assert_true(path_match(whole, "/sd", NULL, &name));
  assert_false(path_match(more, "/sd", NULL, &name));
}

static void what_is_no_path_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",     "*",      "http://x/metrics", "/%",         "/%4",  "/%zz",      "/%0g",
                                    "/%00", "/a%00b", "/a%0Ab",           "/a\x01\x02", "/%7f", "/123456789"};
  char path[10];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(path_decode(bad[i], path, sizeof path));
  assert_true(path_decode("/12345678", path, sizeof path));
  assert_true(path_decode("/%c3%BC", path, sizeof path));
  assert_string_equal(path, "/ü");
}

static void a_name_survives_the_way_through_a_link(void **state) {
  (void)state;
  static const char name[] = "a b%2F?x=1#\"<é>/b:1";
  char path[128];
  SCOPED(buf_done) struct buf link;
  buf_init(&link, 256);
  buf_putc(&link, '/');
  path_encode(&link, name);
  assert_null(strpbrk(link.data, " ?#\"<>"));
  assert_true(path_decode(link.data, path, sizeof path));
  assert_string_equal(path + 1, name);
}

static void only_a_host_passes_as_a_host(void **state) {
  (void)state;
  static const char *const good[] = {"localhost",   "10.0.0.1:10420", "web-1.example.com:1",
                                     "[::1]:65535", "[fe80::1]",      "my_host:80"};
  static const char *const bad[] = {"",    ":80",      "a:",     "a:0",  "a:65536", "a:123456", "a:1x",    "a b",
                                    "a\"", "a/b",      "u@a",    "[::1", "[]:80",   "[::1]80",  "::1",     "a:b:80",
                                    "<b>", "[::1]x:1", "a\n:80", "é:80", "a,b:80",  "a:80/../", "[::1%lo]"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_true(host_is_valid(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(host_is_valid(bad[i]));
  char longest[300] = {0};
  memset(longest, 'a', 254);
  assert_false(host_is_valid(longest));
  longest[253] = 0;
  assert_true(host_is_valid(longest));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_with_slashes_and_colons_are_reached), cmocka_unit_test(a_target_called_metrics_is_reached),
      cmocka_unit_test(a_path_without_a_name_matches_nothing),     cmocka_unit_test(what_is_no_path_is_refused),
      cmocka_unit_test(a_name_survives_the_way_through_a_link),    cmocka_unit_test(only_a_host_passes_as_a_host),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
