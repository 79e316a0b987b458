/* All that a collector knows of the agent, and all that the agent knows of a collector: one `const struct collector` at the bottom of
 * its file and one line in collectors/registry.c. */
#ifndef SONDE_COLLECTORS_COLLECTOR_H
#define SONDE_COLLECTORS_COLLECTOR_H

#include "base/buf.h"
#include "base/wait.h"
#include "config/kind.h"
#include "metric/section.h"
#include "net/net.h"

/* One poll of one target, made by the runner and handed to the collector. */
struct poll {
  struct wait wait;                    /* the deadline of the whole poll */
  uint32_t due;                        /* bit i: part i is to be collected now */
  struct section *sections[PARTS_MAX]; /* results, set by poll_done() */
  struct fail fails[PARTS_MAX];        /* why a due part has no result; beside one, what it lacks and how to get it */
  double seconds[PARTS_MAX];           /* how long each took, where the collector can tell */
  /* Who answered (postmaster start, run_id): sections of another server are not carried over. "" where it cannot change. */
  char server[96];
};

static inline bool poll_due(const struct poll *p, unsigned part) {
  return (p->due >> part) & 1u;
}
/* The part is collected: finishes the section and takes it over. */
void poll_done(struct poll *p, unsigned part, struct section *s);

/* What the status section is written from, at every tick, also when the target is down. */
struct poll_status {
  bool up;
  struct fail why;          /* when down, or up and not well */
  double duration_seconds;  /* of the last poll */
  uint64_t polls, failures; /* since the target was added */
  const struct part *parts;
  size_t part_count;
  struct {
    bool on, ok;             /* ok: its section is shown */
    double duration_seconds; /* of its last collection */
  } part[PARTS_MAX];
};

/* Called for each row of a collector's catalogue; `part` names the part that brings it. */
typedef void family_fn(const struct family *family, const char *part, void *arg);

/* A server that may be watched though nobody configured it. */
struct finding {
  char address[1024]; /* for config_add_target(); may hold a secret, is not shown */
  char shown[256];    /* how the log names it: "DATABASE_URL", "the socket /run/postgresql/.s.PGSQL.5432" */
};

struct collector {
  struct kind kind;
  /* Makes the state of one target. Does no I/O that may wait. `options` lives as long as the state. */
  void *(*open)(const void *options);
  /* Collects the due parts over one connection, in as few round trips as the protocol allows, hot parts first; connects when there is none.
   * Calls poll_done() for each part that it has, sets poll->fails[] for each that it has not. False with *f when the base part is missing:
   * the target is down. True with *f set when it was seen and is not well (a server that is loading, a probe that failed): what it has is shown, and
   * health and checks count it as down. Returns at the latest shortly after the deadline, closing the connection when an answer is outstanding. */
  bool (*poll)(void *state, struct poll *poll, struct fail *f);
  /* Instead of poll(), for kinds that are one transfer a poll (probes, scrapes): thousands of them share one thread (agent/poll/loop.h). What to send; the
   * timeouts are set and may be shortened. All it points to lives until read() or close() … */
  bool (*ask)(void *state, const struct poll *poll, struct net_request *ret, struct fail *f);
  /* … and what came, judged: ends like poll(). */
  bool (*read)(void *state, const struct net_answer *a, struct poll *poll, struct fail *f);
  /* Writes what the kind's exporter says of itself (pg_up, redis_up, node_scrape_collector_success …). */
  void (*status)(struct section *s, const struct poll_status *status);
  void (*close)(void *state);
  /* Calls `each` for every static family, those of status() included. */
  void (*catalogue)(family_fn *each, void *arg);
  /* What of this kind runs here: environment variables first, then local sockets and default ports. Writes at most `max` findings, appends to
   * `looked` a readable list of where it looked. Returns how many. NULL when nothing is to be found. */
  size_t (*discover)(struct finding *findings, size_t max, struct buf *looked);
};

/* All collectors, in the order in which they are documented; ended by NULL. */
extern const struct collector *const collectors[];
/* The collector that contains this kind. */
const struct collector *collector_of(const struct kind *kind);
/* The kinds of all collectors, for config_load(); *ret_count says how many. */
const struct kind *const *collector_kinds(size_t *ret_count);

#endif
