/* The thread that keeps the history over restarts: see keeper.h. It alone waits for the disk on its account, and it looks now and then whether there is
 * room: once for each change it is said. */
#include "agent/cli/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "agent/cli/room.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/wait.h"

#define LOOK_EVERY ((msec_t)60000)
#define SAVE_EVERY ((msec_t)300000)

struct keeper {
  struct history *history;
  char path[4096]; /* "": it is not kept */
  int stop_fd;
  pthread_t thread;
  bool is_running;
  bool is_unsaved; /* it was said that it cannot be written */
  struct room room;
};

static msec_t wall_offset(void) {
  return (msec_t)(clock_wall() * 1000) - clock_now();
}

static void say(bool good, const char *sentence) {
  (good ? log_info : log_warn)(NULL, "%s", sentence);
}

static void save(struct keeper *k) {
  struct fail why;
  if (!*k->path) return;
  bool good = history_save(k->history, k->path, wall_offset(), &why);
  if (!good && !k->is_unsaved) log_error(NULL, "%s; it is tried again", why.text);
  if (good && k->is_unsaved) log_info(NULL, "the history can be written again");
  k->is_unsaved = !good;
}

/* The lock ends with the process. */
static bool own_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) return true; /* what else is wrong shows when it is used */
  close(fd);
  return false;
}

static void load(struct keeper *k, const char *folder) {
  struct fail why;
  char reach[40];
  if (!own_folder(folder)) {
    log_error(NULL, "another process keeps its history in %s: that of this one is forgotten at its end", folder);
    return;
  }
  snprintf(k->path, sizeof k->path, "%s/history", folder);
  if (!history_load(k->history, k->path, clock_now(), wall_offset(), &why)) log_error(NULL, "%s", why.text);
  k->room.last = history_stats(k->history);
  if (k->room.last.series)
    log_info(NULL, "the history goes on: %zu series, %s", k->room.last.series, room_span(k->room.last.reach, reach, sizeof reach));
}

static void *run(void *arg) {
  struct keeper *k = arg;
  pthread_setname_np(pthread_self(), "history");
  msec_t now = clock_now(), next_save = now + SAVE_EVERY;
  while (wait_until(k->stop_fd, now + LOOK_EVERY)) {
    now = clock_now();
    struct history_stats stats = history_stats(k->history);
    room_look(&k->room, &stats, say);
    mem_trim(); /* a start, a reload or a query for a year leave much behind */
    if (now < next_save) continue;
    save(k);
    next_save = now + SAVE_EVERY;
  }
  save(k);
  return NULL;
}

struct keeper *keeper_start(struct history *history, const char *folder) {
  struct keeper *k = mem_zero(sizeof *k);
  k->history = history;
  if (folder) load(k, folder);
  k->stop_fd = eventfd(0, EFD_CLOEXEC);
  errno = k->stop_fd < 0 ? errno : pthread_create(&k->thread, NULL, run, k);
  k->is_running = k->stop_fd >= 0 && errno == 0;
  if (!k->is_running) log_error(NULL, "no thread can be started for the history (%s): it is forgotten at the end", strerror(errno));
  return k;
}

void keeper_end(struct keeper *k) {
  if (k->is_running) (void)!write(k->stop_fd, &(uint64_t){1}, sizeof(uint64_t));
}

void keeper_wait(struct keeper *k, msec_t deadline) {
  struct timespec until;
  if (!k->is_running) return;
  clock_gettime(CLOCK_REALTIME, &until);
  msec_t left = MAX((msec_t)0, deadline - clock_now()), nanoseconds = until.tv_nsec + left % 1000 * 1000000;
  until.tv_sec += left / 1000 + nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  if (pthread_timedjoin_np(k->thread, NULL, &until)) log_warn(NULL, "the history could not be written in time");
}
