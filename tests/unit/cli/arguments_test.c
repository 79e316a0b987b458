/* The command line: what a script may rely on, and what `ps` shows of it. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "agent/cli/argv.h"
#include "agent/cli/cli.h"

static const struct flag flags[] = {{"config.file", "FILE", "A file."}, {"config.check", NULL, "A switch."}, {0}};
static const struct command command = {.name = "example", .flags = flags};

/* The walk as a text: "0=x 1 (operand)" and so on. */
static const char *walk(char *const *words) {
  static char text[256];
  struct arguments a = {.command = &command, .argv = (char **)words};
  const char *value;
  int found;
  while (words[a.argc]) a.argc++;
  text[0] = 0;
  while ((found = arguments_next(&a, &value)) != ARGUMENT_END) {
    size_t used = strlen(text);
    if (found == ARGUMENT_WRONG) return "wrong";
    if (found == ARGUMENT_OPERAND)
      snprintf(text + used, sizeof text - used, "(%s)", value);
    else
      snprintf(text + used, sizeof text - used, "%d=%s;", found, value ? value : "");
  }
  return text;
}

#define WALK(...) walk((char *[]){"example", __VA_ARGS__, NULL})

static void a_flag_takes_its_value_either_way(void **state) {
  (void)state;
  assert_string_equal(WALK("--config.file=a=b", "--config.file", "c", "--config.check", "--config.file="), "0=a=b;0=c;1=;0=;");
  assert_string_equal(WALK("x", "--config.check", "-", "--", "--config.check", "--"), "(x)1=;(-)(--config.check)(--)");
}

static void what_is_no_flag_is_refused_and_not_guessed(void **state) {
  (void)state;
  assert_string_equal(WALK("--config.fil=x"), "wrong");
  assert_string_equal(WALK("--config.check=yes"), "wrong");
  assert_string_equal(WALK("--config.file"), "wrong");
  assert_string_equal(WALK("-c"), "wrong");
  assert_string_equal(WALK("--=x"), "wrong");
}

static const struct {
  const char *written, *shown;
} arguments[] = {
    {"postgres://u:hunter2@db/x?sslpassword=hunter2", "postgres://u:***@db/x"},
    {"redis://:hunter2@cache", "redis://:***@cache"},
    {"postgres://u:x@db", "postgres://u:***@"},
    {"--password=hunter2", "--password=***"},
    {"--db-password=a", "--db-password=*"},
    {"host=db password=hunter2 user=u", "host=db password=***"},
    {"--url=postgres://u:hunter2@db", "--url=postgres://u:***@db"},
    {"--password_file=/run/secrets/x", "--password_file=/run/secrets/x"},
    {"--config.file=/etc/sonde/sonde.yml", "--config.file=/etc/sonde/sonde.yml"},
    {"--web.listen-address=:1", "--web.listen-address=:1"},
};

static void passwords_on_the_command_line_are_not_in_the_process_list(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNTOF(arguments); i++) {
    char word[64] = "", *argv[] = {(char[]){"sonde"}, word, NULL};
    snprintf(word, sizeof word, "%s", arguments[i].written);
    char **copy = argv_take(2, argv);
    assert_string_equal(copy[1], arguments[i].written);
    assert_null(copy[2]);
    assert_string_equal(word, arguments[i].shown);
    for (size_t rest = strlen(word); rest < sizeof word; rest++) assert_int_equal(word[rest], 0);
    argv_free(2, copy);
  }
}

static void a_password_in_an_argument_of_its_own_is_hidden_too(void **state) {
  (void)state;
  char flag[] = "--password", value[] = "hunter2", *argv[] = {(char[]){"sonde"}, flag, value, NULL};
  char **copy = argv_take(3, argv);
  assert_string_equal(copy[2], "hunter2");
  assert_string_equal(value, "***");
  assert_string_equal(flag, "--password");
  argv_free(3, copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_flag_takes_its_value_either_way),
      cmocka_unit_test(what_is_no_flag_is_refused_and_not_guessed),
      cmocka_unit_test(passwords_on_the_command_line_are_not_in_the_process_list),
      cmocka_unit_test(a_password_in_an_argument_of_its_own_is_hidden_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
