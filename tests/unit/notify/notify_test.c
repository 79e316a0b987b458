/* Delivery with a state in memory and a net that the test plays: it sees each request and answers when it likes. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "agent/notify/notifier.h"
#include "base/mem.h"
#include "tests/unit/notify/examples.h"

/* The net in the test's hands. */

struct sent {
  char *url, *body;
  void (*done)(void *context, const struct net_answer *a);
  void *context;
};
static pthread_mutex_t net_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t net_sent = PTHREAD_COND_INITIALIZER;
static struct sent sent[64];
static int sent_count;
static bool net_refuses;

bool net_send(struct net *n, const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
              struct fail *f) {
  (void)n;
  if (net_refuses) return fail(f, FAIL_SYSTEM, "no thread");
  pthread_mutex_lock(&net_lock);
  if (sent_count == 64) abort();
  sent[sent_count++] = (struct sent){mem_copy(r->url), mem_copy_bytes(r->body, r->body_length), done, context};
  pthread_cond_broadcast(&net_sent);
  pthread_mutex_unlock(&net_lock);
  return true;
}

static void wait_sent(int count) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 60;
  pthread_mutex_lock(&net_lock);
  while (sent_count < count)
    if (pthread_cond_timedwait(&net_sent, &net_lock, &end)) fail_msg("%d requests in a minute, not %d", sent_count, count);
  pthread_mutex_unlock(&net_lock);
}

static void answer_with(int i, long status, const char *body) {
  struct net_answer a = {.status = status, .body = body, .length = strlen(body), .retry_after = -1};
  if (!status) fail(&a.why, FAIL_CONNECT, "nobody listens");
  sent[i].done(sent[i].context, &a);
}

static void net_reset(void) {
  for (int i = 0; i < sent_count; i++) free(sent[i].url), free(sent[i].body);
  sent_count = 0;
}

/* The rest of the world. */

struct hook {
  const char *url;
};

static struct config *config_of(const char *const *names) {
  struct config *c = mem_zero(sizeof *c);
  size_t services;
  arena_init(&c->arena);
  atomic_init(&c->references, 1);
  while (names[c->receiver_count]) c->receiver_count++;
  c->receivers = arena_alloc(&c->arena, (c->receiver_count + 1) * sizeof *c->receivers);
  for (size_t i = 0; i < c->receiver_count; i++) {
    struct hook *hook = arena_alloc(&c->arena, sizeof *hook);
    hook->url = arena_printf(&c->arena, "http://h/%s", names[i]);
    c->receivers[i] = (struct receiver_config){.service = format_services(&services)[1],
                                               .name = arena_copy(&c->arena, names[i]),
                                               .address = "http://h/…",
                                               .options = hook};
  }
  return c;
}

struct world {
  struct state *state;
  struct notifier *notifier;
};

static struct notifier *start(struct state *state, const char *const *names) {
  struct config *c = config_of(names);
  struct notifier *n = notifier_new(state, NULL);
  notifier_apply(n, c);
  config_unref(c);
  return n;
}

static void reload(struct world *w, const char *const *names) {
  struct config *c = config_of(names);
  notifier_apply(w->notifier, c);
  config_unref(c);
}

static void queue_note(struct state *state, const char *receiver, uint64_t alert, const char *name) {
  SCOPED(buf_done) struct buf body;
  const char *labels[] = {"alertname", name, NULL}, *none[] = {NULL};
  struct message m = {.firing = true, .labels = labels_of(labels), .annotations = labels_of(none), .external_url = ""};
  buf_init(&body, 4096);
  message_store(&body, &m);
  struct notification note = {.receiver = receiver, .body = body.data, .fingerprint = alert};
  state_commit(state, NULL, 0, &note, 1);
  example_done(&m);
}

static void wait_waiting(struct state *state, size_t count) {
  for (int i = 0; state_waiting(state) != count; i++) {
    if (i == 60000) fail_msg("%zu wait, not %zu", state_waiting(state), count);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  struct fail why;
  w->state = state_open(NULL, &why);
  net_refuses = false;
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  notifier_stop(w->notifier, 0);
  notifier_free(w->notifier);
  state_close(w->state);
  net_reset();
  free(w);
  return 0;
}

#define ONLY(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool is_about(int i, const char *receiver, const char *alert) {
  char url[64], name[64];
  snprintf(url, sizeof url, "http://h/%s", receiver);
  snprintf(name, sizeof name, "\"alertname\":\"%s\"", alert);
  return !strcmp(sent[i].url, url) && strstr(sent[i].body, name);
}

static void each_message_is_sent_once_in_order_one_at_a_time(void **state) {
  struct world *w = *state;
  queue_note(w->state, "a", 1, "first");
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
  queue_note(w->state, "a", 1, "second");
  queue_note(w->state, "a", 2, "third");
  notifier_wake(w->notifier);
  assert_int_equal(sent_count, 1);
  answer_with(0, 200, "");
  wait_sent(2);
  answer_with(1, 204, "");
  wait_sent(3);
  answer_with(2, 202, "");
  wait_waiting(w->state, 0);
  assert_true(is_about(0, "a", "first") && is_about(1, "a", "second") && is_about(2, "a", "third"));
  notifier_wake(w->notifier);
  queue_note(w->state, "a", 3, "fourth");
  notifier_wake(w->notifier);
  wait_sent(4);
  assert_true(is_about(3, "a", "fourth"));
}

