/* Targets that share one thread, with a net that answers when the test says so. Nothing here measures time: each test waits for a state. */
#include "tests/unit/test.h"

#include <math.h>

#include "base/log.h"
#include "tests/unit/poll/fake.h"
#include "metric/snapshot.h"

#define EVERY ((msec_t)50)
enum { MANY = 1000 };

/* Net, as its header says it is, but for the network: transfers wait until the test, or `at_once`, answers them. */
struct transfer {
  void (*done)(void *context, const struct net_answer *a);
  void *context;
};
struct net {
  pthread_mutex_t lock;
  bool stopped, at_once;
  struct transfer waiting[MANY];
  size_t count;
  pthread_t thread;
};
static atomic_size_t kept, most_waiting, sent;

static void *answer_all(void *arg) {
  struct net *n = arg;
  for (;;) {
    struct transfer t = {0};
    pthread_mutex_lock(&n->lock);
    bool stopped = n->stopped;
    if (!stopped && n->at_once && n->count) t = n->waiting[--n->count];
    pthread_mutex_unlock(&n->lock);
    if (stopped) return NULL;
    if (t.done)
      t.done(t.context, &(struct net_answer){.status = 200, .body = "ok", .length = 2});
    else
      nap();
  }
}

struct net *net_new(void) {
  struct net *n = mem_zero(sizeof *n);
  pthread_mutex_init(&n->lock, NULL);
  if (pthread_create(&n->thread, NULL, answer_all, n)) abort();
  return n;
}

void net_stop(struct net *n) {
  pthread_mutex_lock(&n->lock);
  bool was_stopped = n->stopped;
  n->stopped = true;
  pthread_mutex_unlock(&n->lock);
  if (!was_stopped) pthread_join(n->thread, NULL);
}

void net_free(struct net *n) {
  net_stop(n);
  pthread_mutex_destroy(&n->lock);
  free(n);
}

bool net_send(struct net *n, const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
              struct fail *f) {
  pthread_mutex_lock(&n->lock);
  bool good = !n->stopped && n->count < MANY && r->timeout > 0 && r->connect_timeout > 0;
  if (good) n->waiting[n->count++] = (struct transfer){done, context};
  atomic_store(&most_waiting, MAX(atomic_load(&most_waiting), n->count));
  pthread_mutex_unlock(&n->lock);
  atomic_fetch_add(&sent, 1);
  return good || fail(f, FAIL_STOPPED, "the agent is ending");
}

const struct net_answer *net_answer_keep(const struct net_answer *a) {
  struct net_answer *copy = mem_resize(NULL, 1, sizeof *copy);
  *copy = *a;
  atomic_fetch_add(&kept, 1);
  return copy;
}

void net_answer_free(const struct net_answer *a) {
  if (!a) return;
  atomic_fetch_sub(&kept, 1);
  free((void *)(uintptr_t)a);
}

struct world {
  struct store *store;
  struct history *history;
  struct net *net;
  struct targets *targets;
  struct server server;
  unsigned freed;
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  w->store = store_new();
  w->history = history_new(HOUR, 100u << 20);
  w->net = net_new();
  w->targets = targets_new(w->store, w->history, w->net);
  server_init(&w->server);
  w->freed = atomic_load(&configs_freed);
  atomic_store(&most_waiting, 0);
  *state = w;
  return 0;
}

static void stop(struct world *w) {
  if (w->targets) targets_stop(w->targets, clock_now() + 60 * S);
  w->targets = NULL;
}

static int tear_down(void **state) {
  struct world *w = *state;
  stop(w);
  assert_int_equal(atomic_load(&w->server.opens), atomic_load(&w->server.closes));
  assert_int_equal(atomic_load(&kept), 0);
  net_free(w->net);
  store_free(w->store);
  history_free(w->history);
  server_done(&w->server);
  free(w);
  return 0;
}

static void add_probe(struct config *c, const char *name, struct server *server, uint64_t digest) {
  struct target_config *t = fake_target(c, name, server, digest);
  t->kind = &probe_collector.kind;
}

static void watch_one(struct world *w) {
  struct config *c = fake_config(EVERY);
  add_probe(c, "a", &w->server, 1);
  targets_apply(w->targets, c);
}

static void set_at_once(struct world *w, bool at_once) {
  pthread_mutex_lock(&w->net->lock);
  w->net->at_once = at_once;
  pthread_mutex_unlock(&w->net->lock);
}

