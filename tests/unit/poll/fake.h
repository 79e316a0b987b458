/* A kind of target whose server does what the test says, and configurations made of it. */
#ifndef SONDE_TESTS_UNIT_POLL_FAKE_H
#define SONDE_TESTS_UNIT_POLL_FAKE_H

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/poll/life.h"
#include "base/mem.h"
#include "poll/target.h"
#include "metric/snapshot.h"

#define S    ((msec_t)1000)
#define HOUR (3600 * S)

enum { FAKE_BASE, FAKE_HOT, FAKE_SLOW, FAKE_SLOWER };
static const struct part fake_parts[] = {
    {.name = "base"},
    {.name = "hot"},
    {.name = "slow", .every = HOUR},
    {.name = "slower", .every = HOUR},
};
static const struct family fake_families[] = {
    {"fake_base", "Where the base part counts its polls.", METRIC_GAUGE, NULL, false},
    {"fake_hot", "Where the hot part counts its polls.", METRIC_GAUGE, NULL, false},
    {"fake_slow", "Where the slow part counts its polls.", METRIC_GAUGE, NULL, false},
    {"fake_slower", "Where the slower part counts its polls.", METRIC_GAUGE, NULL, false},
    {"fake_up", "What the kind's exporter says of itself.", METRIC_GAUGE, NULL, false},
};

/* The server. The test turns the knobs; the runner's thread reads them and counts. */
struct server {
  atomic_bool refuses, hangs;
  atomic_bool stuck;    /* a poll hangs now */
  atomic_uint broken;   /* bit i: part i fails */
  atomic_uint identity; /* another number, another server */
  atomic_uint opens, polls, closes;
  atomic_uint asked[COUNTOF(fake_parts)];
  int gate[2]; /* a poll that hangs reads from it, whatever its deadline says */
};

static inline void server_init(struct server *server) {
  memset(server, 0, sizeof *server);
  if (pipe(server->gate) != 0) abort();
}

static inline void server_done(struct server *server) {
  close(server->gate[0]);
  close(server->gate[1]);
}

/* Lets one poll that hangs go on. */
static inline void server_release(struct server *server) {
  if (write(server->gate[1], "x", 1) != 1) abort();
}

static inline void *fake_open(const void *options) {
  struct server *const *server = options;
  atomic_fetch_add(&(*server)->opens, 1);
  return *server;
}

static inline void fake_close(void *state) {
  struct server *server = state;
  atomic_fetch_add(&server->closes, 1);
}

static inline bool fake_poll(void *state, struct poll *p, struct fail *f) {
  struct server *server = state;
  char byte;
  unsigned count = atomic_fetch_add(&server->polls, 1) + 1;
  if (atomic_load(&server->hangs)) {
    atomic_store(&server->stuck, true);
    if (read(server->gate[0], &byte, 1) != 1) abort();
    atomic_store(&server->stuck, false);
  }
  if (atomic_load(&server->refuses)) return fail(f, FAIL_CONNECT, "nobody listens on the fake");
  snprintf(p->server, sizeof p->server, "server %u", atomic_load(&server->identity));
  for (unsigned i = 0; i < COUNTOF(fake_parts); i++) {
    if (!poll_due(p, i)) continue;
    atomic_fetch_add(&server->asked[i], 1);
    if (atomic_load(&server->broken) >> i & 1u) {
      fail(&p->fails[i], FAIL_PERMISSION, "the part may not be read");
      continue;
    }
    struct section *s = section_new(fake_parts[i].name);
    section_add(s, &fake_families[i], 0, count);
    p->seconds[i] = 0.25;
    poll_done(p, i, s);
  }
  return true;
}

static inline void fake_status(struct section *s, const struct poll_status *status) {
  section_add(s, &fake_families[COUNTOF(fake_parts)], 0, status->up);
}

static const struct collector fake_collector = {
    .kind = {.name = "fake", .job = "fakes", .parts = fake_parts, .part_count = COUNTOF(fake_parts)},
    .open = fake_open,
    .poll = fake_poll,
    .status = fake_status,
    .close = fake_close,
};

/* The same server behind one transfer a poll: "ok", or what is wrong. A test that uses it defines what net does. */
static inline bool fake_ask(void *state, const struct poll *p, struct net_request *ret, struct fail *f) {
  struct server *server = state;
  if (!poll_due(p, FAKE_BASE)) return fail(f, FAIL_SYSTEM, "nothing is due");
  if (atomic_load(&server->broken)) return fail(f, FAIL_CONFIG, "this cannot be asked");
  ret->url = "http://fake/";
  return true;
}

