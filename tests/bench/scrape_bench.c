/* What a scrape costs once its body is here: parsing, choosing, building the section, per 1000 samples of a typical application (histograms with a path
 * and a status, counters, gauges). Prints the best of many rounds, since on a shared machine the others measure the neighbours. */
#include <stdio.h>

#include "base/clock.h"
#include "collectors/scrape/reading.h"
#include "metric/section_reader.h"

enum { ROUNDS = 300, PATHS = 50 };

static void put_metadata(struct buf *b, const char *name, const char *type) {
  buf_printf(b, "# HELP %s What this is, in a sentence of usual length.\n# TYPE %s %s\n", name, name, type);
}

/* 50 histograms of 12 buckets, 250 counters and 50 gauges: 1000 samples. */
static void put_body(struct buf *b, bool openmetrics) {
  static const char *const edges[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"};
  put_metadata(b, "http_request_duration_seconds", "histogram");
  for (int p = 0; p < PATHS; p++) {
    for (size_t i = 0; i < COUNTOF(edges); i++)
      buf_printf(b, "http_request_duration_seconds_bucket{le=\"%s\",method=\"GET\",path=\"/api/v1/things/%d\"} %zu\n", edges[i], p,
                 i * 10007);
    buf_printf(b, "http_request_duration_seconds_sum{method=\"GET\",path=\"/api/v1/things/%d\"} %.17g\n", p,
               p * 0.1234567890123456789);
    buf_printf(b, "http_request_duration_seconds_count{method=\"GET\",path=\"/api/v1/things/%d\"} %d\n", p, 11 * 10007);
  }
  put_metadata(b, openmetrics ? "http_requests" : "http_requests_total", "counter");
  for (int p = 0; p < PATHS * 5; p++)
    buf_printf(b, "http_requests_total{method=\"GET\",path=\"/api/v1/things/%d\",status=\"200\"} %d\n", p, p * 1009);
  for (int i = 0; i < 50; i++) {
    char name[32];
    snprintf(name, sizeof name, "app_pool_%d", i);
    put_metadata(b, name, "gauge");
    buf_printf(b, "%s %d.5\n", name, i);
  }
  if (openmetrics) buf_puts(b, "# EOF\n");
}

static void measure(const char *what, const struct scrape_options *o, bool openmetrics) {
  SCOPED(buf_done) struct buf body;
  double best = 1e9;
  struct reading r = {0};
  struct fail f;
  buf_init(&body, 16u << 20);
  put_body(&body, openmetrics);
  for (int i = 0; i < ROUNDS; i++) {
    double start = clock_seconds();
    struct reading_way way = {openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT, openmetrics};
    if (!reading_make(o, "bench", body.data, body.length, way, &r, &f)) {
      printf("%s: %s\n", what, f.text);
      return;
    }
    section_finish(r.section);
    best = MIN(best, clock_seconds() - start);
    if (i + 1 < ROUNDS) section_unref(r.section);
  }
  printf("%-28s %6.0f us for %zu samples, %zu bytes of body; the section takes %zu bytes\n", what, best * 1e6, r.kept, body.length,
         section_bytes(r.section));
  section_unref(r.section);
}

int main(void) {
  struct arena a;
  struct selector drop;
  arena_init(&a);
  if (!selector_parse("{__name__=~\"(go|process|nodejs)_.*\"}", &a, &drop, NULL)) return 1;
  struct scrape_options hidden = {.sample_limit = 20000}, exposed = {.sample_limit = 20000, .expose = true},
                        chosen = {.sample_limit = 20000, .dropped = {&drop, 1}};
  measure("text 0.0.4", &hidden, false);
  measure("OpenMetrics", &hidden, true);
  measure("text 0.0.4, exposed", &exposed, false);
  measure("text 0.0.4, drop by a regex", &chosen, false);
  arena_done(&a);
  return 0;
}
