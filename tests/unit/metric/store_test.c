/* The store: readers see the latest batch of every target, and nothing of a target that is gone. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "metric/snapshot.h"
#include "metric/store.h"

static const struct family value_family = {.name = "value", .help = "A value.", .type = METRIC_GAUGE};

static struct batch *make_batch(const char *name, double value) {
  struct identity *id = identity_new(name, "test", "job", name);
  struct batch *b = batch_new(id, 1);
  identity_unref(id);
  struct section *s = section_new("part");
  section_add(s, &value_family, section_label_pairs(s, "name", name, NULL), value);
  b->sections[0] = section_finish(s);
  b->up = true;
  return b;
}

static double value_of(const struct batch *b) {
  size_t count;
  const struct sample *samples = section_samples(b->sections[0], &count);
  return count == 1 ? samples[0].value : -1;
}

static double shown(struct store *store, const char *name) {
  struct batch *b = store_find(store, name);
  double value = b ? value_of(b) : -1;
  batch_unref(b);
  return value;
}

static size_t shown_targets(struct store *store) {
  struct snapshot *snapshot = store_snapshot(store);
  size_t count = snapshot->count;
  snapshot_free(snapshot);
  return count;
}

static void an_identity_keeps_its_words(void **state) {
  (void)state;
  char name[] = "main";
  struct identity *id = identity_new(name, "postgres", "postgres", "main:5432");
  name[0] = 'x';
  struct identity *again = identity_ref(id);
  identity_unref(id);
  assert_string_equal(again->name, "main");
  assert_string_equal(again->kind, "postgres");
  assert_string_equal(again->instance, "main:5432");
  identity_unref(again);
}

static void the_latest_batch_is_shown(void **state) {
  (void)state;
  struct store *store = store_new();
  struct slot *slot = store_add(store);
  assert_int_equal(shown_targets(store), 0);
  assert_true(store_find(store, "a") == NULL);
  slot_publish(slot, make_batch("a", 1));
  uint64_t before = store_generation(store);
  slot_publish(slot, make_batch("a", 2));
  assert_true(store_generation(store) != before);
  assert_true(shown(store, "a") == 2);
  assert_true(shown(store, "b") == -1);
  slot_retire(slot);
  store_free(store);
}

static void a_reader_keeps_what_it_took(void **state) {
  (void)state;
  struct store *store = store_new();
  struct slot *slot = store_add(store);
  slot_publish(slot, make_batch("a", 1));
  struct snapshot *snapshot = store_snapshot(store);
  slot_publish(slot, make_batch("a", 2));
  slot_retire(slot);
  store_free(store);
  assert_int_equal(snapshot->count, 1);
  assert_true(value_of(snapshot->batches[0]) == 1);
  snapshot_free(snapshot);
}

static void targets_keep_the_order_in_which_they_were_added(void **state) {
  (void)state;
  struct store *store = store_new();
  struct slot *slots[20];
  for (int i = 0; i < 20; i++) slots[i] = store_add(store);
  for (int i = 19; i >= 0; i--) slot_publish(slots[i], make_batch("t", i));
  slot_retire(slots[7]);
  struct snapshot *snapshot = store_snapshot(store);
  assert_int_equal(snapshot->count, 19);
  for (size_t i = 0; i < 19; i++) assert_true(value_of(snapshot->batches[i]) == (double)(i < 7 ? i : i + 1));
  snapshot_free(snapshot);
  for (int i = 0; i < 20; i++)
    if (i != 7) slot_retire(slots[i]);
  store_free(store);
}

static void a_retired_target_is_gone_and_stays_gone(void **state) {
  (void)state;
  struct store *store = store_new();
  struct slot *slot = store_add(store), *of_runner = slot_ref(slot);
  slot_publish(slot, make_batch("a", 1));
  uint64_t before = store_generation(store);
  slot_retire(slot);
  assert_true(store_generation(store) != before);
  assert_int_equal(shown_targets(store), 0);
  slot_publish(of_runner, make_batch("a", 2));
  assert_int_equal(shown_targets(store), 0);
  slot_unref(of_runner);
  store_free(store);
}

static void a_stuck_runner_may_publish_after_the_store_is_gone(void **state) {
  (void)state;
  struct store *store = store_new();
  struct slot *slot = store_add(store), *of_runner = slot_ref(slot);
  store_free(store);
  slot_publish(of_runner, make_batch("a", 1));
  slot_retire(slot);
  slot_unref(of_runner);
}

/* Threads that publish and retire beside readers: run under the thread sanitizer to mean anything beyond counting. */
enum { WRITERS = 3, ROUNDS = 200 };
struct race {
  struct store *store;
  atomic_bool stop;
};

static void *write_and_retire(void *arg) {
  struct race *race = arg;
  for (int i = 0; i < ROUNDS; i++) {
    struct slot *slot = store_add(race->store), *second = slot_ref(slot);
    slot_publish(slot, make_batch("a", 1));
    slot_publish(second, make_batch("a", 2));
    slot_retire(slot);
    slot_publish(second, make_batch("a", 3));
    slot_unref(second);
  }
  return NULL;
}

static void *read_all(void *arg) {
  struct race *race = arg;
  size_t wrong = 0;
  while (!atomic_load(&race->stop)) {
    struct snapshot *snapshot = store_snapshot(race->store);
    for (size_t i = 0; i < snapshot->count; i++) wrong += !(value_of(snapshot->batches[i]) <= 2);
    wrong += snapshot->count > WRITERS;
    snapshot_free(snapshot);
    wrong += !(shown(race->store, "a") <= 2);
  }
  return (void *)(uintptr_t)wrong;
}

static void publishing_reading_and_retiring_do_not_disturb_each_other(void **state) {
  (void)state;
  struct race race = {.store = store_new()};
  pthread_t writers[WRITERS], reader;
  assert_int_equal(pthread_create(&reader, NULL, read_all, &race), 0);
  for (int i = 0; i < WRITERS; i++) assert_int_equal(pthread_create(&writers[i], NULL, write_and_retire, &race), 0);
  for (int i = 0; i < WRITERS; i++) pthread_join(writers[i], NULL);
  atomic_store(&race.stop, true);
  void *wrong;
  pthread_join(reader, &wrong);
  assert_true(wrong == NULL);
  assert_int_equal(shown_targets(race.store), 0);
  assert_int_equal(store_generation(race.store), WRITERS * ROUNDS * 3);
  store_free(race.store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_identity_keeps_its_words),
      cmocka_unit_test(the_latest_batch_is_shown),
      cmocka_unit_test(a_reader_keeps_what_it_took),
      cmocka_unit_test(targets_keep_the_order_in_which_they_were_added),
      cmocka_unit_test(a_retired_target_is_gone_and_stays_gone),
      cmocka_unit_test(a_stuck_runner_may_publish_after_the_store_is_gone),
      cmocka_unit_test(publishing_reading_and_retiring_do_not_disturb_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
