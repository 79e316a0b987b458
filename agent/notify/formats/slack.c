/* Slack's incoming webhooks, and what imitates them (Mattermost, Discord's /slack). One line tells the state, the alert and where;
 * an attachment with a colour tells the rest. Texts are cut by characters before & < > are escaped, so that no entity is cut; escaping them is
 * also what keeps a label from calling the whole channel. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "agent/notify/address.h"
#include "agent/notify/json.h"
#include "base/clock.h"
#include "base/text.h"
#include "notify/format.h"

/* Characters. Together, and with every one of them escaped, they stay below the 40000 of a message. */
enum { LINE_MAX_CHARS = 200, TITLE_MAX = 200, TEXT_MAX = 1500, FIELD_MAX = 200, LABELS_MAX_CHARS = 600, LINK_MAX = 500 };

struct slack_options {
  const char *url;
};

static const struct option rows[] = {
    {.name = "url",
     .type = OPTION_SECRET,
     .help = "The URL of an incoming webhook, as Slack shows it when the app is added to a channel.",
     .offset = offsetof(struct slack_options, url)},
    {0},
};

static bool prepare(void *options, struct arena *a, char *address, size_t size, struct fail *f) {
  const struct slack_options *o = options;
  (void)a;
  return address_of(o->url, address, size, f);
}

static bool accepted(const struct net_answer *a) {
  return a->length >= 2 && !strncmp(a->body, "ok", 2) && !a->body[2 + strspn(a->body + 2, " \r\n")];
}

/* How many bytes the first `max` characters take. A byte that begins no character counts, so that garbage is bounded too. */
static size_t bytes_of(const char *text, size_t max) {
  size_t length = 0;
  for (size_t i = 0; i < max && text[length]; i++) {
    bool alone = (unsigned char)text[length++] < 0xC0;
    for (int more = 0; !alone && more < 3 && ((unsigned char)text[length] & 0xC0) == 0x80; more++) length++;
  }
  return length;
}

/* A piece of a JSON string: at most `max` characters, as Slack wants its text. */
static void put_text(struct buf *out, const char *text, size_t max) {
  size_t length = bytes_of(text, max), done = 0;
  bool cut = text[length];
  if (cut) length = bytes_of(text, max - 1);
  while (done < length) {
    size_t run = MIN(strcspn(text + done, "&<>"), length - done);
    text_json(out, text + done, run);
    done += run;
    if (done == length) break;
    buf_puts(out, text[done] == '&' ? "&amp;" : text[done] == '<' ? "&lt;" : "&gt;");
    done++;
  }
  if (cut) buf_puts(out, "…");
}

static void put_key(struct buf *out, const char *key, const char *text, size_t max) {
  buf_printf(out, "\"%s\":\"", key);
  put_text(out, text, max);
  buf_putc(out, '"');
}

/* [FIRING] PostgresDown: main */
static void write_line(struct buf *out, const struct message *m) {
  const char *where = labels_get(m->labels, "target");
  if (!*where) where = labels_get(m->labels, "instance");
  buf_printf(out, "%s[%s] %s", m->test ? "[TEST] " : "", m->firing ? "FIRING" : "RESOLVED", labels_get(m->labels, "alertname"));
  if (*where) buf_printf(out, ": %s", where);
}

static void put_field(struct buf *out, const char *title, const char *value, size_t max) {
  if (!*value) return;
  if (out->data[out->length - 1] == '}') buf_putc(out, ',');
  buf_printf(out, "{\"title\":\"%s\",", title);
  put_key(out, "value", value, max);
  buf_printf(out, ",\"short\":%s}", max <= FIELD_MAX ? "true" : "false");
}

/* The annotation `value` is how the rule's author wants it read ("93 %"); without it the number itself. */
static void put_value(struct buf *out, const struct message *m) {
  const char *value = labels_get(m->annotations, "value"), *threshold = labels_get(m->annotations, "threshold");
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 65536);
  if (*value)
    buf_puts(&text, value);
  else if (!isnan(m->value))
    buf_printf(&text, "%.6g", m->value);
  if (text.length && *threshold) buf_printf(&text, " (threshold %s)", threshold);
  if (text.length) put_field(out, m->firing ? "Value" : "Value now", text.data, FIELD_MAX);
}

