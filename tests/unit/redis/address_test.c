/* Redis URLs: what people paste must reach the server they mean, and what cannot be meant must be said without the password. */
#include "tests/unit/test.h"

#include <string.h>

#include "collectors/redis/options.h"

static bool same(const char *a, const char *b) {
  return a == b || (a && b && !strcmp(a, b));
}

static void urls_of_every_client_are_understood(void **state) {
  (void)state;
  static const struct {
    const char *url;
    struct redis_address expected;
  } rows[] = {
      {"redis://cache", {.host = "cache", .port = "6379"}},
      {"redis://cache:6380/2", {.host = "cache", .port = "6380", .db = 2}},
      {"REDIS://cache/", {.host = "cache", .port = "6379"}},
      {"valkey://cache", {.host = "cache", .port = "6379"}},
      {"rediss://cache:6380", {.tls = true, .host = "cache", .port = "6380"}},
      {"valkeys://cache", {.tls = true, .host = "cache", .port = "6379"}},
      {"redis://:secret@cache", {.host = "cache", .port = "6379", .password = "secret"}},
      {"redis://sonde:se%2Fc%40r%25et@cache", {.host = "cache", .port = "6379", .user = "sonde", .password = "se/c@r%et"}},
      {"redis://sonde:a@b:c@cache:1", {.host = "cache", .port = "1", .user = "sonde", .password = "a@b:c"}},
      {"redis://sonde@cache", {.host = "cache", .port = "6379", .user = "sonde"}},
      {"redis://sonde:@cache", {.host = "cache", .port = "6379", .user = "sonde"}},
      {"redis://[::1]:6380/3", {.host = "::1", .port = "6380", .db = 3}},
      {"redis://[fe80::1%25eth0]", {.host = "fe80::1%eth0", .port = "6379"}},
      {"redis:///5", {.host = "localhost", .port = "6379", .db = 5}},
      {"redis://cache?db=4", {.host = "cache", .port = "6379", .db = 4}},
      {"rediss://:x@cache:6380?ssl_cert_reqs=none&db=1", {.tls = true, .host = "cache", .port = "6380", .db = 1, .password = "x"}},
      {"cache:6380", {.host = "cache", .port = "6380"}},
      {"cache", {.host = "cache", .port = "6379"}},
      {"127.0.0.1:6380/1", {.host = "127.0.0.1", .port = "6380", .db = 1}},
      {"unix:///run/redis/redis.sock", {.path = "/run/redis/redis.sock"}},
      {"unix:///run/redis/redis.sock?db=2", {.path = "/run/redis/redis.sock", .db = 2}},
      {"unix://sonde:pw@/run/r%20s.sock", {.path = "/run/r s.sock", .user = "sonde", .password = "pw"}},
      {"/run/redis/redis.sock", {.path = "/run/redis/redis.sock"}},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    const struct redis_address *e = &rows[i].expected;
    struct redis_address got;
    struct arena a;
    struct fail f = {.text = ""};
    arena_init(&a);
    if (!redis_address_parse(&got, rows[i].url, &a, &f)) fail_msg("%s: %s", rows[i].url, f.text);
    bool right = got.tls == e->tls && got.db == e->db && same(got.host, e->host) && same(got.port, e->port) &&
                 same(got.path, e->path) && same(got.user, e->user) && same(got.password, e->password);
    if (!right) fail_msg("%s was read wrong", rows[i].url);
    arena_done(&a);
  }
}

