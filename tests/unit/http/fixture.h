/* Targets with made-up batches, for the tests of the HTTP room. */
#ifndef SONDE_TESTS_UNIT_HTTP_FIXTURE_H
#define SONDE_TESTS_UNIT_HTTP_FIXTURE_H

#include <string.h>

#include "metric/store.h"

static const struct family fixture_value = {"fixture_value", "A value.", METRIC_GAUGE, NULL, false};
static const struct family fixture_process = {"process_open_fds", "Open descriptors.", METRIC_GAUGE, NULL, false};

enum fixture_state { FIXTURE_STARTING, FIXTURE_UP, FIXTURE_DOWN };

static struct section *fixture_section(const char *part, const struct family *family, double value) {
  struct section *s = section_new(part);
  section_add(s, family, 0, value);
  return section_finish(s);
}

/* Target "sonde" gets a part `process` beside the value. Down means a refused login. */
static struct batch *fixture_batch(const char *name, enum fixture_state state, double value) {
  bool self = !strcmp(name, "sonde");
  struct identity *id = identity_new(name, "postgres", "postgres", name);
  struct batch *b = batch_new(id, self ? 2 : 1);
  identity_unref(id);
  b->sections[0] = fixture_section("base", &fixture_value, value);
  if (self) b->sections[1] = fixture_section("process", &fixture_process, 7);
  b->polled = state != FIXTURE_STARTING;
  b->up = state == FIXTURE_UP;
  b->time = 20000;
  if (b->up) b->success = 18500;
  if (state == FIXTURE_DOWN) fail(&b->why, FAIL_AUTH, "%s: the login of user \"<b>app</b>\" was refused", name);
  return b;
}

/* A store whose slots end with it. */
struct fixture {
  struct store *store;
  struct slot *slots[128];
  size_t count;
};

static inline struct slot *fixture_publish(struct fixture *f, const char *name, enum fixture_state state, double value) {
  assert_true(f->count < COUNTOF(f->slots));
  struct slot *slot = f->slots[f->count++] = store_add(f->store);
  slot_publish(slot, fixture_batch(name, state, value));
  return slot;
}

static inline void fixture_open(struct fixture *f) {
  *f = (struct fixture){.store = store_new()};
}

static inline void fixture_close(struct fixture *f) {
  for (size_t i = 0; i < f->count; i++) slot_retire(f->slots[i]);
  store_free(f->store);
}

#endif
