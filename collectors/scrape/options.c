/* The keys of a scrape. Limits have Prometheus' meaning: what is over one of them fails the scrape. */
#include "collectors/scrape/options.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct scrape_options, field)

static bool check_selector(const char *name UNUSED, const char *text, struct fail *f) {
  SCOPED(arena_done) struct arena a;
  struct selector ignored;
  arena_init(&a);
  return selector_parse(text, &a, &ignored, f);
}

const struct option scrape_option_rows[] = {
    {.name = "metrics", .type = OPTION_SECRET, .help = "The URL: `http://localhost:5000/metrics`.", .offset = AT_REQUEST(text)},
    {.name = "keep",
     .type = OPTION_STRINGS,
     .help = "Series to take, the others are left out: `['http_requests_total{status=~\"5..\"}', '{__name__=~\"process_.*\"}']`. "
             "Default: all.",
     .check = check_selector,
     .offset = AT(keep)},
    {.name = "drop",
     .type = OPTION_STRINGS,
     .help = "Series to leave out, also of those to take.",
     .check = check_selector,
     .offset = AT(drop)},
    {.name = "sample_limit",
     .type = OPTION_INT,
     .fallback = "20000",
     .min = 1,
     .max = 200000,
     .help = "A scrape that brings more series, after `keep` and `drop`, fails.",
     .offset = AT(sample_limit)},
    {.name = "body_limit",
     .type = OPTION_BYTES,
     .fallback = "16MB",
     .min = 1024,
     .max = 64 << 20,
     .help = "A scrape whose body is longer, unpacked, fails.",
     .offset = AT(body_limit)},
    {.name = "expose",
     .type = OPTION_BOOL,
     .fallback = "off",
     .help = "Show the series on our pages too. Rules see them in either case.",
     .offset = AT(expose)},
    REQUEST_HTTP_ROWS,
    REQUEST_CONNECTION_ROWS,
    {0},
};

static bool parse_selectors(const struct strings *texts, struct arena *a, struct selectors *ret, struct fail *f) {
  *ret = (struct selectors){arena_alloc(a, MAX(texts->count, 1) * sizeof *ret->items), texts->count};
  for (size_t i = 0; i < texts->count; i++)
    if (!selector_parse(texts->items[i], a, &ret->items[i], f)) return false;
  return true;
}

bool scrape_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct scrape_options *o = options;
  if (!request_prepare(&o->request, a, "metrics: http://localhost:5000/metrics", f)) return false;
  const char *host = strstr(o->request.address.url, "://") + 3;
  snprintf(name, size, "%.*s", (int)strcspn(host, "/?"), host);
  return parse_selectors(&o->keep, a, &o->kept, f) && parse_selectors(&o->drop, a, &o->dropped, f);
}

static bool any_matches(const struct selectors *s, const char *name, const struct label *labels, size_t count) {
  for (size_t i = 0; i < s->count; i++)
    if (selector_matches(&s->items[i], name, labels, count)) return true;
  return false;
}

bool scrape_wants(const struct scrape_options *o, const char *name, const struct label *labels, size_t count) {
  if (o->kept.count && !any_matches(&o->kept, name, labels, count)) return false;
  return !any_matches(&o->dropped, name, labels, count);
}
