/* The history beside a model of it that is nothing but an array: a value, or none, for each series and tick. Whatever comes, in whatever order, both show
 * the same points in any span. */
#include "tests/unit/test.h"

#include "tests/unit/history/past.h"

enum { SERIES = 12, TICKS = 3000 };

struct model {
  struct history *h;
  struct shard *s;
  msec_t times[TICKS];
  bool gap[TICKS];
  bool has[SERIES][TICKS];
  double values[SERIES][TICKS];
  int ticks;
  unsigned seed;
};

static int chance(struct model *m, int one_in) {
  return rand_r(&m->seed) % one_in == 0;
}

static double next_value(struct model *m, int k, double before) {
  switch (k % 6) {
  case 0:
    return before;
  case 1:
    return chance(m, 10) ? before + 1 : before;
  case 2:
    return before + rand_r(&m->seed) % 1000;
  case 3:
    return (double)(rand_r(&m->seed) % 100000) / 1000;
  case 4:
    return 1.0 / (1 + rand_r(&m->seed));
  default:
    return chance(m, 3) ? -before : before * 1.5 + 1;
  }
}

static void step(struct model *m) {
  static const struct family family = {.name = "a", .help = "A.", .type = METRIC_GAUGE, .labels = "k"};
  int t = m->ticks++;
  struct section *s = section_new("part");
  m->times[t] = (t ? m->times[t - 1] : 0) + (chance(m, 40) ? 1 + rand_r(&m->seed) % 90000 : 10000);
  m->gap[t] = t && (m->gap[t - 1] ? !chance(m, 5) : chance(m, 60));
  for (int k = 0; k < SERIES && !m->gap[t]; k++) {
    bool had = t && m->has[k][t - 1];
    m->has[k][t] = had ? !chance(m, 50 + 50 * k) : chance(m, 8);
    m->values[k][t] = next_value(m, k, t ? m->values[k][t - 1] : k);
    char name[16];
    snprintf(name, sizeof name, "%d", k);
    if (m->has[k][t]) section_add(s, &family, section_label_pairs(s, "k", name, NULL), m->values[k][t]);
  }
  for (int k = 0; k < SERIES && m->gap[t]; k++) m->values[k][t] = m->values[k][t - 1];
  past_tick(m->s, m->times[t], !m->gap[t], section_finish(s), NULL);
}

static void expect(size_t *count, struct point *points, msec_t time, double value) {
  points[(*count)++] = (struct point){time, value};
}

/* What Prometheus would have of series k in the span. */
static size_t expected(const struct model *m, int k, msec_t from, msec_t to, struct point *points) {
  size_t count = 0;
  for (int t = 0; t < m->ticks; t++) {
    bool ended = t && !m->has[k][t] && m->has[k][t - 1] && !m->gap[t];
    if (m->times[t] <= from || m->times[t] > to) continue;
    if (m->has[k][t])
      expect(&count, points, m->times[t], m->values[k][t]);
    else if (ended || (m->gap[t] && count && !is_stale(points[count - 1].value)))
      expect(&count, points, m->times[t], stale_marker());
  }
  return count;
}

static const struct series *series_of(const struct selection *sel, int k) {
  for (size_t i = 0; i < sel->count; i++)
    if (atoi(labels_get(sel->series[i].labels, "k")) == k) return &sel->series[i];
  return NULL;
}

static void assert_as_the_model(const struct model *m, msec_t from, msec_t to) {
  static struct point points[TICKS];
  const struct matcher name = {MATCH_EQUAL, "__name__", "a", NULL};
  struct selection sel;
  struct arena a;
  arena_init(&a);
  assert_true(history_select(m->h, &name, 1, from, to, &a, &sel, NULL));
  for (int k = 0; k < SERIES; k++) {
    size_t count = expected(m, k, from, to, points);
    const struct series *x = series_of(&sel, k);
    assert_int_equal(x ? x->count : 0, count);
    for (size_t i = 0; i < count; i++)
      if (x->points[i].time != points[i].time || memcmp(&x->points[i].value, &points[i].value, sizeof points[i].value) != 0)
        fail_msg("series %d at %lld: %a, not %a", k, (long long)points[i].time, x->points[i].value, points[i].value);
  }
  selection_done(&sel);
  arena_done(&a);
}

static void compare(unsigned seed, size_t bytes, msec_t span) {
  struct model *m = mem_zero(sizeof *m);
  m->h = history_new(span, bytes);
  m->s = past_shard(m->h, "main");
  m->seed = seed;
  while (m->ticks < TICKS) {
    step(m);
    if (!chance(m, 20)) continue;
    msec_t now = m->times[m->ticks - 1], oldest = now - history_stats(m->h).reach - 1, width = now - oldest;
    msec_t from = oldest + (msec_t)((double)width * rand_r(&m->seed) / RAND_MAX);
    assert_as_the_model(m, from, from + (msec_t)((double)width * rand_r(&m->seed) / RAND_MAX));
    assert_as_the_model(m, oldest, now);
  }
  assert_true((history_stats(m->h).shortened > 0) == (bytes < MEGA));
  history_free(m->h);
  free(m);
}

static void any_span_shows_what_the_array_has(void **state) {
  (void)state;
  for (unsigned seed = 1; seed < 4; seed++) compare(seed, 100 * MEGA, (msec_t)TICKS * 1000 * S);
}

static void so_it_does_when_what_is_old_goes(void **state) {
  (void)state;
  for (unsigned seed = 1; seed < 4; seed++) compare(seed, 100 * MEGA, 100 * MINUTE);
}

static void so_it_does_when_there_is_too_little_room(void **state) {
  (void)state;
  for (unsigned seed = 1; seed < 4; seed++) compare(seed, 30000, (msec_t)TICKS * 1000 * S);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_span_shows_what_the_array_has),
      cmocka_unit_test(so_it_does_when_what_is_old_goes),
      cmocka_unit_test(so_it_does_when_there_is_too_little_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
