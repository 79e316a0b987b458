/* The thread of one target: see runner.h. It waits, polls, and leaves all else to life.h. */
#include "agent/poll/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "agent/poll/thread.h"
#include "base/log.h"

/* One round: wait, poll, publish. False when told to stop. */
static bool take_turn(struct life *l, struct poll *p) {
  struct fail why = {0};
  bool up = false;
  if (!wait_until(l->stop_fd, schedule_wake(&l->schedule))) return false;
  if (life_begin(l, clock_now())) {
    life_prepare(l, p);
    up = l->collector->poll(l->state, p, &why);
  }
  return life_end(l, p, up, &why);
}

static void *run(void *arg) {
  struct life *l = arg;
  struct poll poll = {.wait.stop_fd = l->stop_fd};
  char name[16] = "t:";
  strncat(name, l->config->name, sizeof name - strlen(name) - 1);
  thread_name(name);
  life_open(l, clock_now());
  while (take_turn(l, &poll)) continue;
  life_close(l);
  life_unref(l);
  return NULL;
}

bool runner_start(struct life *l, struct fail *f) {
  if (l->stop_fd < 0) l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (l->stop_fd < 0) return fail_errno(f, "cannot start watching");
  if (thread_start(&l->thread, run, life_ref(l), f)) return true;
  life_unref(l);
  return false;
}

void runner_stop(const struct life *l) {
  if (l->started && eventfd_write(l->stop_fd, 1) != 0) log_error(l->config->name, "cannot be told to stop: %s", strerror(errno));
}

bool runner_ended(struct life *l, msec_t deadline) {
  if (l->started) l->started = !thread_ended(l->thread, deadline);
  return !l->started;
}

void runner_abandon(struct life *l) {
  if (l->started) pthread_detach(l->thread);
  l->started = false;
}
