/* Everybody at once: targets that report, queries, what saves, and too little room for all of it. For the thread sanitizer, and for what a reader may see:
 * every value of series k at the time t is t seconds and k thousandths, whatever was evicted, sealed or saved meanwhile. */
#include "tests/unit/test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/unit/history/past.h"

enum { WRITERS = 3, TICKS = 400, SERIES = 40 };

struct race {
  struct history *h;
  atomic_int writing;
  atomic_size_t points;
  char path[64];
};
struct writer {
  struct race *race;
  char name[20];
};

static void need(bool holds) {
  if (!holds) abort();
}

static void *report(void *arg) {
  struct writer *w = arg;
  struct shard *s = past_shard(w->race->h, w->name);
  for (int t = 1; t <= TICKS; t++) {
    SCOPED(buf_done) struct buf words;
    buf_init(&words, 10000);
    for (int k = t / 20; k < t / 20 + SERIES; k++) buf_printf(&words, "%d=%d.%03d ", k, t, k);
    bool up = t % 50 != 49;
    past_tick(s, t * S, up, up ? past_section("part", &a_family, words.data) : NULL, NULL);
    if (t % 100 == 0) { /* a reload */
      shard_retire(s, t * S);
      s = past_shard(w->race->h, w->name);
    }
  }
  shard_retire(s, TICKS * S);
  atomic_fetch_sub(&w->race->writing, 1);
  return NULL;
}

static void check_series(const struct series *x) {
  int k = atoi(labels_get(x->labels, "k"));
  for (size_t i = 0; i < x->count; i++) {
    need(i == 0 || x->points[i].time > x->points[i - 1].time);
    if (is_stale(x->points[i].value)) continue;
    need(llround(x->points[i].value * 1000) == x->points[i].time + k);
  }
}

static void *query(void *arg) {
  struct race *race = arg;
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  while (atomic_load(&race->writing)) {
    struct selection sel;
    struct labels **labels;
    struct arena a;
    size_t count;
    arena_init(&a);
    need(history_select(race->h, &m, 1, ALWAYS, &a, &sel, NULL));
    for (size_t i = 0; i < sel.count; i++) {
      check_series(&sel.series[i]);
      atomic_fetch_add(&race->points, sel.series[i].count);
    }
    selection_done(&sel);
    need(history_series(race->h, &m, 1, ALWAYS, &a, &labels, &count, NULL));
    for (size_t i = 0; i < count; i++) labels_unref(labels[i]);
    arena_done(&a);
    need(history_stats(race->h).series < 10000);
  }
  return NULL;
}

static void *save(void *arg) {
  struct race *race = arg;
  while (atomic_load(&race->writing)) {
    struct history *again = history_new(60 * MINUTE, MEGA);
    need(history_save(race->h, race->path, 0, NULL));
    need(history_load(again, race->path, 60 * MINUTE, 0, NULL));
    struct selection sel;
    struct arena a;
    const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
    arena_init(&a);
    need(history_select(again, &m, 1, ALWAYS, &a, &sel, NULL));
    for (size_t i = 0; i < sel.count; i++) check_series(&sel.series[i]);
    selection_done(&sel);
    arena_done(&a);
    history_free(again);
  }
  return NULL;
}

static void *judge(void *arg) {
  struct race *race = arg;
  struct labels *own = labels_new((struct label_pair[]){{"__name__", "a"}, {"k", "5"}}, 2);
  for (msec_t t = 1; atomic_load(&race->writing); t++) history_append(race->h, own, t * S, (double)t + 0.005);
  labels_unref(own);
  return NULL;
}

static void race(size_t bytes) {
  struct race race = {.h = history_new(60 * MINUTE, bytes), .path = "/tmp/sonde-history-race-XXXXXX"};
  struct writer writers[WRITERS];
  pthread_t threads[WRITERS + 3];
  atomic_init(&race.writing, WRITERS);
  close(mkstemp(race.path));
  for (int i = 0; i < WRITERS; i++) {
    writers[i].race = &race;
    snprintf(writers[i].name, sizeof writers[i].name, "writer%d", i);
    pthread_create(&threads[i], NULL, report, &writers[i]);
  }
  pthread_create(&threads[WRITERS], NULL, query, &race);
  pthread_create(&threads[WRITERS + 1], NULL, save, &race);
  pthread_create(&threads[WRITERS + 2], NULL, judge, &race);
  for (int i = 0; i < WRITERS + 3; i++) pthread_join(threads[i], NULL);
  assert_true(atomic_load(&race.points) > 0);
  assert_true((history_stats(race.h).shortened > 0) == (bytes < MEGA));
  history_free(race.h);
  unlink(race.path);
}

static void nobody_sees_what_is_wrong_while_all_are_at_work(void **state) {
  (void)state;
  race(100 * MEGA);
}

static void nor_when_there_is_too_little_room(void **state) {
  (void)state;
  race(100000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_sees_what_is_wrong_while_all_are_at_work),
      cmocka_unit_test(nor_when_there_is_too_little_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
