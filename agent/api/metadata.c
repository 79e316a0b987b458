/* metadata: what the metrics that are shown now mean, from the families of their sections. */
#include <string.h>

#include "agent/api/page.h"
#include "base/map.h"
#include "metric/snapshot.h"

/* What was shown of a name; a second type or help of it is another row in Prometheus, and is rare enough to be left out here. */
static const char *type_of(const struct family *f) {
  return f->type == METRIC_UNTYPED ? "unknown" : metric_type_name(f->type);
}

static void put_family(struct page *p, const struct family *f, bool first) {
  if (!first) buf_putc(p->out, ',');
  json_text(p->out, f->name);
  buf_puts(p->out, ":[{");
  json_member(p->out, "type", type_of(f));
  buf_putc(p->out, ',');
  json_member(p->out, "help", f->help ? f->help : "");
  buf_puts(p->out, ",\"unit\":\"\"}]");
}

struct listing {
  struct map seen;
  const char *wanted; /* NULL: all */
  size_t limit;
};

static void put_section(struct page *p, const struct section *s, struct listing *l) {
  size_t count;
  const struct section_family *families = section_families(s, &count);
  for (size_t i = 0; i < count && l->seen.count < l->limit; i++) {
    const struct family *f = families[i].family;
    if (l->wanted && strcmp(l->wanted, f->name) != 0) continue;
    void **slot = map_slot(&l->seen, f->name, strlen(f->name));
    if (*slot) continue;
    *slot = l;
    put_family(p, f, l->seen.count == 1);
  }
}

bool api_metadata(struct page *p) {
  struct listing l = {.wanted = api_parameter(p, "metric")};
  if (!api_limit(p, &l.limit)) return false;
  if (l.wanted && !*l.wanted) l.wanted = NULL;
  struct snapshot *snapshot = store_snapshot(p->api->store);
  buf_putc(p->out, '{');
  for (size_t i = 0; i < snapshot->count; i++)
    for (size_t k = 0; k < snapshot->batches[i]->count; k++) put_section(p, snapshot->batches[i]->sections[k], &l);
  buf_putc(p->out, '}');
  map_done(&l.seen);
  snapshot_free(snapshot);
  return true;
}
