/* What remembering costs: appending a batch of 2000 series to a shard, what a series takes at 15 minutes of 10-second ticks, what rules cost that look at
 * it, and what a day takes. Prints the best of many rounds, since on a shared machine the others measure the neighbours. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "history/keep.h"
#include "promql/promql.h"

enum { FAMILIES = 20, ROWS = 50, TICKS = 400 };
#define TICK ((msec_t)10000)

static char names[2 * FAMILIES][64], rows[ROWS + 1][32];
static struct family families[2 * FAMILIES];

static void make_families(void) {
  for (size_t i = 0; i < COUNTOF(families); i++) {
    snprintf(names[i], sizeof names[i], "bench_database_operations_%zu_total", i);
    families[i] = (struct family){names[i], "Operations.", METRIC_COUNTER, "datname,mode,server", false};
  }
  for (size_t i = 0; i < COUNTOF(rows); i++) snprintf(rows[i], sizeof rows[i], "database_%zu", i);
}

/* A thousand series of the families from `family` on, of the rows from `row` on. */
static struct section *table(const char *part, size_t family, size_t row, double value) {
  struct section *s = section_new(part);
  for (size_t r = row; r < row + ROWS; r++) {
    labels_t labels = section_label_pairs(s, "datname", rows[r], "mode", "ExclusiveLock", "server", "main:5432", NULL);
    for (size_t f = family; f < family + FAMILIES; f++) section_add(s, &families[f], labels, value + (double)f);
  }
  return section_finish(s);
}

static double append(struct shard *s, struct identity *id, msec_t time, struct section *hot, struct section *slow) {
  struct batch *b = batch_new(id, 2);
  b->time = time;
  b->up = true;
  b->sections[0] = section_ref(hot);
  b->sections[1] = section_ref(slow);
  double start = clock_seconds();
  shard_append(s, b);
  double took = clock_seconds() - start;
  batch_unref(b);
  return took;
}

/* Appends TICKS batches and prints the best; `fresh` of the two sections are new at each tick, `moving` ones lose and gain a row. */
static void measure(const char *what, int fresh, bool moving) {
  struct history *h = history_new(15 * 60000, (size_t)1 << 30);
  struct identity *id = identity_new("main", "postgres", "postgres", "main:5432");
  struct shard *s = history_add(h, id);
  struct section *carried = table("slow", FAMILIES, 0, 1), *same = table("hot", 0, 0, 1);
  double best = 1;
  for (int i = 1; i <= TICKS; i++) {
    struct section *hot = fresh ? table("hot", 0, moving && i % 2, i) : section_ref(same);
    struct section *slow = fresh > 1 ? table("slow", FAMILIES, 0, i) : section_ref(carried);
    double took = append(s, id, i * TICK, hot, slow);
    if (i > TICKS / 2) best = MIN(best, took);
    section_unref(hot);
    section_unref(slow);
  }
  printf("append, %-36s %6.1f us for 2000 samples\n", what, best * 1e6);
  section_unref(carried);
  section_unref(same);
  identity_unref(id);
  history_free(h);
}

static void measure_rule(struct history *h, const char *text) {
  const struct source source = {.select = history_select, .context = h};
  double best = 1;
  for (int i = 0; i < 200; i++) {
    struct evaluation notes;
    struct value v;
    struct fail f = {0};
    struct arena a;
    arena_init(&a);
    const struct expr *e = promql_parse(text, &a, &f);
    double start = clock_seconds();
    if (!e || !promql_eval(e, &source, TICKS * TICK, &a, &v, &notes, &f)) {
      printf("%s\n", f.text);
      return;
    }
    best = MIN(best, clock_seconds() - start);
    value_done(&v);
    arena_done(&a);
  }
  printf("%8.1f us  %s\n", best * 1e6, text);
}

static void measure_memory_and_rules(void) {
  struct identity *id = identity_new("main", "postgres", "postgres", "main:5432");
  struct section *slow = table("slow", FAMILIES, 0, 1);
  size_t before = mallinfo2().uordblks;
  struct history *h = history_new(15 * 60000, (size_t)1 << 30);
  struct shard *s = history_add(h, id);
  for (int i = 1; i <= TICKS; i++) {
    struct section *hot = table("hot", 0, 0, i);
    append(s, id, i * TICK, hot, slow);
    section_unref(hot);
  }
  struct history_stats stats = history_stats(h);
  size_t taken = mallinfo2().uordblks - before;
  printf("a series takes %zu bytes at 15 minutes of 10 s ticks (%zu series; %zu by our own account)\n", taken / stats.series,
         stats.series, stats.bytes / stats.series);
  measure_rule(h, "bench_database_operations_0_total > 1");
  measure_rule(h, "rate(bench_database_operations_0_total[5m]) > 1");
  measure_rule(h, "sum by (datname) (rate(bench_database_operations_0_total[15m]))");
  measure_rule(h, "rate(bench_database_operations_0_total[5m]) / on (datname) rate(bench_database_operations_1_total[5m]) > 0.5");
  measure_rule(h, "bench_database_operations_0_total{datname=~\"database_.*\"} > 1");
  measure_rule(h, "count({target=\"main\"})");
  section_unref(slow);
  identity_unref(id);
  history_free(h);
}

