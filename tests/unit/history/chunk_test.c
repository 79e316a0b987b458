/* Packed values: that each comes out as it went in, bit for bit, that what targets show takes few bytes, and that bytes nobody packed are refused. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdlib.h>

#include "agent/history/chunk.h"
#include "base/attr.h"
#include "history/history.h"

static unsigned seed;

static uint64_t random_bits(void) {
  return (uint64_t)rand_r(&seed) << 42 ^ (uint64_t)rand_r(&seed) << 21 ^ (uint64_t)rand_r(&seed);
}

enum { RUNS = 400 };

/* Packs runs, seals a copy after each, and unpacks the last one. */
static void assert_same_again(const struct run *runs, size_t count) {
  struct packer *p = packer_new(7);
  uint32_t ticks = 0;
  for (size_t i = 0; i < count; i++) {
    p = packer_put(p, runs[i]);
    ticks += runs[i].ticks;
    assert_int_equal(p->ticks, ticks);
    assert_true(packer_length(p) <= p->capacity);
    if (packer_length(p) > CHUNK_BYTES_MAX) count = i + 1;
  }
  struct chunk *c = chunk_new(p->bytes, packer_length(p), p->first, p->ticks);
  free(p);
  struct unpacker u;
  unpacker_init(&u, c->bytes, c->length);
  for (size_t i = 0; i < count; i++) {
    struct run run;
    if (!unpacker_next(&u, &run)) fail_msg("run %zu: %a, %u ticks", i, value_of(runs[i].bits), runs[i].ticks);
    assert_int_equal(run.ticks, runs[i].ticks);
    assert_int_equal(run.absent, runs[i].absent);
    if (!run.absent && run.bits != runs[i].bits) fail_msg("value %zu: %a became %a", i, value_of(runs[i].bits), value_of(run.bits));
  }
  assert_true(c->first == 7 && c->ticks == ticks);
  chunk_unref(c);
}

static void assert_values_same_again(const double *values, size_t count) {
  struct run runs[RUNS];
  for (size_t i = 0; i < count; i++) runs[i] = (struct run){.bits = bits_of(values[i]), .ticks = 1};
  assert_same_again(runs, count);
}

static void values_at_the_edge_come_out_as_they_went_in(void **state) {
  (void)state;
  const double two53 = 9007199254740992.0;
  const double values[] = {0,          -0.0,      1,          -1,          INFINITY, -INFINITY,       NAN,    stale_marker(),
                           -NAN,       0x1p-1074, 0x1p1023,   -0x1p1023,   two53,    two53 - 1,       -two53, 1 - two53,
                           two53 + 2,  0.1,       0.01,       0.001,       1e-9,     1.5e-9,          1e-10,  0.1 + 0.2,
                           1e300,      -1e-300,   1700000000, 1.7e9 + 0.5, 9e15,     -9e15,           0,      123456789.123456789,
                           9007199.25, 1e9,       1e-9,       9e6,         0.3,      100000000000.25, 1,      -0.0};
  assert_values_same_again(values, COUNTOF(values));
  for (size_t i = 0; i < COUNTOF(values); i++)
    for (size_t k = 0; k < COUNTOF(values); k++) assert_values_same_again((double[]){values[i], values[k], values[i], 5}, 4);
}

static void payloads_of_nan_are_kept(void **state) {
  (void)state;
  const struct run runs[] = {{.bits = 0x7ff8000000000001u, .ticks = 1},
                             {.bits = 0x7ff0000000000001u, .ticks = 2},
                             {.bits = 0x7ff0000000000002u, .ticks = 1},
                             {.bits = 0xfff8dead0000beefu, .ticks = 1},
                             {.bits = UINT64_MAX, .ticks = 9},
                             {.bits = 0, .ticks = 1},
                             {.bits = 1, .ticks = 1},
                             {.bits = (uint64_t)1 << 63, .ticks = 1}};
  assert_same_again(runs, COUNTOF(runs));
}

static void any_length_of_a_run_is_kept(void **state) {
  (void)state;
  struct run runs[66];
  size_t count = 0;
  for (uint32_t n = 1; n < 1u << 26; n *= 2) {
    runs[count++] = (struct run){.bits = bits_of((double)n), .ticks = n};
    runs[count++] = (struct run){.absent = true, .ticks = n + 1};
  }
  assert_same_again(runs, count);
  assert_same_again(&(struct run){.bits = 3, .ticks = UINT32_MAX}, 1);
}

/* What any of a number of sources may bring. */
static double random_value(unsigned kind, double before) {
  switch (kind) {
  case 0:
    return before + rand_r(&seed) % 1000; /* a counter */
  case 1:
    return (double)(rand_r(&seed) % 2000 - 1000) / 100;
  case 2:
    return value_of(random_bits());
  case 3:
    return rand_r(&seed) / 7.0;
  case 4:
    return rand_r(&seed) % 4 ? before : stale_marker();
  case 5:
    return before * (rand_r(&seed) % 3 ? 10 : -0.1);
  case 6:
    return (double)(int64_t)random_bits();
  default:
    return before + 0.25;
  }
}

