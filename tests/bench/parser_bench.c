/* What reading a page costs: ns a sample and MB/s, the best of many rounds. The page is of the shape that exporters and client libraries give: counters
 * with a few labels, histograms, gauges with decimals; or a file: parser_bench [FILE]. */
#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "metric/parser.h"

enum { ROUNDS = 300 };

static bool count(void *context, const struct parsed_sample *s) {
  (void)s;
  ++*(size_t *)context;
  return true;
}

static void make_page(struct buf *page, bool om) {
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"}, *const edges[] = {"0.005", "0.05", "0.5", "5", "+Inf"};
  for (int f = 0; f < 8; f++) {
    buf_printf(page, "# HELP http_requests_%d%s Requests that were answered.\n# TYPE http_requests_%d%s counter\n", f,
               om ? "" : "_total", f, om ? "" : "_total");
    for (int i = 0; i < 100; i++)
      buf_printf(page, "http_requests_%d_total{method=\"%s\",handler=\"/api/v1/users/%d\",status=\"%d\"} %d\n", f, methods[i % 4],
                 i, 200 + i / 50 * 300, 1000 * i + f);
    buf_printf(page, "# HELP http_wait_%d_seconds How long they waited.\n# TYPE http_wait_%d_seconds histogram\n", f, f);
    for (int i = 0; i < 40; i++) {
      for (int k = 0; k < 5; k++)
        buf_printf(page, "http_wait_%d_seconds_bucket{handler=\"/api/%d\",le=\"%s\"} %d\n", f, i, edges[k], k * 1021);
      buf_printf(page, "http_wait_%d_seconds_sum{handler=\"/api/%d\"} %.9g\nhttp_wait_%d_seconds_count{handler=\"/api/%d\"} 4084\n",
                 f, i, i * 3.14159265, f, i);
    }
  }
  buf_puts(page, "# HELP process_resident_memory_bytes Memory.\n# TYPE process_resident_memory_bytes gauge\n"
                 "process_resident_memory_bytes 1.39264e+07\n");
  if (om) buf_puts(page, "# EOF\n");
}

static void bench(const char *what, const struct buf *page, enum exposition_format format, bool strict) {
  double best = 1;
  size_t samples = 0;
  struct fail why;
  struct parser_place where;
  const struct parser_events events = {.context = &samples, .sample = count};
  for (int i = 0; i < ROUNDS; i++) {
    double start = clock_seconds();
    samples = 0;
    if (!exposition_parse(page->data, page->length, format, strict, &events, &where, &why)) {
      printf("%s: %u:%u: %s\n", what, where.line, where.column, why.text);
      return;
    }
    best = MIN(best, clock_seconds() - start);
  }
  printf("%-28s %6zu samples %8zu bytes %7.0f ns a sample %6.0f MB/s\n", what, samples, page->length, best * 1e9 / (double)samples,
         (double)page->length / best / 1e6);
}

static void read_file(const char *path, struct buf *page) {
  char chunk[65536];
  size_t n;
  FILE *f = fopen(path, "rb");
  while (f && (n = fread(chunk, 1, sizeof chunk, f))) buf_put(page, chunk, n);
  if (f) fclose(f);
}

int main(int argc, char **argv) {
  SCOPED(buf_done) struct buf text, om;
  buf_init(&text, EXPOSITION_BYTES_MAX);
  buf_init(&om, EXPOSITION_BYTES_MAX);
  if (argc > 1)
    read_file(argv[1], &text);
  else
    make_page(&text, false);
  make_page(&om, true);
  bench("text", &text, EXPOSITION_TEXT, false);
  bench("text, to the letter", &text, EXPOSITION_TEXT, true);
  bench("OpenMetrics", &om, EXPOSITION_OPENMETRICS, true);
}
