/* Rendered metric pages: see cache.h. A publication makes every page old, those of other targets too: a scrape comes less often than a
 * publication, so that finer book-keeping would save nothing, and nothing old stays in memory. */
#include "agent/http/cache.h"

#include <string.h>

#include "base/mem.h"
#include "agent/http/pages.h"
#include "metric/snapshot.h"

#define PAGES_MAX 64

struct page {
  char *target; /* NULL: all */
  struct negotiation how;
  struct MHD_Response *response;
  uint64_t used; /* by the cache's count of questions */
};

struct cache {
  struct store *store;
  uint64_t generation; /* of all pages */
  uint64_t questions;
  struct page pages[PAGES_MAX];
  size_t count;
};

struct cache *cache_new(struct store *store) {
  struct cache *c = mem_zero(sizeof *c);
  c->store = store;
  return c;
}

static void page_done(struct page *p) {
  mem_free(&p->target);
  MHD_destroy_response(p->response);
}

static void cache_clear(struct cache *c) {
  for (size_t i = 0; i < c->count; i++) page_done(&c->pages[i]);
  c->count = 0;
}

void cache_free(struct cache *c) {
  if (!c) return;
  cache_clear(c);
  mem_free(&c);
}

static bool page_is(const struct page *p, const char *target, struct negotiation how) {
  if (p->how.format != how.format || p->how.gzip != how.gzip || !p->target != !target) return false;
  return !target || !strcmp(p->target, target);
}

static struct page *cache_find(struct cache *c, const char *target, struct negotiation how) {
  for (size_t i = 0; i < c->count; i++)
    if (page_is(&c->pages[i], target, how)) return &c->pages[i];
  return NULL;
}

/* A free place; the page that has not been asked for the longest gives way. */
static struct page *cache_place(struct cache *c) {
  if (c->count < PAGES_MAX) return &c->pages[c->count++];
  struct page *oldest = &c->pages[0];
  for (size_t i = 1; i < PAGES_MAX; i++)
    if (c->pages[i].used < oldest->used) oldest = &c->pages[i];
  page_done(oldest);
  return oldest;
}

static struct batch *batch_of(const struct snapshot *s, const char *target) {
  for (size_t i = 0; i < s->count; i++)
    if (!strcmp(s->batches[i]->id->name, target)) return s->batches[i];
  return NULL;
}

static struct section *self_process(const struct snapshot *s) {
  const struct batch *self = batch_of(s, SELF);
  for (size_t i = 0; self && i < self->count; i++)
    if (!strcmp(section_part(self->sections[i]), SELF_PROCESS)) return self->sections[i];
  return NULL;
}

/* One target as its own exporter would show it: with the metrics of the process that is asked. */
static void write_target(struct buf *out, const struct snapshot *s, struct batch *batch, enum exposition_format format) {
  bool other = strcmp(batch->id->name, SELF) != 0 && !batch->relayed; /* a program that is scraped tells of its own process */
  struct section *process = other ? self_process(s) : NULL;
  struct batch *page = batch_new(batch->id, batch->count + (process ? 1 : 0));
  for (size_t i = 0; i < batch->count; i++) page->sections[i] = section_ref(batch->sections[i]);
  if (process) page->sections[batch->count] = section_ref(process);
  exposition_write(out, &page, 1, format, false);
  batch_unref(page);
}

static struct MHD_Response *response_of(struct buf *text, struct negotiation how) {
  SCOPED(buf_done) struct buf packed;
  buf_init(&packed, EXPOSITION_BYTES_MAX);
  bool gzip = how.gzip && exposition_gzip(&packed, text->data ? text->data : "", text->length);
  struct MHD_Response *r = response_new(gzip ? &packed : text, exposition_content_type(how.format));
  if (gzip) response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
  response_header(r, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
  return r;
}

static struct answer render(struct cache *c, const struct snapshot *s, const char *target, struct negotiation how) {
  struct batch *batch = target ? batch_of(s, target) : NULL;
  if (target && !batch) return (struct answer){0};
  if (batch && batch->relayed && !batch->up) return answer_text(503, "The scrape of this target failed; its page health says why.");
  SCOPED(buf_done) struct buf text;
  buf_init(&text, EXPOSITION_BYTES_MAX);
  if (batch)
    write_target(&text, s, batch, how.format);
  else
    exposition_write(&text, s->batches, s->count, how.format, true);
  if (text.overflow) return answer_text(500, "The page is larger than 64 MB: scrape the targets one by one, as /sd lists them.");
  struct page *p = cache_place(c);
  *p = (struct page){.target = mem_copy(target), .how = how, .response = response_of(&text, how), .used = c->questions};
  return (struct answer){.status = 200, .response = p->response, .kept = true};
}

struct answer cache_metrics(struct cache *c, const char *target, struct negotiation how) {
  c->questions++;
  struct page *p = c->generation == store_generation(c->store) ? cache_find(c, target, how) : NULL;
  if (p) {
    p->used = c->questions;
    return (struct answer){.status = 200, .response = p->response, .kept = true};
  }
  struct snapshot *s = store_snapshot(c->store);
  if (s->generation != c->generation) cache_clear(c);
  c->generation = s->generation;
  struct answer a = render(c, s, target, how);
  snapshot_free(s);
  return a;
}