static size_t waiting(struct world *w) {
  pthread_mutex_lock(&w->net->lock);
  size_t count = w->net->count;
  pthread_mutex_unlock(&w->net->lock);
  return count;
}

/* Answers the transfer that waits, or the next one. */
static void answer(struct world *w, const char *body, enum fail_kind kind) {
  EVENTUALLY(waiting(w) > 0);
  pthread_mutex_lock(&w->net->lock);
  struct transfer t = w->net->waiting[--w->net->count];
  pthread_mutex_unlock(&w->net->lock);
  struct net_answer a = {.body = body, .length = strlen(body)};
  if (kind != FAIL_NONE) fail(&a.why, kind, "nobody is there");
  t.done(t.context, &a);
}

static struct batch *latest(struct world *w) {
  struct batch *b = store_find(w->store, "a");
  assert_non_null(b);
  return b;
}

static bool was_polled(struct world *w, double polls) {
  return shown(w->store, "a", "sonde_target_polls_total", "") >= polls;
}

static void what_was_answered_is_shown_and_remembered(void **state) {
  struct world *w = *state;
  static struct point points[10000];
  set_at_once(w, true);
  watch_one(w);
  EVENTUALLY(was_polled(w, 3));
  struct batch *b = latest(w);
  assert_true(b->polled && batch_is_well(b) && b->count == 2);
  assert_true(value_of(b, "fake_base", "") >= 3);
  assert_true(value_of(b, "sonde_target_up", "") == 1 && value_of(b, "sonde_part_up", "part=\"base\"") == 1);
  batch_unref(b);
  assert_true(remembered(w->history, "a", "fake_base", points, 10000) >= 2);
}

static void a_target_is_asked_once_at_a_time(void **state) {
  struct world *w = *state;
  watch_one(w);
  EVENTUALLY(waiting(w) == 1);
  size_t before = atomic_load(&sent);
  for (int i = 0; i < 3; i++) {
    answer(w, "ok", FAIL_NONE);
    EVENTUALLY(atomic_load(&sent) == before + (size_t)i + 1);
  }
  assert_int_equal(atomic_load(&most_waiting), 1);
}

static void what_is_seen_and_not_well_shows_its_values_and_the_reason(void **state) {
  struct world *w = *state;
  watch_one(w);
  for (int i = 0; i < 3; i++) answer(w, "status 500", FAIL_NONE); /* asked at each tick, without backing off */
  EVENTUALLY(was_polled(w, 3));
  struct batch *b = latest(w);
  assert_true(b->polled && b->up && !batch_is_well(b) && b->success > 0);
  assert_string_equal(b->why.text, "it says status 500");
  assert_true(value_of(b, "fake_base", "") == 3 && value_of(b, "sonde_target_up", "") == 0 && value_of(b, "fake_up", "") == 1);
  assert_true(value_of(b, "sonde_target_failures_total", "reason=\"protocol\"") == 3);
  batch_unref(b);
  set_at_once(w, true);
  EVENTUALLY(shown(w->store, "a", "sonde_target_up", "") == 1);
}

static void what_is_not_seen_is_down(void **state) {
  struct world *w = *state;
  watch_one(w);
  answer(w, "", FAIL_CONNECT);
  EVENTUALLY(was_polled(w, 1));
  struct batch *b = latest(w);
  assert_true(b->polled && !b->up && b->count == 1);
  assert_string_equal(b->why.text, "nobody is there");
  batch_unref(b);
  set_at_once(w, true);
  EVENTUALLY(shown(w->store, "a", "sonde_target_up", "") == 1);
}

static void what_cannot_be_asked_is_down(void **state) {
  struct world *w = *state;
  atomic_store(&w->server.broken, 1);
  watch_one(w);
  EVENTUALLY(was_polled(w, 1));
  struct batch *b = latest(w);
  assert_true(!b->up && b->why.kind == FAIL_CONFIG);
  batch_unref(b);
}

static void an_answer_that_never_comes_is_a_timeout_all_the_same(void **state) {
  struct world *w = *state;
  watch_one(w);
  EVENTUALLY((targets_watch(w->targets, clock_now()), was_polled(w, 1)));
  struct batch *b = latest(w);
  assert_true(!b->up && b->why.kind == FAIL_TIMEOUT);
  batch_unref(b);
  answer(w, "ok", FAIL_NONE);
  EVENTUALLY(shown(w->store, "a", "sonde_target_up", "") == 1);
}

