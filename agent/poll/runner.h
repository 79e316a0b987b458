/* The life of one target: a thread that polls it and publishes a batch at every tick. The watchdog publishes in its place when it is
 * overdue, so nothing that blocks a runner keeps the world from learning that its target does not answer.
 *
 * A runner is shared by the target set and its thread; a thread that is stuck keeps it, its slot and its configuration alive. */
#ifndef SONDE_POLL_RUNNER_H
#define SONDE_POLL_RUNNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/poll/facts.h"
#include "agent/poll/schedule.h"
#include "history/history.h"
#include "metric/store.h"

struct runner {
  /* Fixed while the runner lives. */
  const struct target_config *config;
  const struct collector *collector;
  struct config *whole; /* in which `config` lies; a reference */
  struct identity *id;
  struct slot *slot;
  struct ticks ticks;
  int stop_fd;

  /* The target set's own. */
  struct runner *next;
  pthread_t thread;
  bool started, leaving;
  bool told; /* that no thread can be had */

  /* The thread's own. */
  void *state;
  struct schedule schedule;
  struct poll poll;
  struct carried {
    struct section *section; /* NULL when there is nothing to show */
    msec_t collected;
    enum fail_kind failing; /* the reason that the log was told */
    bool lacking;           /* it was told what the section lacks */
  } carried[PARTS_MAX];
  char server[sizeof((struct poll *)NULL)->server];

  /* Shared by the thread and the watchdog, under `lock`. */
  pthread_mutex_t lock;
  struct facts facts;
  msec_t published;   /* the time of the last batch */
  msec_t seen;        /* the thread's last sign of life */
  msec_t deadline;    /* of the poll that is under way; 0 when there is none */
  msec_t suspected;   /* by the watchdog, which looks a second time … */
  bool overdue;       /* … and has spoken in the thread's place */
  uint64_t serial;    /* of the last publication that was begun */
  struct shard *past; /* NULL: nobody remembers the target, or it has been retired */

  atomic_uint references;
};

/* A target that is shown as not yet polled. The caller has one reference. */
struct runner *runner_new(const struct target_config *config, struct config *whole, struct store *store, struct history *history,
                          msec_t now);
void runner_unref(struct runner *r);
/* Starts the thread. */
bool runner_start(struct runner *r, struct fail *f) MUST_CHECK;
/* Takes the target off the store and ends its past: what the thread still publishes is ignored. */
void runner_retire(struct runner *r, msec_t now);
/* Asks the thread to end; it ends by itself as soon as nothing blocks it. */
void runner_stop(struct runner *r);
/* True when the thread has ended, which is waited for until `deadline`. Ask no more after that. */
bool runner_ended(struct runner *r, msec_t deadline);
/* Lets a thread that is stuck go its way. */
void runner_abandon(struct runner *r);

/* The watchdog's look at a runner: publishes "down, timeout" when it is overdue. Before `patience` it is given the benefit of the doubt.
 * Returns when to look again. */
msec_t runner_watch(struct runner *r, msec_t now, msec_t patience);

/* Publication, in two steps, because the status section is written with no lock held: a begun one that another has overtaken is dropped. */
struct publication {
  struct facts facts;
  msec_t time;
  uint64_t serial;
};
/* With r->lock held. */
void publication_begin(struct runner *r, struct publication *p, msec_t now);
/* Without it. Shows the status section and `count` others, to which it takes references of its own. */
void publication_end(struct runner *r, const struct publication *p, struct section *const *sections, size_t count, msec_t now);

#endif
