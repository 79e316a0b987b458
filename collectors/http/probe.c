/* What probes of both kinds have in common: see probe.h. */
#include "collectors/http/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* They were checked when the configuration was loaded. */
static struct patterns patterns_new(const char *const *texts, size_t count) {
  struct patterns p = {.items = count ? mem_zero(count * sizeof *p.items) : NULL, .count = count};
  for (size_t i = 0; i < count; i++)
    if (!(p.items[i] = regex_new_search(texts[i], NULL))) abort();
  return p;
}

static void patterns_done(struct patterns *p) {
  for (size_t i = 0; i < p->count; i++) regex_free(p->items[i]);
  free(p->items);
}

void *probe_open(const void *options) {
  struct probe *p = mem_zero(sizeof *p);
  const struct probe_options *o = p->options = options;
  p->body = patterns_new(o->expect.body.items, o->expect.body.count);
  p->body_not = patterns_new(o->expect.body_not.items, o->expect.body_not.count);
  p->headers = patterns_new(o->expect.headers.values, o->expect.headers.count);
  p->headers_not = patterns_new(o->expect.headers_not.values, o->expect.headers_not.count);
  p->answer = patterns_new(&o->answer, o->answer ? 1 : 0);
  return p;
}

void probe_close(void *state) {
  struct probe *p = state;
  patterns_done(&p->body);
  patterns_done(&p->body_not);
  patterns_done(&p->headers);
  patterns_done(&p->headers_not);
  patterns_done(&p->answer);
  free(p);
}

void probe_status(struct section *s, const struct poll_status *status) {
  if (!status->up) sample_write_nothing(s);
}

void probe_begin(struct probe *p, struct net_request *r) {
  request_fill(&p->options->request, r);
  r->once = r->certificates = true;
  p->timeout_seconds = (double)r->timeout / 1000;
}

void probe_end(struct probe *p, const struct net_answer *a, struct poll *poll, struct verdict v, bool http, struct section *s) {
  v.timeout_seconds = p->timeout_seconds;
  tally_add(&p->tally, a, v.reason);
  sample_write(s, a, &v);
  if (http) sample_write_http(s, a);
  tally_write(&p->tally, http, s);
  poll_done(poll, 0, s);
}

/* OpenSSL says no more than that one has expired: not which, and not when. What stands before its words, where they were heard, stays. */
static bool fail_expired(const struct net_answer *a, double wall, struct fail *f) {
  const char *said = strstr(a->why.text, "SSL certificate");
  char when[48] = "within the last day";
  size_t i = 0;
  while (i < a->certificate_count && a->certificates[i].not_after >= wall) i++;
  *f = a->why;
  if (!said || i == a->certificate_count) return false;
  double days = floor((wall - a->certificates[i].not_after) / 86400);
  if (days >= 1) snprintf(when, sizeof when, "%.0f day%s ago", days, days == 1 ? "" : "s");
  int before = (int)(said - a->why.text);
  if (i == 0) return fail(f, FAIL_TLS, "%.*sthe certificate expired %s", before, a->why.text, when);
  return fail(f, FAIL_TLS, "%.*sthe certificate of %.100s, which the server shows with its own, expired %s", before, a->why.text,
              a->certificates[i].subject, when);
}

bool probe_answered(const struct net_answer *a, double wall, struct verdict *v, struct fail *f) {
  *v = (struct verdict){.reason = tally_reason(a)};
  if (v->reason == REASON_NONE) return true;
  if (a->why.kind == FAIL_TLS && strstr(a->why.text, "certificate has expired")) return fail_expired(a, wall, f);
  *f = a->why;
  return false;
}
