/* What a sample costs on its way from a collector to a scrape: building a section, writing a page, compressing it. Prints the best of many
 * rounds, since on a shared machine the others measure the neighbours. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "metric/exposition.h"

enum { ROWS = 60, COLUMNS = 10, ROUNDS = 400 };

static char names[COLUMNS * 60][64], rows[ROWS][32];
static struct family families[COLUMNS * 60];

static void make_families(void) {
  for (size_t i = 0; i < COUNTOF(families); i++) {
    snprintf(names[i], sizeof names[i], "bench_database_operations_%zu_total", i);
    families[i] = (struct family){names[i], "Operations of one kind that the server has done for this database.", METRIC_COUNTER,
                                  "db,mode", false};
  }
  for (int i = 0; i < ROWS; i++) snprintf(rows[i], sizeof rows[i], "database_%d", i);
}

/* A table of the source: each row has its labels, each column is a family. */
static struct section *table(size_t first_family, size_t columns, double divisor) {
  struct section *s = section_new("bench");
  for (size_t r = 0; r < ROWS; r++) {
    labels_t labels = section_label_pairs(s, "datname", rows[r], "mode", "ExclusiveLock", "server", "main:5432", NULL);
    for (size_t c = 0; c < columns; c++) section_add(s, &families[first_family + c], labels, (double)(r * 100003 + c) / divisor);
  }
  return section_finish(s);
}

/* The worst case: every sample has labels of its own. */
static struct section *all_different(void) {
  struct section *s = section_new("bench");
  for (size_t r = 0; r < ROWS; r++)
    for (size_t c = 0; c < COLUMNS; c++) {
      labels_t labels = section_label_pairs(s, "cpu", names[c], "datname", rows[r], "mode", "ExclusiveLock", NULL);
      section_add(s, &families[c], labels, (double)(r * 100003 + c));
    }
  return section_finish(s);
}

/* Many families of one sample each, as INFO gives them. */
static struct section *flat(void) {
  struct section *s = section_new("bench");
  for (size_t i = 0; i < COUNTOF(families); i++) section_add(s, &families[i], 0, (double)i * 1001);
  return section_finish(s);
}

static double best_build(struct section *(*build)(void)) {
  double best = 1;
  for (int i = 0; i < ROUNDS; i++) {
    double start = clock_seconds();
    struct section *s = build();
    best = MIN(best, clock_seconds() - start);
    section_unref(s);
  }
  return best;
}

static struct section *integers(void) {
  return table(0, COLUMNS, 1);
}
static struct section *decimals(void) {
  return table(0, COLUMNS, 1000);
}

static void report(const char *what, double seconds, size_t samples, size_t bytes) {
  printf("%-44s %8.1f us %7.1f ns a sample %8zu bytes\n", what, seconds * 1e6, seconds * 1e9 / (double)samples, bytes);
}

static void bench_build(const char *what, struct section *(*build)(void)) {
  struct section *s = build();
  size_t count;
  section_samples(s, &count);
  report(what, best_build(build), count, section_bytes(s));
  section_unref(s);
}

static void bench_page(const char *what, struct batch *b, enum exposition_format format) {
  double best = 1, best_gzip = 1;
  struct buf page, zipped;
  size_t samples = 0;
  buf_init(&page, EXPOSITION_BYTES_MAX);
  buf_init(&zipped, EXPOSITION_BYTES_MAX);
  for (size_t i = 0; i < b->count; i++) {
    size_t count;
    section_samples(b->sections[i], &count);
    samples += count;
  }
  for (int i = 0; i < ROUNDS; i++) {
    buf_clear(&page);
    buf_clear(&zipped);
    double start = clock_seconds();
    exposition_write(&page, &b, 1, format, true);
    double written = clock_seconds();
    if (!exposition_gzip(&zipped, page.data, page.length)) return;
    best_gzip = MIN(best_gzip, clock_seconds() - written);
    best = MIN(best, written - start);
  }
  report(what, best, samples, page.length);
  report("  gzip", best_gzip, samples, zipped.length);
  buf_done(&page);
  buf_done(&zipped);
}

static struct batch *batch_of(struct section *a, struct section *b) {
  struct identity *id = identity_new("main", "bench", "bench", "main");
  struct batch *batch = batch_new(id, b ? 2 : 1);
  identity_unref(id);
  batch->sections[0] = a;
  if (b) batch->sections[1] = b;
  return batch;
}

int main(void) {
  make_families();
  bench_build("section: 60 rows of 10, integers", integers);
  bench_build("section: 60 rows of 10, three decimals", decimals);
  bench_build("section: 600 label sets", all_different);
  bench_build("section: 600 families", flat);
  struct batch *tables = batch_of(table(0, COLUMNS, 1), table(COLUMNS, COLUMNS, 1)), *info = batch_of(flat(), NULL);
  bench_page("page: 20 families, text", tables, EXPOSITION_TEXT);
  bench_page("page: 20 families, OpenMetrics", tables, EXPOSITION_OPENMETRICS);
  bench_page("page: 600 families of one, text", info, EXPOSITION_TEXT);
  bench_page("page: 600 families of one, OpenMetrics", info, EXPOSITION_OPENMETRICS);
  batch_unref(tables);
  batch_unref(info);
}