static bool has_own_field(const char *name) {
  static const char *const own[] = {"alertname", "severity", "target", "instance", "job"};
  for (size_t i = 0; i < COUNTOF(own); i++)
    if (!strcmp(name, own[i])) return true;
  return false;
}

static void put_other_labels(struct buf *out, const struct message *m) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 65536);
  for (size_t i = 0; i < m->labels->count; i++) {
    const struct label_pair *l = &m->labels->pairs[i];
    if (!has_own_field(l->name)) buf_printf(&text, "%s%s=%s", text.length ? ", " : "", l->name, l->value);
  }
  if (text.length) put_field(out, "Labels", text.data, LABELS_MAX_CHARS);
}

static void put_fields(struct buf *out, const struct message *m) {
  const char *target = labels_get(m->labels, "target"), *instance = labels_get(m->labels, "instance");
  char lasted[48] = "";
  if (!m->firing && m->ends_at > m->starts_at) duration_format((m->ends_at - m->starts_at) / 1000 * 1000, lasted, sizeof lasted);
  put_value(out, m);
  put_field(out, "Severity", labels_get(m->labels, "severity"), FIELD_MAX);
  put_field(out, "Target", target, FIELD_MAX);
  if (strcmp(target, instance) != 0) put_field(out, "Instance", instance, FIELD_MAX);
  put_field(out, "Lasted", lasted, FIELD_MAX);
  put_other_labels(out, m);
}

/* A link is markup: what could end it early is no link. */
static bool is_link(const char *url) {
  bool web = !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7);
  return web && !strpbrk(url, "<>| \n\r\t") && strlen(url) <= LINK_MAX;
}

static void put_description(struct buf *out, const struct message *m) {
  const char *runbook = labels_get(m->annotations, "runbook_url");
  buf_puts(out, "\"text\":\"");
  put_text(out, labels_get(m->annotations, "description"), TEXT_MAX);
  if (is_link(runbook)) {
    buf_puts(out, "\\n<");
    put_text(out, runbook, LINK_MAX);
    buf_puts(out, "|Runbook>");
  }
  buf_puts(out, "\",\"mrkdwn_in\":[\"text\"]");
}

/* Which agent said it: its external labels. */
static void put_footer(struct buf *out, const struct message *m) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 65536);
  buf_puts(&text, "sonde");
  for (size_t i = 0; m->external_labels && i < m->external_labels->count; i++)
    buf_printf(&text, " %s=%s", m->external_labels->names[i], m->external_labels->values[i]);
  put_key(out, "footer", text.data, FIELD_MAX);
  buf_printf(out, ",\"ts\":%" PRId64, (m->firing ? m->starts_at : m->ends_at) / 1000);
}

static const char *colour_of(const struct message *m) {
  const char *severity = labels_get(m->labels, "severity");
  if (!m->firing) return "#2eb67d";
  if (!strcmp(severity, "warning")) return "#ecb22e";
  return !strcmp(severity, "info") ? "#36c5f0" : "#d00000";
}

static void render(struct buf *out, const struct message *m, const void *options) {
  SCOPED(buf_done) struct buf line;
  const char *summary = labels_get(m->annotations, "summary");
  (void)options;
  buf_init(&line, 65536);
  write_line(&line, m);
  buf_putc(out, '{');
  put_key(out, "text", line.data ? line.data : "", LINE_MAX_CHARS);
  buf_printf(out, ",\"mrkdwn\":false,\"attachments\":[{\"color\":\"%s\",", colour_of(m));
  if (*summary) buf_printf(&line, " - %s", summary);
  put_key(out, "fallback", line.data ? line.data : "", LINE_MAX_CHARS);
  buf_putc(out, ',');
  put_key(out, "title", *summary ? summary : labels_get(m->labels, "alertname"), TITLE_MAX);
  if (is_link(m->external_url)) {
    buf_putc(out, ',');
    put_key(out, "title_link", m->external_url, LINK_MAX);
  }
  buf_putc(out, ',');
  put_description(out, m);
  buf_puts(out, ",\"fields\":[");
  put_fields(out, m);
  buf_puts(out, "],");
  put_footer(out, m);
  buf_puts(out, "}]}");
}

const struct format slack_format = {
    .service = {.name = "slack",
                .summary = "Posts to an incoming webhook of Slack, or of what imitates it; the answer `ok` is the acknowledgement.",
                .options = rows,
                .options_size = sizeof(struct slack_options),
                .prepare = prepare},
    .render = render,
    .accepted = accepted,
};