static void a_wrong_url_is_explained_without_its_password(void **state) {
  (void)state;
  static const struct {
    const char *url, *says;
  } rows[] = {
      {"http://u:s3cr3t@cache", "the scheme \"http\" is not one of redis, rediss, valkey, valkeys, unix"},
      {"redis+sentinel://u:s3cr3t@cache", "is not one of"},
      {"redis://u:s3cr3t@cache:port", "a number from 1 to 65535"},
      {"redis://u:s3cr3t@cache:0", "a number from 1 to 65535"},
      {"redis://u:s3cr3t@cache:65536", "a number from 1 to 65535"},
      {"redis://u:s3cr3t@cache:+1", "a number from 1 to 65535"},
      {"redis://u:s3cr3t@cache:99999999999999999999", "a number from 1 to 65535"},
      {"redis://u:s3cr3t@cache/first", "must be a number, as in redis://host:6379/2"},
      {"redis://u:s3cr3t@cache/-1", "must be a number"},
      {"redis://u:s3cr3t@cache/99999999999", "must be a number"},
      {"redis://u:s3cr3t%zz@cache", "write %25 for %"},
      {"redis://u:s3cr3t%4@cache", "write %25 for %"},
      {"redis://u:s3cr3t%00@cache", "zero byte"},
      {"redis://u:s3cr3t/x@cache", "must be percent-encoded"},
      {"redis://u:s3cr3t?x@cache", "must be percent-encoded"},
      {"redis://u:s3cr3t@::1:6379", "put an IPv6 address in brackets"},
      {"redis://u:s3cr3t@[::1", "[ without a ]"},
      {"redis://u:s3cr3t@[::1]x", "behind the ]"},
      {"unix://u:s3cr3t@", "names no socket"},
      {"unix://run/redis.sock", "three slashes"},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct redis_address got;
    struct arena a;
    struct fail f = {.text = ""};
    arena_init(&a);
    if (redis_address_parse(&got, rows[i].url, &a, &f)) fail_msg("%s was taken", rows[i].url);
    if (!strstr(f.text, rows[i].says)) fail_msg("%s: %s", rows[i].url, f.text);
    assert_int_equal(f.kind, FAIL_CONFIG);
    assert_null(strstr(f.text, "s3cr3t"));
    arena_done(&a);
  }
}

static void a_socket_path_that_the_system_cannot_take_is_refused(void **state) {
  (void)state;
  char url[300] = "unix:///";
  memset(url + 8, 'x', 200);
  struct redis_address got;
  struct arena a;
  struct fail f;
  arena_init(&a);
  assert_false(redis_address_parse(&got, url, &a, &f));
  assert_non_null(strstr(f.text, "longer than 107 bytes"));
  arena_done(&a);
}

/* ---- options ---- */

static bool prepare(struct redis_options *o, char *name, struct fail *f) {
  struct arena a;
  arena_init(&a);
  bool good = redis_prepare(o, &a, name, 64, f);
  o->shown = NULL;
  arena_done(&a);
  return good;
}

static void a_target_is_named_after_its_address(void **state) {
  (void)state;
  static const struct {
    const char *url, *name;
  } rows[] = {{"redis://:x@cache", "cache:6379"},
              {"cache:1/2", "cache:1/2"},
              {"redis://[::1]", "::1:6379"},
              {"", "localhost:6379"},
              {"/run/redis/main.sock", "main.sock"}};
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct redis_options o = {.url = rows[i].url};
    char name[64];
    assert_true(prepare(&o, name, NULL));
    assert_string_equal(name, rows[i].name);
  }
}

static void keys_override_the_login_of_the_url(void **state) {
  (void)state;
  struct arena a;
  char name[64];
  arena_init(&a);
  struct redis_options plain = {.url = "redis://u:p@cache"}, over = {.url = "redis://u:p@cache", .user = "v", .password = "q"};
  assert_true(redis_prepare(&plain, &a, name, sizeof name, NULL) && redis_prepare(&over, &a, name, sizeof name, NULL));
  assert_true(same(plain.user, "u") && same(plain.password, "p") && same(over.user, "v") && same(over.password, "q"));
  arena_done(&a);
}

static void keys_without_use_are_refused(void **state) {
  (void)state;
  struct {
    struct redis_options options;
    const char *says;
  } rows[] = {
      {{.url = "redis://c", .ca_file = "x"}, "ca_file is for TLS"},
      {{.url = "redis://c", .server_name = "x"}, "server_name is for TLS"},
      {{.url = "rediss://c", .cert_file = "x"}, "cert_file is given without key_file"},
      {{.url = "rediss://c", .key_file = "x"}, "key_file is given without cert_file"},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct fail f;
    char name[64];
    assert_false(prepare(&rows[i].options, name, &f));
    assert_non_null(strstr(f.text, rows[i].says));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_of_every_client_are_understood),
      cmocka_unit_test(a_wrong_url_is_explained_without_its_password),
      cmocka_unit_test(a_socket_path_that_the_system_cannot_take_is_refused),
      cmocka_unit_test(a_target_is_named_after_its_address),
      cmocka_unit_test(keys_override_the_login_of_the_url),
      cmocka_unit_test(keys_without_use_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
