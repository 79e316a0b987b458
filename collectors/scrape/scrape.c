/* The collector of an application's own metrics: asks as Prometheus asks, and takes what Prometheus would store. A page without Content-Type, or with
 * one that names no format, is read as text 0.0.4, as Prometheus 2 did. One that calls itself OpenMetrics is held to the letter of that; where it is
 * not, but complete, it is read as Prometheus reads it, and said so. One that has not even the grammar of OpenMetrics is read as text, and from then
 * on asked for as text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "collectors/collector.h"
#include "collectors/scrape/reading.h"
#include "metric/section_reader.h"

#define ACCEPT_TEXT "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
#define ACCEPT_ANY  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4," ACCEPT_TEXT

enum { PART_SCRAPE, PART_METRICS };
static const struct part parts[] = {
    [PART_SCRAPE] = {.name = "scrape", .summary = "How the scrape went: what Prometheus notes of each."},
    [PART_METRICS] = {.name = "metrics", .summary = "What it brought."},
};

enum { DURATION, SCRAPED, KEPT, ADDED };
static const struct family families[] = {
    [DURATION] = {"scrape_duration_seconds", "How long the scrape took.", METRIC_GAUGE, NULL, false},
    [SCRAPED] = {"scrape_samples_scraped", "Samples that the target showed.", METRIC_GAUGE, NULL, false},
    [KEPT] = {"scrape_samples_post_metric_relabeling", "Samples that remained after keep and drop.", METRIC_GAUGE, NULL, false},
    [ADDED] = {"scrape_series_added", "Series that the scrape before did not bring.", METRIC_GAUGE, NULL, false},
};

struct scrape {
  const struct scrape_options *options;
  const char **headers; /* those of the file, and ours behind them */
  size_t header_count;  /* those of the file */
  char timeout[64];
  bool plain;           /* what it calls OpenMetrics is not */
  struct section *last; /* what the last scrape that succeeded brought; NULL before */
};

static void *scrape_open(const void *options) {
  struct scrape *s = mem_zero(sizeof *s);
  s->options = options;
  const char *const *lines = s->options->request.lines;
  while (lines[s->header_count]) s->header_count++;
  s->headers = mem_resize(NULL, s->header_count + 3, sizeof *s->headers);
  memcpy(s->headers, lines, s->header_count * sizeof *s->headers);
  return s;
}

static void scrape_close(void *state) {
  struct scrape *s = state;
  section_unref(s->last);
  free(s->headers);
  free(s);
}

static bool scrape_ask(void *state, const struct poll *poll UNUSED, struct net_request *ret, struct fail *f UNUSED) {
  struct scrape *s = state;
  request_fill(&s->options->request, ret);
  snprintf(s->timeout, sizeof s->timeout, "X-Prometheus-Scrape-Timeout-Seconds: %g", (double)ret->timeout / 1000);
  s->headers[s->header_count] = s->plain ? "Accept: " ACCEPT_TEXT : "Accept: " ACCEPT_ANY;
  s->headers[s->header_count + 1] = s->timeout;
  s->headers[s->header_count + 2] = NULL;
  ret->headers = s->headers;
  ret->answer_max = (size_t)s->options->body_limit;
  ret->compressed = true;
  return true;
}

/* Whether there is a page to be read. */
static bool judge_answer(const struct scrape *s, const struct net_answer *a, struct fail *f) {
  const char *shown = s->options->request.address.shown;
  if (a->why.kind != FAIL_NONE) {
    *f = a->why;
    return false;
  }
  if (a->status == 401 || a->status == 403)
    return fail(f, FAIL_AUTH, "%s answered status %ld: it wants another login", shown, a->status);
  if (a->status != 200) return fail(f, FAIL_UNEXPECTED, "%s answered status %ld, not 200", shown, a->status);
  if (a->cut)
    return fail(f, FAIL_LIMIT, "%s answered more than %lld KB, the body_limit", shown, (long long)s->options->body_limit / 1024);
  return true;
}

static bool is_type(const char *content_type, const char *type) {
  size_t length = strcspn(content_type, "; \t");
  return length == strlen(type) && !strncasecmp(content_type, type, length);
}

static bool is_openmetrics(const struct net_answer *a) {
  return is_type(a->content_type, "application/openmetrics-text");
}

static bool is_complete(const struct net_answer *a) {
  static const char end[] = "\n# EOF\n";
  return a->length >= strlen(end) && !memcmp(a->body + a->length - strlen(end), end, strlen(end));
}