static inline bool fake_read(void *state, const struct net_answer *a, struct poll *p, struct fail *f) {
  struct server *server = state;
  unsigned count = atomic_fetch_add(&server->polls, 1) + 1;
  if (a->why.kind != FAIL_NONE) {
    *f = a->why;
    return false;
  }
  struct section *s = section_new(fake_parts[FAKE_BASE].name);
  section_add(s, &fake_families[FAKE_BASE], 0, count);
  poll_done(p, FAKE_BASE, s);
  if (strcmp(a->body, "ok") != 0) fail(f, FAIL_PROTOCOL, "it says %s", a->body);
  return true;
}

static const struct collector probe_collector = {
    .kind = {.name = "probe", .job = "probes", .parts = fake_parts, .part_count = 1},
    .open = fake_open,
    .ask = fake_ask,
    .read = fake_read,
    .status = fake_status,
    .close = fake_close,
};

/* In place of the registry and of the configuration's reader. */
const struct collector *collector_of(const struct kind *kind) {
  return kind == &fake_collector.kind ? &fake_collector : kind == &probe_collector.kind ? &probe_collector : NULL;
}

static atomic_uint configs_freed;
struct config *config_ref(struct config *c) {
  atomic_fetch_add(&c->references, 1);
  return c;
}

void config_unref(struct config *c) {
  if (!c || atomic_fetch_sub(&c->references, 1) != 1) return;
  atomic_fetch_add(&configs_freed, 1);
  arena_done(&c->arena);
  free(c);
}

static inline struct config *fake_config(msec_t every) {
  struct config *c = mem_zero(sizeof *c);
  arena_init(&c->arena);
  atomic_init(&c->references, 1);
  c->poll_interval = every;
  c->targets = arena_alloc(&c->arena, 1024 * sizeof *c->targets);
  return c;
}

/* `digest` stands for the options: another one is another configuration of the same target. */
static inline struct target_config *fake_target(struct config *c, const char *name, struct server *server, uint64_t digest) {
  struct target_config *t = &c->targets[c->target_count++];
  struct server **options = arena_alloc(&c->arena, sizeof(struct server *));
  *options = server;
  *t = (struct target_config){
      .kind = &fake_collector.kind,
      .name = arena_copy(&c->arena, name),
      .job = "fakes",
      .instance = "fake:1",
      .every = c->poll_interval,
      .timeout = c->poll_interval * 6 / 10,
      .options = options,
      .digest = digest,
  };
  for (size_t i = 0; i < COUNTOF(fake_parts); i++) t->parts[i] = (struct part_config){.on = true, .every = fake_parts[i].every};
  return t;
}

/* The value of a series of the batch, `labels` as it is rendered; NAN when there is none. */
static inline double value_of(const struct batch *b, const char *name, const char *labels) {
  for (size_t i = 0; i < b->count; i++) {
    size_t count;
    const struct sample *samples = section_samples(b->sections[i], &count);
    for (size_t k = 0; k < count; k++)
      if (!strcmp(samples[k].family->name, name) && !strcmp(section_text(b->sections[i], samples[k].labels), labels))
        return samples[k].value;
  }
  return (double)NAN;
}

/* The same of what the store shows of a target now; NAN when it shows nothing. */
static inline double shown(struct store *store, const char *target, const char *name, const char *labels) {
  struct batch *b = store_find(store, target);
  double value = b ? value_of(b, name, labels) : (double)NAN;
  batch_unref(b);
  return value;
}

/* The points that are remembered of a series; returns how many they are. There is room for `max`. */
static inline size_t remembered(struct history *h, const char *target, const char *name, struct point *out, size_t max) {
  const struct matcher m[] = {{MATCH_EQUAL, "__name__", name, NULL}, {MATCH_EQUAL, "target", target, NULL}};
  struct selection sel;
  struct arena a;
  size_t count = 0;
  arena_init(&a);
  if (!history_select(h, m, COUNTOF(m), 0, INT64_MAX, &a, &sel, NULL) || sel.count > 1) abort();
  if (sel.count) count = MIN(sel.series[0].count, max);
  if (count) memcpy(out, sel.series[0].points, count * sizeof *out);
  selection_done(&sel);
  arena_done(&a);
  return count;
}

static inline void nap(void) {
  nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Waits until the condition holds; a minute without it fails the test. */
#define EVENTUALLY(condition)                                                                                                      \
  do {                                                                                                                             \
    msec_t give_up_ = clock_now() + 60 * S;                                                                                        \
    while (!(condition) && clock_now() < give_up_) nap();                                                                          \
    assert_true(condition);                                                                                                        \
  } while (0)

#endif
