/* Who may stay, with sockets that nobody reads and a clock that the test sets. */
#include "../test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/guard.h"

static struct guard guard;

static struct sockaddr_storage ipv4(unsigned n) {
  struct sockaddr_storage a = {0};
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0A000000u + n)};
  memcpy(&a, &in, sizeof in);
  return a;
}

static struct sockaddr_storage ipv6(const char *text) {
  struct sockaddr_storage a = {0};
  struct sockaddr_in6 in = {.sin6_family = AF_INET6};
  assert_int_equal(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
  memcpy(&a, &in, sizeof in);
  return a;
}

static struct guest *enter(struct sockaddr_storage a, msec_t now) {
  struct guest *guest = guard_enter(&guard, -1, (struct sockaddr *)&a, now);
  assert_non_null(guest);
  return guest;
}

static bool room(struct sockaddr_storage a) {
  return guard_make_room(&guard, (struct sockaddr *)&a);
}

static int fresh(void **state) {
  (void)state;
  guard_init(&guard);
  return 0;
}

static void a_trickling_request_is_cut_however_lively(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  struct sockaddr_storage a = ipv4(1);
  struct guest *guest = guard_enter(&guard, ends[0], (struct sockaddr *)&a, 1000);
  char byte = 'x';
  for (msec_t now = 1000; now < 6000; now += 1000) {
    assert_int_equal(write(ends[1], &byte, 1), 1);
    guard_sweep(&guard, now);
    assert_int_equal(guest->phase, GUEST_ASKING);
  }
  assert_int_equal(guard.next, 6000);
  guard_sweep(&guard, 6000);
  assert_int_equal(guest->phase, GUEST_CUT);
  assert_int_equal(read(ends[1], &byte, 1), 0); /* the client sees the end */
  assert_true(guard.next == GUARD_NEVER);
  close(ends[0]);
  close(ends[1]);
}

static void a_scrape_each_minute_keeps_its_connection(void **state) {
  (void)state;
  struct guest *guest = enter(ipv4(1), 0);
  for (msec_t now = 0; now < 600000; now += 60000) {
    guard_sweep(&guard, now);
    guard_phase(&guard, guest, GUEST_ASKING, now);
    guard_phase(&guard, guest, GUEST_ANSWERING, now + 1);
    guard_phase(&guard, guest, GUEST_IDLE, now + 2);
  }
  guard_sweep(&guard, 600000);
  assert_int_equal(guest->phase, GUEST_IDLE);
  guard_sweep(&guard, 700000);
  assert_int_equal(guest->phase, GUEST_CUT);
}

static void a_reader_that_stops_reading_is_cut(void **state) {
  (void)state;
  struct guest *guest = enter(ipv4(1), 0);
  guard_phase(&guard, guest, GUEST_ANSWERING, 0);
  guard_sweep(&guard, 29999);
  assert_int_equal(guest->phase, GUEST_ANSWERING);
  guard_sweep(&guard, 30000);
  assert_int_equal(guest->phase, GUEST_CUT);
}

static void who_is_cut_stays_cut(void **state) {
  (void)state;
  struct guest *guest = enter(ipv4(1), 0);
  guard_sweep(&guard, 5000);
  guard_phase(&guard, guest, GUEST_IDLE, 5001);
  assert_int_equal(guest->phase, GUEST_CUT);
  assert_true(guard.next == GUARD_NEVER);
}

static void the_longest_waiting_makes_room_within_its_own_address(void **state) {
  (void)state;
  struct guest *other = enter(ipv4(2), 0), *first = NULL;
  for (int i = 0; i < GUESTS_OF_PEER; i++) {
    assert_true(room(ipv4(1)));
    struct guest *guest = enter(ipv4(1), 10 + i);
    if (!first) first = guest;
  }
  assert_int_equal(first->phase, GUEST_ASKING);
  assert_true(room(ipv4(1)));
  assert_int_equal(first->phase, GUEST_CUT);
  assert_int_equal(other->phase, GUEST_ASKING);
}

static void a_crowd_from_everywhere_does_not_lock_out_the_scrape(void **state) {
  (void)state;
  struct guest *first = enter(ipv4(1), 0);
  for (unsigned i = 2; i <= GUESTS_MAX; i++) enter(ipv4(i), i);
  assert_true(room(ipv4(100000)));
  assert_int_equal(first->phase, GUEST_CUT);
}

static void an_answer_under_way_is_never_sacrificed(void **state) {
  (void)state;
  for (unsigned i = 0; i < GUESTS_MAX; i++) guard_phase(&guard, enter(ipv4(i), 0), GUEST_ANSWERING, 0);
  assert_false(room(ipv4(100000)));
}

static void one_network_counts_as_one_address(void **state) {
  (void)state;
  char text[64];
  for (int i = 0; i < GUESTS_OF_PEER; i++) {
    snprintf(text, sizeof text, "2001:db8::%x", (unsigned)i + 1);
    guard_phase(&guard, enter(ipv6(text), 0), GUEST_ANSWERING, 0);
  }
  assert_false(room(ipv6("2001:db8::ffff")));
  assert_true(room(ipv6("2001:db8:0:1::1")));
  assert_true(room(ipv6("::ffff:10.0.0.1")));
}

static void ipv4_counts_the_same_on_a_dual_stack_socket(void **state) {
  (void)state;
  for (int i = 0; i < GUESTS_OF_PEER; i++) guard_phase(&guard, enter(ipv6("::ffff:10.0.0.1"), 0), GUEST_ANSWERING, 0);
  assert_false(room(ipv4(1)));
  assert_true(room(ipv6("::ffff:10.0.0.2")));
}

static void only_this_machine_is_local(void **state) {
  (void)state;
  struct sockaddr_storage loopback = ipv4(0x7F000005u - 0x0A000000u), unix_socket = {.ss_family = AF_UNIX};
  assert_true(enter(loopback, 0)->local);
  assert_true(enter(unix_socket, 0)->local);
  assert_true(enter(ipv6("::1"), 0)->local);
  assert_true(enter(ipv6("::ffff:127.0.0.1"), 0)->local);
  assert_false(enter(ipv4(1), 0)->local);
  assert_false(enter(ipv6("fe80::1"), 0)->local);
  assert_false(enter(ipv6("::ffff:10.0.0.1"), 0)->local);
}

static void places_are_given_back(void **state) {
  (void)state;
  for (int i = 0; i < 10000; i++) guard_leave(enter(ipv4(1), i));
  guard_leave(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_trickling_request_is_cut_however_lively, fresh),
      cmocka_unit_test_setup(a_scrape_each_minute_keeps_its_connection, fresh),
      cmocka_unit_test_setup(a_reader_that_stops_reading_is_cut, fresh),
      cmocka_unit_test_setup(who_is_cut_stays_cut, fresh),
      cmocka_unit_test_setup(the_longest_waiting_makes_room_within_its_own_address, fresh),
      cmocka_unit_test_setup(a_crowd_from_everywhere_does_not_lock_out_the_scrape, fresh),
      cmocka_unit_test_setup(an_answer_under_way_is_never_sacrificed, fresh),
      cmocka_unit_test_setup(one_network_counts_as_one_address, fresh),
      cmocka_unit_test_setup(ipv4_counts_the_same_on_a_dual_stack_socket, fresh),
      cmocka_unit_test_setup(only_this_machine_is_local, fresh),
      cmocka_unit_test_setup(places_are_given_back, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
