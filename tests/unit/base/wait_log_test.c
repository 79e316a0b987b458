/* Waiting and logging: nothing blocks past its deadline, and no value forges a log line. */
#include "tests/unit/test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wait.h"

static void a_silent_peer_ends_at_the_deadline_and_a_stop_ends_at_once(void **state) {
  (void)state;
  int pair[2], stop = eventfd(0, EFD_CLOEXEC);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  struct fail f;
  struct wait w = {.deadline = clock_now() + 20, .stop_fd = stop};
  assert_false(wait_fd(&w, pair[0], POLLIN, &f));
  assert_int_equal(f.kind, FAIL_TIMEOUT);
  assert_true(wait_over(&w, &f));
  w.deadline = clock_now() + 3600000;
  assert_false(wait_over(&w, &f));
  assert_true(write(pair[1], "x", 1) == 1 && wait_fd(&w, pair[0], POLLIN, &f));
  assert_int_equal(eventfd_write(stop, 1), 0);
  assert_false(wait_fd(&w, pair[0], POLLIN, &f));
  assert_int_equal(f.kind, FAIL_STOPPED);
  assert_false(wait_until(stop, clock_now() + 3600000));
  assert_true(wait_until(-1, clock_now() + 5));
  close(pair[0]), close(pair[1]), close(stop);
}

/* What a call writes to standard error. */
static void logged(char *out, size_t size, enum log_format format, const char *text) {
  int pipes[2], old = dup(STDERR_FILENO);
  assert_int_equal(pipe(pipes), 0);
  dup2(pipes[1], STDERR_FILENO);
  log_setup(LOG_LEVEL_INFO, format);
  log_debug("t", "not shown");
  log_warn("a target", "%s", text);
  dup2(old, STDERR_FILENO);
  close(pipes[1]), close(old);
  ssize_t n = read(pipes[0], out, size - 1);
  out[n > 0 ? n : 0] = 0;
  close(pipes[0]);
}

static void a_value_cannot_forge_a_log_line(void **state) {
  (void)state;
  char line[2000];
  logged(line, sizeof line, LOG_FORMAT_LOGFMT, "x\nlevel=error msg=\"root\" \x1b[31m");
  assert_non_null(strstr(line, " level=warn target=\"a target\" msg=\"x\\nlevel=error msg=\\\"root\\\" \\u001b[31m\"\n"));
  assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
  logged(line, sizeof line, LOG_FORMAT_JSON, "plain");
  assert_non_null(strstr(line, ",\"level\":\"warn\",\"target\":\"a target\",\"msg\":\"plain\"}\n"));
  static char huge[5000];
  memset(huge, 'x', sizeof huge - 1);
  logged(line, sizeof line, LOG_FORMAT_LOGFMT, huge);
  assert_non_null(strstr(line, "too long"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_silent_peer_ends_at_the_deadline_and_a_stop_ends_at_once),
      cmocka_unit_test(a_value_cannot_forge_a_log_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
