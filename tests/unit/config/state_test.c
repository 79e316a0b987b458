/* Where state goes: the first place that somebody named, and never a silent second choice when that one is broken. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

static char folder[] = "/tmp/sonde-state-test-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  static const char *const made[] = {"/key/deep", "/key", "/service", "/file", ""};
  char path[128];
  for (size_t i = 0; i < COUNTOF(made); i++) {
    snprintf(path, sizeof path, "%s%s", folder, made[i]);
    if (remove(path)) return -1;
  }
  return 0;
}

static const char *below(struct config *c, const char *name) {
  return arena_printf(&c->arena, "%s/%s", folder, name);
}

static void the_key_stands_above_the_service_and_the_folder_is_private(void **state) {
  (void)state;
  struct fail why;
  struct config *c = config_new();
  struct stat st;
  setenv("STATE_DIRECTORY", below(c, "service"), 1);
  c->state_dir = below(c, "key/deep");
  assert_true(config_state_dir(c, &why));
  assert_string_equal(c->state_dir, below(c, "key/deep"));
  assert_int_equal(stat(c->state_dir, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  assert_true(config_state_dir(c, &why)); /* again: it is there */
  config_unref(c);
}

static void the_first_folder_that_systemd_names_is_taken(void **state) {
  (void)state;
  struct fail why;
  struct config *c = config_new();
  setenv("STATE_DIRECTORY", arena_printf(&c->arena, "%s/service:%s/other", folder, folder), 1);
  assert_true(config_state_dir(c, &why));
  assert_string_equal(c->state_dir, below(c, "service"));
  config_unref(c);
}

static void a_folder_that_cannot_be_is_named_with_its_origin(void **state) {
  (void)state;
  struct fail why;
  char expected[256];
  struct config *c = config_new();
  FILE *file = fopen(below(c, "file"), "w");
  assert_non_null(file);
  fclose(file);
  c->state_dir = below(c, "file");
  assert_false(config_state_dir(c, &why));
  snprintf(expected, sizeof expected, "the folder for state, %s/file (from state_dir), cannot be used: Not a directory", folder);
  assert_string_equal(why.text, expected);
  c->state_dir = below(c, "file/x");
  assert_false(config_state_dir(c, &why));
  config_unref(c);
}

static void looking_for_an_agent_makes_no_folder(void **state) {
  (void)state;
  const char *places[STATE_PLACES_MAX];
  struct config *c = config_new();
  setenv("STATE_DIRECTORY", below(c, "absent"), 1);
  assert_int_equal(config_state_places(c, places), 1);
  assert_string_equal(places[0], below(c, "absent"));
  assert_int_not_equal(access(places[0], F_OK), 0);
  unsetenv("STATE_DIRECTORY");
  setenv("XDG_STATE_HOME", folder, 1);
  assert_int_equal(config_state_places(c, places), 2);
  assert_string_equal(places[0], "/var/lib/sonde");
  assert_string_equal(places[1], below(c, "sonde"));
  config_unref(c);
}

int main(void) {
  umask(022);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_key_stands_above_the_service_and_the_folder_is_private),
      cmocka_unit_test(the_first_folder_that_systemd_names_is_taken),
      cmocka_unit_test(a_folder_that_cannot_be_is_named_with_its_origin),
      cmocka_unit_test(looking_for_an_agent_makes_no_folder),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
