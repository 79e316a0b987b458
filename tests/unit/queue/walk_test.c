/* The walk watches what its calls take in the server. The time around each call is written into the batch here, which the fake cannot do: its
 * clock stands still within a poll. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "collectors/queue/walk.h"
#include "collectors/redis/link.h"

struct trip {
  struct arena arena;
  struct redis_batch batch;
  struct redis_reader *reader;
  struct queue_poll poll;
  struct walk walk;
  int64_t clock; /* microseconds */
};

static void begin(struct trip *t) {
  memset(t, 0, sizeof *t);
  t->clock = 1700000000000000;
  arena_init(&t->arena);
  redis_batch_init(&t->batch, &t->arena);
  t->reader = redis_reader_new();
  redis_reader_begin(t->reader, &t->batch);
  t->poll.now = t->clock / 1000;
  walk_init(&t->walk, "*:*:id");
  walk_begin(&t->walk, &t->batch, &t->poll);
}

static void end(struct trip *t) {
  redis_reader_free(t->reader);
  redis_batch_done(&t->batch);
  arena_done(&t->arena);
}

static int put_time(char *out, size_t size, int64_t clock) {
  char micros[8];
  int length = snprintf(micros, sizeof micros, "%d", (int)(clock % 1000000));
  return snprintf(out, size, "*2\r\n$10\r\n%lld\r\n$%d\r\n%s\r\n", (long long)(clock / 1000000), length, micros);
}

/* The call that is under way takes so long in the server and ends at cursor 7. */
static void answer(struct trip *t, int64_t usec) {
  char wire[400];
  struct fail why;
  int length = put_time(wire, sizeof wire, t->clock);
  length += snprintf(wire + length, sizeof wire - (size_t)length, "*2\r\n$1\r\n7\r\n*0\r\n");
  t->clock += usec;
  length += put_time(wire + length, sizeof wire - (size_t)length, t->clock);
  assert_true(redis_reader_feed(t->reader, wire, (size_t)length, &why));
  assert_non_null(walk_keys(&t->walk, &t->batch, &t->poll));
}

static void a_slow_call_ends_the_poll_and_halves_the_next(void **state) {
  (void)state;
  struct trip t;
  begin(&t);
  answer(&t, 6000);
  assert_false(walk_on(&t.walk, &t.batch, &t.poll));
  assert_int_equal(t.walk.count, 500);
  for (int i = 0; i < 5; i++) {
    walk_begin(&t.walk, &t.batch, &t.poll);
    answer(&t, 50000);
  }
  assert_int_equal(t.walk.count, 100);
  walk_begin(&t.walk, &t.batch, &t.poll);
  answer(&t, 500);
  assert_int_equal(t.walk.count, 200); /* and it recovers */
  end(&t);
}

static void a_poll_takes_no_more_than_its_share_of_the_server(void **state) {
  (void)state;
  struct trip t;
  int calls = 1;
  begin(&t);
  answer(&t, 3000);
  for (; walk_on(&t.walk, &t.batch, &t.poll); calls++) answer(&t, 3000);
  assert_int_equal(calls, 7); /* 21 ms */
  end(&t);
}

static void a_slow_network_gets_fewer_calls(void **state) {
  (void)state;
  struct trip t;
  int calls = 1;
  begin(&t);
  answer(&t, 100);
  for (; walk_on(&t.walk, &t.batch, &t.poll); calls++) {
    t.clock += 80000; /* on the way */
    answer(&t, 100);
  }
  assert_int_equal(calls, 4);
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slow_call_ends_the_poll_and_halves_the_next),
      cmocka_unit_test(a_poll_takes_no_more_than_its_share_of_the_server),
      cmocka_unit_test(a_slow_network_gets_fewer_calls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
