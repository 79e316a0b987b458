/* See thread.h. */
#include "agent/poll/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

/* libpq and OpenSSL need some, getaddrinfo() most. */
#define STACK_BYTES (256u << 10)

bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, struct fail *f) {
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  errno = pthread_create(thread, &attr, run, arg);
  pthread_attr_destroy(&attr);
  return errno == 0 || fail_errno(f, "cannot start a thread");
}

void thread_name(const char *name) {
  char shown[16];
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  snprintf(shown, sizeof shown, "%.15s", name);
  pthread_setname_np(pthread_self(), shown);
}

bool thread_ended(pthread_t thread, msec_t deadline) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  msec_t until = (msec_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + MAX(deadline - clock_now(), 0);
  t = (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
  return pthread_timedjoin_np(thread, NULL, &t) == 0;
}