/* What series are like: in an hour of a host, a Postgres under pgbench and a Redis under bursts, two thirds of 1564 did not change, and one sample in
 * eight was another than the one before: counters of things, of bytes and of hundredths of seconds, memory, milliseconds, a few ratios. */
static double day_value(size_t series, int tick) {
  static unsigned seed = 1;
  static double values[2 * FAMILIES * ROWS];
  double *value = &values[series];
  size_t kind = series % 24;
  if (kind > 1 && (size_t)tick % 6 != series % 6) return *value;
  switch (kind) {
  case 0:
  case 2:
    return *value += rand_r(&seed) % 500; /* operations */
  case 1:
    return *value = (double)((long long)(*value * 100 + 0.5) + rand_r(&seed) % 1000) / 100; /* seconds of CPU */
  case 3:
    return *value += rand_r(&seed) % 200000; /* bytes */
  case 4:
    return *value = (double)(rand_r(&seed) % 100000) / 1000; /* milliseconds */
  case 5:
    return *value = (double)(1000000 + rand_r(&seed) % 100000) * 4096; /* memory */
  case 6:
    return *value = rand_r(&seed) % 20; /* connections */
  case 7:
    return *value = series % 5 ? *value + 1 : 1.0 / (1 + rand_r(&seed));
  default:
    return *value = (double)series;
  }
}

static struct section *day_table(int tick) {
  struct section *s = section_new("day");
  for (size_t r = 0; r < ROWS; r++) {
    labels_t labels = section_label_pairs(s, "datname", rows[r], "mode", "ExclusiveLock", "server", "main:5432", NULL);
    for (size_t f = 0; f < 2 * FAMILIES; f++) section_add(s, &families[f], labels, day_value(r * 2 * FAMILIES + f, tick));
  }
  return section_finish(s);
}

/* What an agent writes that keeps its past each five minutes. */
struct kept {
  char path[40];
  double length, written, all; /* bytes; `all` if it wrote all of it each time */
};

static void keep(struct kept *k, struct history *h) {
  struct fail f;
  struct stat st;
  if (!history_save(h, k->path, 0, &f) || stat(k->path, &st)) {
    printf("%s\n", f.text);
    exit(1);
  }
  double length = (double)st.st_size;
  k->written += length > k->length ? length - k->length : length;
  k->all += (double)history_stats(h).bytes;
  k->length = length;
}

static void measure_file(struct history *h, msec_t now) {
  char path[] = "/tmp/sonde-history-bench-XXXXXX";
  struct fail f;
  struct history *again = history_new(86400000, (size_t)1 << 30);
  close(mkstemp(path));
  double start = clock_seconds();
  bool good = history_save(h, path, 0, &f);
  double saved = clock_seconds();
  good = good && history_load(again, path, now, 0, &f);
  double loaded = clock_seconds();
  if (good)
    printf("  written in %.0f ms, read in %.0f ms\n", (saved - start) * 1e3, (loaded - saved) * 1e3);
  else
    printf("%s\n", f.text);
  unlink(path);
  history_free(again);
}

static void measure_day(void) {
  enum { DAY = 8640 };
  struct identity *id = identity_new("main", "postgres", "postgres", "main:5432");
  size_t before = mallinfo2().uordblks;
  struct history *h = history_new(86400000, (size_t)1 << 30);
  struct shard *s = history_add(h, id);
  struct section *empty = section_finish(section_new("empty"));
  struct kept kept = {.path = "/tmp/sonde-history-kept-XXXXXX"};
  double took = 0;
  close(mkstemp(kept.path));
  for (int i = 1; i <= DAY; i++) {
    struct section *day = day_table(i);
    took += append(s, id, i * TICK, day, empty);
    section_unref(day);
    if (i % (300000 / TICK) == 0) keep(&kept, h);
    if (i != 360 && i != DAY) continue;
    struct history_stats stats = history_stats(h);
    size_t taken = mallinfo2().uordblks - before;
    printf("%s of %zu series: %.2f MB (%.2f by our own account), %.2f bytes a sample; an append %.1f us\n",
           i == DAY ? "a day" : "an hour", stats.series, (double)taken / 1e6, (double)stats.bytes / 1e6,
           (double)taken / (double)stats.samples, took / i * 1e6);
  }
  printf("  kept each five minutes: %.0f MB a day are written (%.0f MB would be, were it all each time)\n", kept.written / 1e6,
         kept.all / 1e6);
  unlink(kept.path);
  measure_file(h, DAY * TICK + 1);
  section_unref(empty);
  identity_unref(id);
  history_free(h);
}

int main(void) {
  make_families();
  measure("both parts carried over", 0, false);
  measure("one part fresh, one carried over", 1, false);
  measure("both parts fresh", 2, false);
  measure("one part fresh with rows that move", 1, true);
  measure_memory_and_rules();
  measure_day();
  return 0;
}
