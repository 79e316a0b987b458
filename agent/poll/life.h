/* The life of one target, whoever waits for it: a thread of its own (runner.h) or the loop that many share (loop.h). Begin a turn when it is due, poll
 * when it says so, end the turn with what came: schedule, carried sections, facts, the log and publication are here.
 *
 * The watchdog publishes in the driver's place when the target is overdue, so nothing that blocks a driver keeps the world from learning that a target does
 * not answer. A life is shared by the target set and its driver; a driver that is stuck keeps it, its slot and its configuration alive. */
#ifndef SONDE_POLL_LIFE_H
#define SONDE_POLL_LIFE_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/poll/facts.h"
#include "agent/poll/schedule.h"
#include "history/history.h"
#include "metric/store.h"

struct life {
  /* Fixed while it lasts. */
  const struct target_config *config;
  const struct collector *collector;
  struct config *whole; /* in which `config` lies; a reference */
  struct identity *id;
  struct slot *slot;
  struct ticks ticks;

  /* The target set's own. */
  struct life *next;
  bool started;        /* it has a driver */
  bool told;           /* that it cannot have one */
  atomic_bool leaving; /* it is watched no more */
  pthread_t thread;    /* runner.h … */
  int stop_fd;         /* … -1 where there is none */

  /* The driver's own. */
  void *state;
  struct schedule schedule;
  struct turn turn;  /* that is under way */
  double turn_began; /* on clock_seconds() */
  struct carried {
    struct section *section; /* NULL when there is nothing to show */
    msec_t collected;
    enum fail_kind failing; /* the reason that the log was told */
    bool lacking;           /* it was told what the section lacks */
  } carried[PARTS_MAX];
  char server[sizeof((struct poll *)NULL)->server];

  /* Shared by the driver and the watchdog, under `lock`. */
  pthread_mutex_t lock;
  struct facts facts;
  msec_t published;   /* the time of the last batch */
  msec_t seen;        /* the driver's last sign of life */
  msec_t deadline;    /* of the poll that is under way; 0 when there is none */
  msec_t suspected;   /* by the watchdog, which looks a second time … */
  bool overdue;       /* … and has spoken in the driver's place */
  uint64_t serial;    /* of the last publication that was begun */
  struct shard *past; /* NULL: nobody remembers the target, or it has been retired */

  atomic_uint references;
};

/* A target that is shown as not yet polled. The caller has one reference. */
struct life *life_new(const struct target_config *config, struct config *whole, struct store *store, struct history *history,
                      msec_t now);
struct life *life_ref(struct life *l);
void life_unref(struct life *l);
/* Takes the target off the store and ends its past: what is still published is ignored. */
void life_retire(struct life *l, msec_t now);

/* For its driver, one thread at a time. The first turn is due at `first`. */
void life_open(struct life *l, msec_t first);
void life_close(struct life *l);
/* Begins the turn that is due since schedule_wake(). True when it is to poll; one that does not is ended at once, with a poll that is empty. */
bool life_begin(struct life *l, msec_t now) MUST_CHECK;
/* Makes `p` the poll of this turn; its wait.stop_fd stays. */
void life_prepare(const struct life *l, struct poll *p);
/* Ends the turn: takes the results out of `p`, publishes when it is time. `up` and *why are what poll() or read() said. False when the poll was told to
 * stop: then nothing is published. */
bool life_end(struct life *l, struct poll *p, bool up, const struct fail *why) MUST_CHECK;

/* The watchdog's look: publishes "down, timeout" when the target is overdue. Before `patience` its driver is given the benefit of the doubt. Returns
 * when to look again. */
msec_t life_watch(struct life *l, msec_t now, msec_t patience);

/* Publication, in two steps, because the status section is written with no lock held: a begun one that another has overtaken is dropped. */
struct publication {
  struct facts facts;
  msec_t time;
  uint64_t serial;
};
/* With l->lock held. */
void publication_begin(struct life *l, struct publication *p, msec_t now);
/* Without it. Shows the status section and `count` others, to which it takes references of its own. */
void publication_end(struct life *l, const struct publication *p, struct section *const *sections, size_t count, msec_t now);

#endif
