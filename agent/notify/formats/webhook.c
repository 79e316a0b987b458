/* What Alertmanager (version 4 of its webhook) would send, so that everything that understands it understands sonde. As there with
 * `group_by: ['...']`, each alert is a group of its own: receivers that open and close incidents by groupKey need that. */
#include <stdlib.h>
#include <string.h>

#include "agent/notify/address.h"
#include "agent/notify/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "notify/format.h"

struct webhook_options {
  const char *url;
};

static const struct option rows[] = {
    {.name = "url",
     .type = OPTION_SECRET,
     .help = "Where to post: `http://` or `https://`, with `user:password@` where the receiver asks for a login.",
     .offset = offsetof(struct webhook_options, url)},
    {0},
};

static bool prepare(void *options, struct arena *a, char *address, size_t size, struct fail *f) {
  const struct webhook_options *o = options;
  (void)a;
  return address_of(o->url, address, size, f);
}

/* As an Alertmanager behind a Prometheus gets them: the alert's own win. */
static struct labels *with_external(const struct message *m) {
  size_t count = m->external_labels ? m->external_labels->count : 0, all = count + m->labels->count;
  struct label_pair *pairs = mem_zero((all + 1) * sizeof *pairs);
  for (size_t i = 0; i < count; i++) pairs[i] = (struct label_pair){m->external_labels->names[i], m->external_labels->values[i]};
  if (m->labels->count) memcpy(pairs + count, m->labels->pairs, m->labels->count * sizeof *pairs);
  struct labels *merged = labels_new(pairs, all);
  free(pairs);
  return merged;
}

/* {}:{alertname="x", instance="y"} */
static void put_group_key(struct buf *out, const struct labels *l) {
  SCOPED(buf_done) struct buf key;
  buf_init(&key, out->max);
  buf_puts(&key, "{}:{");
  for (size_t i = 0; i < l->count; i++) {
    buf_printf(&key, "%s%s=\"", i ? ", " : "", l->pairs[i].name);
    text_escape(&key, l->pairs[i].value, strlen(l->pairs[i].value));
    buf_putc(&key, '"');
  }
  buf_putc(&key, '}');
  put_json_text(out, key.data);
}

static void put_alert(struct buf *out, const struct message *m, const struct labels *labels) {
  buf_printf(out, "{\"status\":\"%s\",\"labels\":", m->firing ? "firing" : "resolved");
  put_json_labels(out, labels);
  buf_puts(out, ",\"annotations\":");
  put_json_labels(out, m->annotations);
  buf_puts(out, ",\"startsAt\":");
  put_json_time(out, m->starts_at);
  buf_puts(out, ",\"endsAt\":");
  if (m->firing)
    buf_puts(out, "\"0001-01-01T00:00:00Z\""); /* Go's zero time: not yet */
  else
    put_json_time(out, m->ends_at);
  buf_puts(out, ",\"generatorURL\":");
  put_json_text(out, m->external_url);
  buf_printf(out, ",\"fingerprint\":\"%016llx\"}", (unsigned long long)labels_fingerprint(labels));
}

static void render(struct buf *out, const struct message *m, const void *options) {
  (void)options;
  struct labels *labels = with_external(m);
  buf_puts(out, "{\"receiver\":");
  put_json_text(out, m->receiver);
  buf_printf(out, ",\"status\":\"%s\",\"alerts\":[", m->firing ? "firing" : "resolved");
  put_alert(out, m, labels);
  buf_puts(out, "],\"groupLabels\":");
  put_json_labels(out, labels);
  buf_puts(out, ",\"commonLabels\":");
  put_json_labels(out, labels);
  buf_puts(out, ",\"commonAnnotations\":");
  put_json_labels(out, m->annotations);
  buf_puts(out, ",\"externalURL\":");
  put_json_text(out, m->external_url);
  buf_puts(out, ",\"version\":\"4\",\"groupKey\":");
  put_group_key(out, labels);
  buf_puts(out, ",\"truncatedAlerts\":0}");
  labels_unref(labels);
}

const struct format webhook_format = {
    .service = {.name = "webhook",
                .summary =
                    "Posts what Alertmanager would (its webhook, version 4), one alert a message; any 2xx is an acknowledgement.",
                .options = rows,
                .options_size = sizeof(struct webhook_options),
                .prepare = prepare},
    .render = render,
};