static void whatever_comes_comes_out_as_it_went_in(void **state) {
  (void)state;
  for (seed = 1; seed < 6000; seed++) {
    struct run runs[RUNS];
    size_t count = 1 + (size_t)rand_r(&seed) % RUNS;
    unsigned kind = (unsigned)rand_r(&seed), mixed = 1 + (unsigned)rand_r(&seed) % 30;
    double before = 0;
    for (size_t i = 0; i < count; i++) {
      if ((unsigned)rand_r(&seed) % mixed == 0) kind = (unsigned)rand_r(&seed) % 8;
      before = random_value(kind % 8, before);
      runs[i] = (struct run){.bits = bits_of(before), .ticks = 1 + (uint32_t)(rand_r(&seed) % 8 ? 0 : rand_r(&seed) % 100)};
      if (rand_r(&seed) % 20 == 0) runs[i] = (struct run){.absent = true, .ticks = runs[i].ticks};
    }
    assert_same_again(runs, count);
  }
}

/* How many bytes a thousand ticks take, over all chunks. */
static double bytes_for(double (*value)(int tick)) {
  struct packer *p = packer_new(0);
  uint32_t bytes = 0, run = 1;
  for (int t = 0; t < 1000; t++) {
    if (t + 1 < 1000 && value(t + 1) == value(t)) {
      run++;
      continue;
    }
    p = packer_put(p, (struct run){.bits = bits_of(value(t)), .ticks = run});
    run = 1;
    if (!packer_is_full(p)) continue;
    bytes += (uint32_t)(sizeof(struct chunk) + packer_length(p));
    packer_restart(p, p->first + p->ticks);
  }
  bytes += (uint32_t)packer_length(p);
  free(p);
  return bytes;
}

static double constant(int t) {
  return t < 0 ? 0 : 0.73;
}
static double steady_counter(int t) {
  return 1e6 + 10.0 * t;
}
static double busy_counter(int t) {
  return 1e9 + 5000.0 * t + (t * 7919) % 401;
}
static double cpu_seconds(int t) {
  return (double)(5000000 + 731 * t + (t * 7919) % 57) / 100;
}
static double milliseconds(int t) {
  return (double)((t * 7919) % 20011) / 1000;
}
static double any_ratio(int t) {
  return 1.0 / (3 + (t * 7919) % 20011);
}

static void what_targets_show_takes_few_bytes(void **state) {
  (void)state;
  assert_true(bytes_for(constant) < 10);        /* of 8000 */
  assert_true(bytes_for(steady_counter) < 650); /* two bits, and chunks */
  assert_true(bytes_for(busy_counter) < 1500);
  assert_true(bytes_for(cpu_seconds) < 900);
  assert_true(bytes_for(milliseconds) < 2550);
  assert_true(bytes_for(any_ratio) < 8200); /* nothing to be gained, little lost */
}

static void bytes_that_nobody_packed_do_no_harm(void **state) {
  (void)state;
  unsigned char bytes[64];
  for (seed = 1; seed < 20000; seed++) {
    struct unpacker u;
    struct run run;
    size_t length = (size_t)rand_r(&seed) % sizeof bytes, count = 0;
    for (size_t i = 0; i < length; i++) bytes[i] = (unsigned char)(rand_r(&seed) % 3 ? rand_r(&seed) : 0xff);
    unsigned char *exact = malloc(length + 1); /* so that the sanitizers see where it ends */
    memcpy(exact, bytes, length);
    unpacker_init(&u, exact, length);
    while (unpacker_next(&u, &run)) assert_true(run.ticks > 0 && ++count <= length * 8);
    free(exact);
  }
}

static void bytes_that_end_early_are_noticed(void **state) {
  (void)state;
  struct packer *p = packer_new(0);
  for (int i = 0; i < 40; i++) p = packer_put(p, (struct run){.bits = bits_of(any_ratio(i) * i), .ticks = 1 + (uint32_t)i});
  for (size_t length = 0; length + 1 < packer_length(p); length++) {
    struct unpacker u;
    struct run run;
    int count = 0;
    unpacker_init(&u, p->bytes, length);
    while (unpacker_next(&u, &run)) count++;
    assert_true(count < 40);
  }
  free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_at_the_edge_come_out_as_they_went_in),
      cmocka_unit_test(payloads_of_nan_are_kept),
      cmocka_unit_test(any_length_of_a_run_is_kept),
      cmocka_unit_test(whatever_comes_comes_out_as_it_went_in),
      cmocka_unit_test(what_targets_show_takes_few_bytes),
      cmocka_unit_test(bytes_that_nobody_packed_do_no_harm),
      cmocka_unit_test(bytes_that_end_early_are_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