static void a_dead_receiver_delays_no_other(void **state) {
  struct world *w = *state;
  w->notifier = start(w->state, ONLY("dead", "good"));
  queue_note(w->state, "dead", 1, "x");
  notifier_wake(w->notifier);
  wait_sent(1);
  for (int i = 0; i < 5; i++) {
    queue_note(w->state, "good", 1, "y");
    notifier_wake(w->notifier);
    wait_sent(2 + i);
    assert_true(is_about(1 + i, "good", "y"));
    answer_with(1 + i, 200, "");
  }
  wait_waiting(w->state, 1);
}

static void what_failed_is_sent_again_and_keeps_its_place(void **state) {
  struct world *w = *state;
  queue_note(w->state, "a", 1, "firing");
  queue_note(w->state, "a", 1, "resolved");
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
  answer_with(0, 500, "no");
  wait_sent(2); /* after the first rest, half a second or more */
  answer_with(1, 0, "");
  wait_sent(3);
  answer_with(2, 200, "");
  wait_sent(4);
  answer_with(3, 200, "");
  wait_waiting(w->state, 0);
  assert_true(is_about(0, "a", "firing") && is_about(1, "a", "firing") && is_about(2, "a", "firing") &&
              is_about(3, "a", "resolved"));
}

static void what_is_refused_is_dropped_and_the_next_one_goes(void **state) {
  struct world *w = *state;
  queue_note(w->state, "a", 1, "bad");
  queue_note(w->state, "a", 2, "good");
  struct notification torn = {.receiver = "a", .body = "{", .fingerprint = 3};
  state_commit(w->state, NULL, 0, &torn, 1);
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
  answer_with(0, 404, "no_service");
  wait_sent(2);
  assert_true(is_about(1, "a", "good"));
  answer_with(1, 200, "");
  wait_waiting(w->state, 0);
  assert_int_equal(sent_count, 2);
}

static void a_net_that_cannot_send_loses_nothing(void **state) {
  struct world *w = *state;
  net_refuses = true;
  queue_note(w->state, "a", 1, "x");
  w->notifier = start(w->state, ONLY("a"));
  notifier_stop(w->notifier, clock_now() + 60000);
  notifier_free(w->notifier);
  assert_int_equal(state_waiting(w->state), 1);
  net_refuses = false;
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
}

static void a_receiver_that_goes_takes_its_messages_along(void **state) {
  struct world *w = *state;
  queue_note(w->state, "old", 1, "x");
  queue_note(w->state, "old", 2, "y");
  queue_note(w->state, "kept", 2, "z");
  w->notifier = start(w->state, ONLY("old", "kept"));
  wait_sent(2);
  reload(w, ONLY("kept", "new"));
  wait_waiting(w->state, 1);
  queue_note(w->state, "new", 1, "n");
  notifier_wake(w->notifier);
  wait_sent(3);
  assert_true(is_about(2, "new", "n"));
  for (int i = 0; i < 3; i++) answer_with(i, 200, "");
  wait_waiting(w->state, 0);
  reload(w, ONLY("old"));
  queue_note(w->state, "old", 1, "back");
  notifier_wake(w->notifier);
  wait_sent(4);
  assert_true(is_about(3, "old", "back"));
}

static void *stop_patiently(void *arg) {
  notifier_stop(arg, clock_now() + 60000);
  return NULL;
}

/* A restart must not repeat what the receiver is just taking. */
static void the_end_waits_for_an_answer_under_way_and_begins_nothing(void **state) {
  struct world *w = *state;
  pthread_t stopper;
  queue_note(w->state, "a", 1, "x");
  queue_note(w->state, "a", 2, "y");
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
  assert_int_equal(pthread_create(&stopper, NULL, stop_patiently, w->notifier), 0);
  for (msec_t stop = 0; !stop;) { /* until it stops, so that the answer finds it so */
    pthread_mutex_lock(&w->notifier->lock);
    stop = w->notifier->stop;
    pthread_mutex_unlock(&w->notifier->lock);
  }
  answer_with(0, 200, "");
  pthread_join(stopper, NULL);
  assert_int_equal(sent_count, 1);
  assert_int_equal(state_waiting(w->state), 1);
}

static void the_end_does_not_wait_for_ever_and_a_restart_sends_again(void **state) {
  struct world *w = *state;
  queue_note(w->state, "a", 1, "x");
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(1);
  notifier_stop(w->notifier, clock_now() + 20);
  notifier_free(w->notifier);
  assert_int_equal(state_waiting(w->state), 1);
  w->notifier = start(w->state, ONLY("a"));
  wait_sent(2);
  assert_true(is_about(1, "a", "x"));
  answer_with(1, 200, "");
  wait_waiting(w->state, 0);
}

static void an_agent_without_receivers_has_no_thread(void **state) {
  struct world *w = *state;
  w->notifier = start(w->state, (const char *const[]){NULL});
  notifier_wake(w->notifier);
  assert_false(w->notifier->running);
  reload(w, ONLY("a"));
  assert_true(w->notifier->running);
  queue_note(w->state, "a", 1, "x");
  notifier_wake(w->notifier);
  wait_sent(1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(each_message_is_sent_once_in_order_one_at_a_time),
      TEST(a_dead_receiver_delays_no_other),
      TEST(what_failed_is_sent_again_and_keeps_its_place),
      TEST(what_is_refused_is_dropped_and_the_next_one_goes),
      TEST(a_net_that_cannot_send_loses_nothing),
      TEST(a_receiver_that_goes_takes_its_messages_along),
      TEST(the_end_waits_for_an_answer_under_way_and_begins_nothing),
      TEST(the_end_does_not_wait_for_ever_and_a_restart_sends_again),
      TEST(an_agent_without_receivers_has_no_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
