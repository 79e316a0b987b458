/* Waiting that always ends: see base/wait.h. */
#include "base/wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

static int timeout_until(msec_t until) {
  msec_t left = until - clock_now();
  return left <= 0 ? 0 : (int)MIN(left, (msec_t)INT_MAX);
}

bool wait_fd(const struct wait *w, int fd, short events, struct fail *f) {
  struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = w->stop_fd, .events = POLLIN}};
  for (;;) {
    int n = poll(p, 2, timeout_until(w->deadline));
    if (n < 0 && errno != EINTR) return fail_errno(f, "cannot wait for an answer");
    if (n > 0 && p[1].revents) return fail(f, FAIL_STOPPED, "the agent is stopping");
    if (n > 0) return true;
    if (n == 0 && clock_now() >= w->deadline) return fail(f, FAIL_TIMEOUT, "no answer before the deadline");
  }
}

bool wait_until(int stop_fd, msec_t until) {
  struct pollfd p = {.fd = stop_fd, .events = POLLIN};
  do
    if (poll(&p, 1, timeout_until(until)) > 0) return false;
  while (clock_now() < until);
  return true;
}

bool wait_over(const struct wait *w, struct fail *f) {
  struct pollfd p = {.fd = w->stop_fd, .events = POLLIN};
  if (poll(&p, 1, 0) > 0) {
    fail(f, FAIL_STOPPED, "the agent is stopping");
    return true;
  }
  if (clock_now() < w->deadline) return false;
  fail(f, FAIL_TIMEOUT, "no answer before the deadline");
  return true;
}
