/* Helpers that ask file systems which may never answer. The one that hangs here reads from a pipe until the test closes it. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "collectors/host/space.h"

static int gate, gate_key;      /* the pipe's reading (atomic) and writing end */
static unsigned calls_of_stuck; /* atomic */

static int ask(const char *path, struct statfs *ret) {
  if (!strcmp(path, "/stuck")) {
    char byte;
    __atomic_add_fetch(&calls_of_stuck, 1, __ATOMIC_SEQ_CST);
    while (read(__atomic_load_n(&gate, __ATOMIC_SEQ_CST), &byte, 1) < 0) {
    }
  }
  if (!strcmp(path, "/broken")) {
    errno = EIO;
    return -1;
  }
  ret->f_blocks = strlen(path);
  return 0;
}

static int shut_gate(void **state UNUSED) {
  int ends[2];
  __atomic_store_n(&calls_of_stuck, 0, __ATOMIC_SEQ_CST);
  if (pipe(ends)) return -1;
  __atomic_store_n(&gate, ends[0], __ATOMIC_SEQ_CST);
  gate_key = ends[1];
  return 0;
}

static void open_gate(void) {
  if (gate_key >= 0) close(gate_key);
  gate_key = -1;
}

static int remove_gate(void **state UNUSED) {
  open_gate();
  return 0; /* the reading end stays: a helper may still be at it */
}

#define QUERIES 4
struct asked {
  struct space_helpers *helpers;
  struct space_query *queries[QUERIES];
  struct space answers[QUERIES];
};

static void prepare(struct asked *a, const char *const paths[QUERIES]) {
  a->helpers = space_helpers_new(ask);
  for (size_t i = 0; i < QUERIES; i++) a->queries[i] = space_query_new(paths[i]);
}

static void poll_once(struct asked *a, msec_t patience, int stop_fd) {
  struct wait wait = {.deadline = clock_now() + patience, .stop_fd = stop_fd};
  space_ask(a->helpers, a->queries, QUERIES);
  space_answers(a->helpers, a->queries, a->answers, QUERIES, &wait);
}

static void finish(struct asked *a) {
  for (size_t i = 0; i < QUERIES; i++) space_query_unref(a->queries[i]);
  space_helpers_free(a->helpers);
}

static void every_file_system_answers_for_itself(void **state UNUSED) {
  struct asked a;
  prepare(&a, (const char *const[]){"/", "/broken", "/aa", "/aaa"});
  for (int i = 0; i < 100; i++) {
    poll_once(&a, 10000, -1);
    assert_int_equal(a.answers[0].error, 0);
    assert_int_equal(a.answers[0].fs.f_blocks, 1);
    assert_int_equal(a.answers[1].error, EIO);
    assert_int_equal(a.answers[3].fs.f_blocks, 4);
  }
  finish(&a);
}

static void one_that_hangs_costs_only_its_own_numbers(void **state UNUSED) {
  struct asked a;
  prepare(&a, (const char *const[]){"/stuck", "/", "/aa", "/aaa"});
  poll_once(&a, 250, -1);
  assert_int_equal(a.answers[0].error, ETIMEDOUT);
  for (size_t i = 1; i < QUERIES; i++) assert_int_equal(a.answers[i].error, 0);
  finish(&a);
}

static void one_that_hangs_is_not_asked_again_until_it_answers(void **state UNUSED) {
  struct asked a;
  prepare(&a, (const char *const[]){"/stuck", "/", "/aa", "/aaa"});
  for (int i = 0; i < 20; i++) {
    poll_once(&a, i ? 10000 : 150, -1);
    assert_int_equal(a.answers[0].error, ETIMEDOUT);
    assert_int_equal(a.answers[1].error, 0);
  }
  assert_int_equal(__atomic_load_n(&calls_of_stuck, __ATOMIC_SEQ_CST), 1);
  open_gate();
  while (a.answers[0].error) poll_once(&a, 10000, -1);
  assert_int_equal(a.answers[0].fs.f_blocks, strlen("/stuck"));
  finish(&a);
}

static void many_that_hang_side_by_side_cost_one_wait(void **state UNUSED) {
  struct asked a;
  prepare(&a, (const char *const[]){"/stuck", "/stuck", "/stuck", "/aaa"});
  poll_once(&a, 10000, -1);
  for (size_t i = 0; i < 3; i++) assert_int_equal(a.answers[i].error, ETIMEDOUT);
  assert_int_equal(a.answers[3].error, 0);
  assert_int_equal(__atomic_load_n(&calls_of_stuck, __ATOMIC_SEQ_CST), 3);
  finish(&a);
}

static void the_agent_can_end_while_one_hangs(void **state UNUSED) {
  struct asked a;
  int stop[2];
  prepare(&a, (const char *const[]){"/stuck", "/", "/aa", "/aaa"});
  assert_int_equal(pipe(stop), 0);
  close(stop[1]);
  poll_once(&a, 1000000, stop[0]);
  assert_int_equal(a.answers[0].error, ETIMEDOUT);
  close(stop[0]);
  finish(&a); /* returns although the helper does not */
}

static void a_mount_that_went_away_while_it_hung_is_forgotten(void **state UNUSED) {
  struct asked a;
  prepare(&a, (const char *const[]){"/stuck", "/", "/aa", "/aaa"});
  space_ask(a.helpers, a.queries, QUERIES);
  space_query_unref(a.queries[0]);
  a.queries[0] = space_query_new("/new");
  poll_once(&a, 10000, -1);
  assert_int_equal(a.answers[0].error, 0);
  open_gate(); /* its late answer is nobody's */
  poll_once(&a, 10000, -1);
  for (size_t i = 0; i < QUERIES; i++) assert_int_equal(a.answers[i].error, 0);
  finish(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_file_system_answers_for_itself, shut_gate, remove_gate),
      cmocka_unit_test_setup_teardown(one_that_hangs_costs_only_its_own_numbers, shut_gate, remove_gate),
      cmocka_unit_test_setup_teardown(one_that_hangs_is_not_asked_again_until_it_answers, shut_gate, remove_gate),
      cmocka_unit_test_setup_teardown(many_that_hang_side_by_side_cost_one_wait, shut_gate, remove_gate),
      cmocka_unit_test_setup_teardown(the_agent_can_end_while_one_hangs, shut_gate, remove_gate),
      cmocka_unit_test_setup_teardown(a_mount_that_went_away_while_it_hung_is_forgotten, shut_gate, remove_gate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
