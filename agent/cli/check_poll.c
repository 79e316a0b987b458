/* The agent's own way, walked once in the foreground: its targets, its store, its rules. What is left out is what lasts: publication on the tick, which
 * would let a check wait, gives way to one poll at once, or to the window's own pace. */
#include <time.h>

#include "agent/cli/check.h"
#include "alert/status.h"
#include "base/log.h"
#include "poll/target.h"
#include "metric/snapshot.h"

#define LOOK_EVERY     ((msec_t)5)
#define WINDOW_POLLS   10
#define HISTORY_BYTES  ((size_t)256 << 20)
#define INTERVAL_LEAST ((msec_t)1000)

/* Of the time there is, polls get nine tenths, so that a driver can say what it waited for; the last twentieth is for the end of those that are stuck
 * where no driver can help, in a resolver. With a window, its pace is the configured one where that gives enough polls. */
static void set_pace(struct config *c, msec_t timeout, msec_t window) {
  for (size_t i = 0; i < c->target_count; i++) {
    struct target_config *t = &c->targets[i];
    t->every = window ? MAX(MIN(t->every, window / WINDOW_POLLS), INTERVAL_LEAST) : timeout + INTERVAL_LEAST;
    t->timeout = MIN(timeout * 9 / 10, t->every * 8 / 10);
  }
}

static bool all_polled(struct store *store) {
  struct snapshot *s = store_snapshot(store);
  bool polled = true;
  for (size_t i = 0; i < s->count; i++) polled = polled && s->batches[i]->polled;
  snapshot_free(s);
  return polled;
}

static void sleep_until(msec_t until) {
  msec_t span = MAX(until - clock_now(), 0);
  nanosleep(&(struct timespec){.tv_sec = span / 1000, .tv_nsec = span % 1000 * 1000000}, NULL);
}

/* Lets them be polled: until each has polled once and the window that begins then is over, or the deadline. */
static void wait_for_polls(struct store *store, struct targets *targets, msec_t deadline, msec_t window) {
  msec_t watch = 0, end = 0;
  for (msec_t now = clock_now(); end ? now < end : now < deadline; now = clock_now()) {
    if (now >= watch) watch = targets_watch(targets, now);
    if (!end && all_polled(store)) end = now + window;
    sleep_until(now + LOOK_EVERY);
  }
}

/* One evaluation, when everything is there: what it found is pending or firing as of now. */
static struct rules_view *evaluate(struct history *history, struct config *c, struct rule_set *rules) {
  struct evaluator *evaluator = evaluator_new(history, NULL, NULL);
  evaluator_apply(evaluator, c, rules);
  evaluator_step(evaluator, clock_now(), (int64_t)(clock_wall() * 1000));
  struct rules_view *view = evaluator_view(evaluator);
  evaluator_free(evaluator);
  return view;
}

void check_poll(struct config *c, struct rule_set *rules, msec_t timeout, msec_t window, struct buf *out) {
  msec_t start = clock_now();
  struct store *store = store_new();
  struct history *history = history_new(MAX(rules->span, window + timeout), HISTORY_BYTES);
  struct net *net = net_new();
  struct targets *targets = targets_new(store, history, net);
  log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT); /* what is wrong is said once, in the report */
  set_pace(c, timeout, window);
  targets_apply(targets, config_ref(c));
  wait_for_polls(store, targets, start + timeout * 19 / 20, window);
  struct rules_view *view = evaluate(history, c, rules);
  struct snapshot *snapshot = store_snapshot(store);
  status_write(out, &(struct status){.targets = snapshot, .rules = view, .now = clock_now()});
  snapshot_free(snapshot);
  rules_view_unref(view);
  targets_stop(targets, clock_now() + timeout / 20);
  net_free(net);
  store_free(store);
  history_free(history);
  config_unref(c);
}
