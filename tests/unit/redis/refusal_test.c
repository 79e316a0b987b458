/* Error replies: code decides on the kind, people read the sentence, and nobody reads the password. */
#include "tests/unit/test.h"

#include <string.h>

#include "collectors/redis/refusal.h"

static const struct redis_options options = {.shown = "cache:6379", .user = "sonde", .password = "s3cr3t"};

static struct reply error_reply(const char *text) {
  return (struct reply){.type = REPLY_ERROR, .text = text, .length = strlen(text)};
}

static void every_known_error_has_its_kind(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum fail_kind kind;
  } rows[] = {
      {"NOAUTH Authentication required.", FAIL_AUTH},
      {"WRONGPASS invalid username-password pair or user is disabled.", FAIL_AUTH},
      {"ERR invalid password", FAIL_AUTH},
      {"ERR operation not permitted", FAIL_AUTH},
      {"NOPERM this user has no permissions to run the 'info' command", FAIL_PERMISSION},
      {"NOPERM User sonde has no permissions to run the 'info' command", FAIL_PERMISSION},
      {"DENIED Redis is running in protected mode because protected mode is enabled and no password is set", FAIL_PERMISSION},
      {"LOADING Redis is loading the dataset in memory", FAIL_STARTING},
      {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", FAIL_STARTING},
      {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", FAIL_STARTING},
      {"ERR max number of clients reached", FAIL_TOO_MANY},
      {"ERR max number of clients + cluster connections reached", FAIL_TOO_MANY},
      {"ERR DB index is out of range", FAIL_CONFIG},
      {"ERR SELECT is not allowed in cluster mode", FAIL_CONFIG},
      {"ERR unknown command 'LATENCY', with args beginning with: 'LATEST' ", FAIL_UNSUPPORTED},
      {"ERR unknown command `LATENCY`", FAIL_UNSUPPORTED},
      {"ERR Unknown subcommand or wrong number of arguments for 'LATEST'", FAIL_UNSUPPORTED},
      {"ERR unknown subcommand 'LATEST'. Try LATENCY HELP.", FAIL_UNSUPPORTED},
      {"ERR something new", FAIL_PROTOCOL},
      {"", FAIL_PROTOCOL},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct reply r = error_reply(rows[i].text);
    struct fail f;
    assert_false(redis_refused(&f, "LATENCY LATEST", &r, &options));
    if (f.kind != rows[i].kind) fail_msg("%s is of kind %s", rows[i].text, fail_kind_name(f.kind));
    assert_non_null(strstr(f.text, "cache:6379"));
  }
}

static void a_missing_right_names_the_command_that_grants_it(void **state) {
  (void)state;
  struct reply r = error_reply("NOPERM no");
  struct fail f;
  redis_refused(&f, "SLOWLOG GET 1", &r, &options);
  assert_string_equal(f.text, "cache:6379 does not allow user sonde to ask SLOWLOG GET 1; ACL SETUSER sonde +SLOWLOG allows it");
}

static void the_password_is_not_in_a_sentence(void **state) {
  (void)state;
  static const char *const texts[] = {"ERR you said s3cr3t",
                                      "ERR unknown command 'AUTH', with args beginning with: 'sonde' 's3cr3t'", "WRONGPASS s3cr3t",
                                      "ERR wrong number of arguments for 's3cr3t'", "s3cr3t s3cr3t"};
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct reply r = error_reply(texts[i]);
    struct fail f;
    redis_login_refused(&f, &r, &options);
    assert_null(strstr(f.text, "s3cr3t"));
    redis_refused(&f, "INFO", &r, &options);
    assert_null(strstr(f.text, "s3cr3t"));
  }
}

/* Cut at the wrong place, the end of the shown words would be the beginning of the password. */
static void half_a_password_is_not_in_a_sentence(void **state) {
  (void)state;
  for (size_t before = 120; before < 170; before++) {
    char text[256] = "ERR ";
    memset(text + 4, 'x', before);
    strcpy(text + 4 + before, "s3cr3t");
    struct reply r = error_reply(text);
    struct fail f;
    redis_refused(&f, "INFO", &r, &options);
    assert_null(strstr(f.text, "s3c"));
  }
}

static void a_refused_login_says_what_to_check(void **state) {
  (void)state;
  struct redis_options no_user = {.shown = "c", .password = "x"}, no_password = {.shown = "c", .user = "u"};
  struct reply wrong = error_reply("WRONGPASS invalid"), old = error_reply("ERR wrong number of arguments for 'auth' command");
  struct reply loading = error_reply("LOADING Redis is loading"),
               needless = error_reply("ERR AUTH <password> called without any password configured for");
  struct fail f;
  redis_login_refused(&f, &wrong, &no_user);
  assert_non_null(strstr(f.text, "set user where the server has ACL users"));
  redis_login_refused(&f, &wrong, &no_password);
  assert_non_null(strstr(f.text, "set password or password_file"));
  redis_login_refused(&f, &old, &options);
  assert_non_null(strstr(f.text, "leave user out"));
  assert_int_equal(f.kind, FAIL_AUTH);
  redis_login_refused(&f, &loading, &options);
  assert_int_equal(f.kind, FAIL_STARTING);
  assert_true(redis_login_needless(&needless));
  assert_false(redis_login_needless(&wrong));
}

static void an_answer_of_the_wrong_shape_is_named(void **state) {
  (void)state;
  struct reply r = {.type = REPLY_ARRAY};
  struct fail f;
  redis_refused(&f, "INFO", &r, &options);
  assert_string_equal(f.text, "cache:6379 answered INFO with an array, which makes no sense");
  assert_int_equal(f.kind, FAIL_PROTOCOL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_known_error_has_its_kind),     cmocka_unit_test(a_missing_right_names_the_command_that_grants_it),
      cmocka_unit_test(the_password_is_not_in_a_sentence),  cmocka_unit_test(half_a_password_is_not_in_a_sentence),
      cmocka_unit_test(a_refused_login_says_what_to_check), cmocka_unit_test(an_answer_of_the_wrong_shape_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