static bool parse(const struct scrape *s, const struct net_answer *a, enum exposition_format format, bool strict,
                  struct reading *ret, struct fail *f) {
  return reading_make(s->options, parts[PART_METRICS].name, a->body, a->length, (struct reading_way){format, strict}, ret, f);
}

/* What says that it is OpenMetrics and is not to the letter, which *f tells; *lacks tells it of what can be read all the same. */
static bool read_false(struct scrape *s, const struct net_answer *a, struct reading *ret, struct fail *lacks, struct fail *f) {
  const char *read_as = "as Prometheus reads it";
  struct fail why;
  bool good = parse(s, a, EXPOSITION_OPENMETRICS, false, ret, &why);
  if (!good && why.kind != FAIL_LIMIT) {
    s->plain = true;
    read_as = "as text";
    good = parse(s, a, EXPOSITION_TEXT, false, ret, &why);
  }
  if (good) fail(lacks, FAIL_PROTOCOL, "this is no OpenMetrics, though it says so, and is read %s: %.300s", read_as, f->text);
  if (!good && why.kind == FAIL_LIMIT) *f = why;
  return good;
}

/* *lacks tells what the reader should know of a page that could be read all the same. */
static bool read_page(struct scrape *s, const struct net_answer *a, struct reading *ret, struct fail *lacks, struct fail *f) {
  bool openmetrics = is_openmetrics(a);
  if (parse(s, a, openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT, openmetrics, ret, f)) return true;
  if (openmetrics && f->kind != FAIL_LIMIT && is_complete(a) && read_false(s, a, ret, lacks, f)) return true;
  bool odd = *a->content_type && !openmetrics && !is_type(a->content_type, "text/plain");
  if (odd)
    return fail_prefix(f, "%s answered %.100s, which is no page of metrics", s->options->request.address.shown, a->content_type);
  return fail_prefix(f, "the metrics of %s cannot be read", s->options->request.address.shown);
}

static void write_scrape(struct section *s, double seconds, const struct reading *r, size_t added) {
  section_add(s, &families[DURATION], 0, nearbyint(seconds * 1e6) / 1e6);
  section_add(s, &families[SCRAPED], 0, (double)r->scraped);
  section_add(s, &families[KEPT], 0, (double)r->kept);
  section_add(s, &families[ADDED], 0, (double)added);
}

static void publish(struct scrape *s, struct poll *poll, const struct reading *r, double seconds) {
  struct fail *lacks = &poll->fails[PART_METRICS];
  struct section *now = section_finish(r->section);
  size_t repeated = section_dropped(now), added = reading_added(s->last, now);
  if (repeated && lacks->kind == FAIL_NONE)
    fail(lacks, FAIL_PROTOCOL, "%zu samples are there twice; of each the first counts", repeated);
  section_unref(s->last);
  s->last = section_ref(now);
  struct section *self = section_new(parts[PART_SCRAPE].name);
  write_scrape(self, seconds, r, added);
  poll_done(poll, PART_SCRAPE, self);
  poll->sections[PART_METRICS] = now;
}

static bool scrape_read(void *state, const struct net_answer *a, struct poll *poll, struct fail *f) {
  struct scrape *s = state;
  struct reading r;
  double start = clock_seconds();
  if (!judge_answer(s, a, f) || !read_page(s, a, &r, &poll->fails[PART_METRICS], f)) {
    request_scrub(&s->options->request, f->text);
    return false;
  }
  publish(s, poll, &r, a->seconds + clock_seconds() - start);
  f->kind = FAIL_NONE;
  return true;
}

static void scrape_status(struct section *s, const struct poll_status *status) {
  if (!status->up) write_scrape(s, status->duration_seconds, &(struct reading){0}, 0);
}

static void scrape_catalogue(family_fn *each, void *arg) {
  for (size_t i = 0; i < COUNTOF(families); i++) each(&families[i], parts[PART_SCRAPE].name, arg);
}

const struct collector metrics_collector = {
    .kind =
        {
            .name = "metrics",
            .summary = "An application's own page of metrics, scraped as Prometheus does.",
            .relays = true,
            .parts = parts,
            .part_count = COUNTOF(parts),
            .options = scrape_option_rows,
            .options_size = sizeof(struct scrape_options),
            .prepare = scrape_prepare,
        },
    .open = scrape_open,
    .ask = scrape_ask,
    .read = scrape_read,
    .status = scrape_status,
    .close = scrape_close,
    .catalogue = scrape_catalogue,
};
