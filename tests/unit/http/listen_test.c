/* Addresses to listen on, and what is said when that does not work. */
#include "../test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/listen.h"

static void every_form_of_an_address_is_read(void **state) {
  (void)state;
  static const struct {
    const char *text, *host, *port, *path;
  } rows[] = {
      {"127.0.0.1:10420", "127.0.0.1", "10420", NULL},
      {"[::1]:10420", "::1", "10420", NULL},
      {":10420", "", "10420", NULL},
      {"localhost:0", "localhost", "0", NULL},
      {"db-1.example.com:65535", "db-1.example.com", "65535", NULL},
      {"unix:/run/sonde.sock", "", "", "/run/sonde.sock"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct listen_address a;
    assert_true(listen_address_parse(rows[i].text, &a, NULL));
    assert_string_equal(a.host, rows[i].host);
    assert_string_equal(a.port, rows[i].port);
    if (rows[i].path) assert_string_equal(a.path, rows[i].path);
    if (!rows[i].path) assert_null(a.path);
  }
}

static void what_is_no_address_is_refused_with_the_forms_that_are(void **state) {
  (void)state;
  static const char *const bad[] = {"",        "10420",    "127.0.0.1", "127.0.0.1:",        "a:b",   "a:-1",
                                    "a:65536", "a:123456", "::1:80",    "[::1:80",           "[]:80", "http://a:1",
                                    "a b:80",  "unix:",    "unix:run",  "unix:relative.sock"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct listen_address a;
    struct fail why = {0};
    assert_false(listen_address_parse(bad[i], &a, &why));
    assert_int_equal(why.kind, FAIL_CONFIG);
    assert_non_null(strstr(why.text, bad[i]));
    assert_non_null(strstr(why.text, "unix:/path"));
  }
}

static void a_path_that_no_socket_can_have_is_refused(void **state) {
  (void)state;
  char text[200] = "unix:/";
  memset(text + 6, 'a', 120);
  struct listen_address a;
  assert_false(listen_address_parse(text, &a, NULL));
}

static void the_port_that_was_chosen_is_told(void **state) {
  (void)state;
  static const char *const addresses[] = {"127.0.0.1:0", "localhost:0", ":0"};
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    struct listener l;
    assert_true(listener_open(&l, addresses[i], NULL));
    assert_int_not_equal(atoi(strrchr(l.address, ':') + 1), 0);
    listener_close(&l);
  }
}

static void a_port_in_use_is_named_with_the_remedy(void **state) {
  (void)state;
  struct listener first, second;
  struct fail why;
  assert_true(listener_open(&first, "127.0.0.1:0", NULL));
  assert_false(listener_open(&second, first.address, &why));
  assert_int_equal(why.kind, FAIL_SYSTEM);
  assert_non_null(strstr(why.text, first.address));
  assert_non_null(strstr(why.text, "in use"));
  assert_non_null(strstr(why.text, "ss -ltnp"));
  assert_non_null(strstr(why.text, "--web.listen-address"));
  listener_close(&first);
}

static void an_address_of_another_machine_is_named(void **state) {
  (void)state;
  struct listener l;
  struct fail why;
  assert_false(listener_open(&l, "192.0.2.1:0", &why));
  assert_non_null(strstr(why.text, "192.0.2.1:0"));
  assert_non_null(strstr(why.text, "ip address"));
}

static void all_addresses_means_both_families(void **state) {
  (void)state;
  struct listener l;
  assert_true(listener_open(&l, ":0", NULL));
  if (!strncmp(l.address, "[::]", 4)) { /* a kernel without IPv6 has only the other family */
    int only = 1;
    socklen_t size = sizeof only;
    assert_int_equal(getsockopt(l.fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size), 0);
    assert_int_equal(only, 0);
  }
  listener_close(&l);
}

static char folder[] = "/tmp/sonde-listen-XXXXXX";
static char address[128];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(address, sizeof address, "unix:%s/sock", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* fails when a test left its socket behind */
}

static void a_unix_socket_is_for_owner_and_group_and_goes_when_closed(void **state) {
  (void)state;
  struct listener l;
  struct stat st;
  assert_true(listener_open(&l, address, NULL));
  assert_int_equal(stat(address + 5, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0660);
  listener_close(&l);
  assert_int_not_equal(stat(address + 5, &st), 0);
}

static void the_socket_of_a_killed_process_is_replaced(void **state) {
  (void)state;
  struct listener dead, l;
  assert_true(listener_open(&dead, address, NULL));
  close(dead.fd);
  assert_true(listener_open(&l, address, NULL));
  listener_close(&l);
}

static void the_socket_of_a_living_process_is_not(void **state) {
  (void)state;
  struct listener alive, l;
  struct fail why;
  assert_true(listener_open(&alive, address, NULL));
  assert_false(listener_open(&l, address, &why));
  assert_non_null(strstr(why.text, "another program"));
  struct stat st;
  assert_int_equal(stat(address + 5, &st), 0);
  listener_close(&alive);
}

static void a_file_that_is_no_socket_stays(void **state) {
  (void)state;
  FILE *file = fopen(address + 5, "w");
  assert_non_null(file);
  fclose(file);
  struct listener l;
  struct fail why;
  assert_false(listener_open(&l, address, &why));
  assert_non_null(strstr(why.text, "not a socket"));
  assert_int_equal(unlink(address + 5), 0);
}

static void the_agents_own_socket_is_for_its_user_alone(void **state) {
  (void)state;
  struct listener l, second;
  struct stat st;
  struct fail why;
  char deep[200];
  assert_true(listener_open_own(&l, address + 5, NULL));
  assert_int_equal(stat(address + 5, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_false(listener_open_own(&second, address + 5, &why));
  assert_non_null(strstr(why.text, "another program"));
  listener_close(&l);
  memset(deep, 'x', sizeof deep - 1);
  deep[0] = '/';
  deep[sizeof deep - 1] = 0;
  assert_false(listener_open_own(&l, deep, &why));
  assert_non_null(strstr(why.text, "at most 107 bytes"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form_of_an_address_is_read),
      cmocka_unit_test(what_is_no_address_is_refused_with_the_forms_that_are),
      cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
      cmocka_unit_test(the_port_that_was_chosen_is_told),
      cmocka_unit_test(a_port_in_use_is_named_with_the_remedy),
      cmocka_unit_test(an_address_of_another_machine_is_named),
      cmocka_unit_test(all_addresses_means_both_families),
      cmocka_unit_test(a_unix_socket_is_for_owner_and_group_and_goes_when_closed),
      cmocka_unit_test(the_socket_of_a_killed_process_is_replaced),
      cmocka_unit_test(the_socket_of_a_living_process_is_not),
      cmocka_unit_test(a_file_that_is_no_socket_stays),
      cmocka_unit_test(the_agents_own_socket_is_for_its_user_alone),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