static void a_late_answer_for_a_retired_target_is_dropped(void **state) {
  struct world *w = *state;
  watch_one(w);
  EVENTUALLY(waiting(w) == 1);
  targets_apply(w->targets, fake_config(EVERY));
  answer(w, "ok", FAIL_NONE);
  EVENTUALLY(atomic_load(&w->server.closes) == 1);
  assert_int_equal(atomic_load(&w->server.polls), 0);
  struct batch *b = store_find(w->store, "a");
  assert_null(b);
  EVENTUALLY((targets_watch(w->targets, clock_now()), atomic_load(&configs_freed) == w->freed + 1));
}

static void a_reload_keeps_what_has_not_changed(void **state) {
  struct world *w = *state;
  set_at_once(w, true);
  watch_one(w);
  EVENTUALLY(was_polled(w, 1));
  struct config *c = fake_config(EVERY);
  add_probe(c, "a", &w->server, 1);
  add_probe(c, "b", &w->server, 2);
  targets_apply(w->targets, c);
  EVENTUALLY(shown(w->store, "b", "sonde_target_up", "") == 1);
  assert_int_equal(atomic_load(&w->server.opens), 2);
  targets_apply(w->targets, fake_config(EVERY));
  EVENTUALLY(atomic_load(&w->server.closes) == 2);
}

static void targets_that_were_just_added_end_with_the_agent(void **state) {
  struct world *w = *state;
  for (size_t round = 0; round < 20; round++) {
    struct config *c = fake_config(EVERY);
    for (size_t i = 0; i < 20; i++) add_probe(c, i ? arena_printf(&c->arena, "p%zu", i) : "a", &w->server, i);
    targets_apply(w->targets, c);
    stop(w);
    assert_int_equal(atomic_load(&configs_freed), w->freed + round + 1);
    net_free(w->net);
    w->net = net_new();
    w->targets = targets_new(w->store, w->history, w->net);
  }
}

static void nothing_that_is_outstanding_keeps_the_agent_from_ending(void **state) {
  struct world *w = *state;
  struct config *c = fake_config(EVERY);
  for (size_t i = 0; i < MANY; i++) add_probe(c, i ? arena_printf(&c->arena, "p%zu", i) : "a", &w->server, i);
  targets_apply(w->targets, c);
  EVENTUALLY(waiting(w) > 10);
  stop(w);
  assert_int_equal(atomic_load(&configs_freed), w->freed + 1);
}

/* How often the target was polled that had the fewest turns; 0 while one has shown nothing yet. */
static size_t fewest_polls(struct world *w) {
  size_t fewest = SIZE_MAX;
  struct snapshot *s = store_snapshot(w->store);
  for (size_t i = 0; i < s->count; i++) fewest = MIN(fewest, (size_t)value_of(s->batches[i], "sonde_target_polls_total", ""));
  bool all = s->count == MANY;
  snapshot_free(s);
  return all ? fewest : 0;
}

static void a_thousand_targets_have_their_turns(void **state) {
  struct world *w = *state;
  struct config *c = fake_config(10 * EVERY);
  for (size_t i = 0; i < MANY; i++) add_probe(c, i ? arena_printf(&c->arena, "p%zu", i) : "a", &w->server, i);
  set_at_once(w, true);
  targets_apply(w->targets, c);
  EVENTUALLY(fewest_polls(w) >= 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
  const struct CMUnitTest tests[] = {
      TEST(what_was_answered_is_shown_and_remembered),
      TEST(a_target_is_asked_once_at_a_time),
      TEST(what_is_seen_and_not_well_shows_its_values_and_the_reason),
      TEST(what_is_not_seen_is_down),
      TEST(what_cannot_be_asked_is_down),
      TEST(an_answer_that_never_comes_is_a_timeout_all_the_same),
      TEST(a_late_answer_for_a_retired_target_is_dropped),
      TEST(a_reload_keeps_what_has_not_changed),
      TEST(targets_that_were_just_added_end_with_the_agent),
      TEST(nothing_that_is_outstanding_keeps_the_agent_from_ending),
      TEST(a_thousand_targets_have_their_turns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
