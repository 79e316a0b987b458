/* From a path to an answer: one row a page. */
#include "agent/http/routes.h"

#include <stdio.h>
#include <string.h>

#include "agent/http/pages.h"
#include "agent/http/path.h"
#include "alert/status.h"
#include "metric/snapshot.h"

#define JSON "application/json"

typedef void page_fn(struct buf *out, const struct view *v);
typedef struct answer get_fn(const struct site *site, const struct request *request);

static struct view view_of(const struct site *site, const struct request *request, const struct snapshot *snapshot) {
  return (struct view){
      .snapshot = snapshot,
      .expected = site->expected,
      .started = site->started,
      .now = request->now,
      .wall = (int64_t)(clock_wall() * 1000),
      .telemetry_path = site->telemetry_path,
      .host = request->host,
      .local = request->local,
  };
}

static struct rules_view *rules_of(const struct site *site) {
  struct evaluator *evaluator = site->evaluator;
  return evaluator ? evaluator_view(evaluator) : NULL;
}

static struct answer body_answer(unsigned status, const char *content_type, struct buf *body) {
  if (body->overflow) return answer_text(500, "This page is larger than 16 MB.");
  struct answer a = {.status = status, .response = response_new(body, content_type)};
  response_header(a.response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  return a;
}

/* A page of all targets; `unready` is the status while they are not all up. */
static struct answer whole_page(const struct site *site, const struct request *request, page_fn *page, const char *content_type,
                                unsigned unready) {
  SCOPED(buf_done) struct buf body;
  buf_init(&body, PAGE_BYTES_MAX);
  struct snapshot *snapshot = store_snapshot(site->store);
  struct rules_view *rules = rules_of(site);
  struct view view = view_of(site, request, snapshot);
  view.rules = rules;
  page(&body, &view);
  unsigned status = fleet_state(&view) == FLEET_OK ? 200 : unready;
  rules_view_unref(rules);
  snapshot_free(snapshot);
  return body_answer(status, content_type, &body);
}

static struct answer get_landing(const struct site *site, const struct request *request) {
  struct answer a = whole_page(site, request, page_landing, "text/html; charset=utf-8", 200);
  response_header(a.response, "Content-Security-Policy",
                  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  return a;
}

static struct answer get_discovery(const struct site *site, const struct request *request) {
  return whole_page(site, request, page_discovery, JSON, 200);
}

static struct answer get_health(const struct site *site, const struct request *request) {
  return whole_page(site, request, page_health, JSON, 503);
}

/* For `sonde check` of this agent's user alone: it has the sentences, and the digest is made from secrets too. */
static struct answer get_status(const struct site *site, const struct request *request) {
  if (!request->own) return answer_text(403, "This page is for `sonde check`, through the socket in the agent's folder for state.");
  SCOPED(buf_done) struct buf body;
  buf_init(&body, STATUS_BYTES_MAX);
  struct snapshot *snapshot = store_snapshot(site->store);
  struct rules_view *rules = rules_of(site);
  status_write(&body, &(struct status){snapshot, rules, site->digest, request->now});
  rules_view_unref(rules);
  snapshot_free(snapshot);
  return body_answer(200, JSON, &body);
}

static struct answer get_healthy(const struct site *site, const struct request *request) {
  (void)site, (void)request;
  return answer_text(200, "healthy");
}

static struct answer get_ready(const struct site *site, const struct request *request) {
  struct snapshot *snapshot = store_snapshot(site->store);
  struct view view = view_of(site, request, snapshot);
  bool ready = fleet_is_ready(&view);
  snapshot_free(snapshot);
  return ready ? answer_text(200, "ready") : answer_text(503, "not ready: some targets have not ended their first poll");
}

static struct answer no_target(void) {
  return answer_text(404, "There is no target of that name; / and /sd list those there are.");
}

static struct answer get_metrics(const struct site *site, const struct request *request) {
  struct negotiation how = exposition_negotiate(request->accept, request->accept_encoding);
  struct answer a = cache_metrics(site->cache, request->target, how);
  return a.response ? a : no_target();
}

/* The name of the probe that asks this URL, or nothing. What is shown as its instance is the URL as configured, unless there is a secret in it. */
static bool find_probe(const struct site *site, const char *url, char *name, size_t size) {
  struct snapshot *snapshot = store_snapshot(site->store);
  bool found = false;
  for (size_t i = 0; i < snapshot->count && !found; i++) {
    const struct identity *id = snapshot->batches[i]->id;
    bool probe = !strcmp(id->kind, "http") || !strcmp(id->kind, "tcp");
    found = probe && !strcmp(id->instance, url) && (size_t)snprintf(name, size, "%s", id->name) < size;
  }
  snapshot_free(snapshot);
  return found;
}

/* As blackbox_exporter is asked, and answered at once, with the last result. What is not configured is never probed: who may ask us may not
 * make us ask others. */
static struct answer get_probe(const struct site *site, const struct request *request) {
  char asked[sizeof request->decoded], name[256];
  if (!request->asked) return answer_text(400, "Say which: /probe?target=NAME.");
  if (!path_decode_value(request->asked, asked, sizeof asked))
    return answer_text(400, "The target in this request cannot be read.");
  struct negotiation how = exposition_negotiate(request->accept, request->accept_encoding);
  struct answer a = cache_metrics(site->cache, asked, how);
  if (!a.response && find_probe(site, asked, name, sizeof name)) a = cache_metrics(site->cache, name, how);
  return a.response
             ? a
             : answer_text(404,
                           "No target of that name or URL is configured, and no other is probed; / and /sd list those there are.");
}

static struct answer get_target_health(const struct site *site, const struct request *request) {
  struct batch *b = store_find(site->store, request->target);
  if (!b) return no_target();
  bool ok = batch_is_well(b);
  SCOPED(buf_done) struct buf body;
  buf_init(&body, sizeof b->why.text + 64);
  buf_puts(&body, ok ? "ok" : batch_state(b));
  if (!ok) buf_printf(&body, ": %s", batch_reason(b, request->local));
  buf_putc(&body, '\n');
  batch_unref(b);
  return body_answer(ok ? 200 : 503, "text/plain; charset=utf-8", &body);
}

/* A path is `head`, or with a tail: head, the name of a target, tail. */
static const struct {
  const char *head, *tail;
  get_fn *get;
} routes[] = {
    {"/targets/", "/metrics", get_metrics},
    {"/targets/", "/health", get_target_health},
    {"/", NULL, get_landing},
    {"/sd", NULL, get_discovery},
    {"/probe", NULL, get_probe},
    {"/health", NULL, get_health},
    {"/api/agent/status", NULL, get_status},
    {"/-/healthy", NULL, get_healthy},
    {"/-/ready", NULL, get_ready},
};

struct answer route(const struct site *site, struct request *request) {
  if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
    struct answer a = answer_text(405, "Only GET and HEAD are served here.");
    response_header(a.response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return a;
  }
  char *path = request->decoded;
  if (!path_decode(request->path, path, sizeof request->decoded))
    return answer_text(400, "The path of this request cannot be read.");
  if (!strcmp(path, site->telemetry_path)) return get_metrics(site, request);
  for (size_t i = 0; i < COUNTOF(routes); i++)
    if (path_match(path, routes[i].head, routes[i].tail, &request->target)) return routes[i].get(site, request);
  return answer_text(404, "There is no such page; / leads to all there are.");
}
