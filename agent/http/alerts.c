/* The alerts on the page for people: what fires, what will and when, and which rules cannot judge yet, so that a quiet first five minutes do not
 * look dead. */
#include <math.h>
#include <string.h>

#include "agent/http/pages.h"
#include "base/number.h"
#include "base/text.h"

#define ROWS_MAX    200
#define WAITING_MAX 20

static void put_text(struct buf *out, const char *text) {
  text_html(out, text, strlen(text));
}

static void put_span(struct buf *out, msec_t span) {
  char text[64];
  buf_puts(out, duration_format((MAX(span, 0) + 999) / 1000 * 1000, text, sizeof text));
}

struct counts {
  size_t firing, pending, quiet, waiting, wrong, idle;
};

static struct counts count_rules(const struct rules_view *v) {
  struct counts c = {0};
  for (const struct rule_view *r = v->rules; r < v->rules + v->count; r++) {
    for (size_t i = 0; i < r->alert_count; i++) {
      c.firing += r->alerts[i].state == ALERT_FIRING;
      c.pending += r->alerts[i].state == ALERT_PENDING;
    }
    c.wrong += r->health == RULE_ERROR;
    if (r->records) continue;
    c.waiting += r->health == RULE_WARMING || r->health == RULE_UNKNOWN;
    c.idle += r->health == RULE_IDLE;
    c.quiet += r->health == RULE_OK && !r->alert_count;
  }
  return c;
}

static void put_summary(struct buf *out, const struct counts *c) {
  buf_puts(out, "<h2>Alerts</h2>\n<p>");
  buf_printf(out, c->firing ? "<strong class=\"down\">%zu firing</strong>, " : "%zu firing, ", c->firing);
  buf_printf(out, c->pending ? "<span class=\"starting\">%zu pending</span>. " : "%zu pending. ", c->pending);
  buf_printf(out, "%zu rule%s quiet", c->quiet, c->quiet == 1 ? " is" : "s are");
  if (c->waiting) buf_printf(out, ", %zu wait%s for history", c->waiting, c->waiting == 1 ? "s" : "");
  if (c->wrong) buf_printf(out, ", <strong class=\"down\">%zu cannot be evaluated</strong>", c->wrong);
  if (c->idle) buf_printf(out, ", %zu %s nothing to look at here", c->idle, c->idle == 1 ? "has" : "have");
  buf_puts(out, ".</p>\n");
}

static void put_number(struct buf *out, double value) {
  buf_printf(out, fabs(value) < 1e6 ? "%.4g" : "%.0f", value);
}

static void put_value(struct buf *out, const struct rule_view *r, double value) {
  put_number(out, value);
  if (!r->op) return;
  buf_putc(out, ' ');
  put_text(out, r->op);
  buf_putc(out, ' ');
  put_number(out, r->threshold);
}

static void put_alert(struct buf *out, const struct rule_view *r, const struct alert_view *a, int64_t wall) {
  const char *summary = labels_get(a->annotations, "summary");
  bool firing = a->state == ALERT_FIRING;
  buf_printf(out, "<tr><td class=\"%s\">%s</td><td>", firing ? "down" : "starting", firing ? "firing" : "pending");
  put_text(out, r->name);
  buf_puts(out, "</td><td>");
  put_text(out, labels_get(a->labels, "target"));
  buf_puts(out, "</td><td class=\"number\">");
  put_value(out, r, a->value);
  buf_puts(out, "</td><td>");
  buf_puts(out, firing ? "for " : "fires in ");
  put_span(out, firing ? wall - a->fired_at : a->left);
  buf_puts(out, "</td></tr>\n");
  if (!*summary) return;
  buf_puts(out, "<tr class=\"why\"><td colspan=\"5\">");
  put_text(out, summary);
  buf_puts(out, "</td></tr>\n");
}

/* What fires comes before what is pending. */
static void put_alerts(struct buf *out, const struct rules_view *v, enum alert_state state, int64_t wall, size_t *room) {
  for (const struct rule_view *r = v->rules; r < v->rules + v->count; r++)
    for (size_t i = 0; i < r->alert_count && *room; i++) {
      if (r->alerts[i].state != state) continue;
      put_alert(out, r, &r->alerts[i], wall);
      --*room;
    }
}

static void put_table(struct buf *out, const struct rules_view *v, size_t count, int64_t wall) {
  size_t room = ROWS_MAX;
  buf_puts(out, "<div class=\"scroll\"><table>\n<thead><tr><th>State</th><th>Alert</th><th>Target</th>"
                "<th class=\"number\">Value</th><th>Time</th></tr></thead>\n<tbody>\n");
  put_alerts(out, v, ALERT_FIRING, wall, &room);
  put_alerts(out, v, ALERT_PENDING, wall, &room);
  buf_puts(out, "</tbody>\n</table></div>\n");
  if (count > ROWS_MAX) buf_printf(out, "<p>Only %d of %zu are shown.</p>\n", ROWS_MAX, count);
}

static void put_errors(struct buf *out, const struct rules_view *v, bool local) {
  size_t room = WAITING_MAX;
  for (const struct rule_view *r = v->rules; r < v->rules + v->count && room; r++) {
    if (r->health != RULE_ERROR) continue;
    buf_puts(out, "<p class=\"down\">");
    put_text(out, r->name);
    buf_puts(out, ": ");
    put_text(out, local ? r->error : "its evaluation failed; the log says why");
    buf_puts(out, "</p>\n");
    room--;
  }
}

static void put_waiting(struct buf *out, const struct rules_view *v, size_t count) {
  size_t shown = 0;
  if (!count) return;
  buf_puts(out, "<p>Waiting for history, so that a range is not judged before it is covered: ");
  for (const struct rule_view *r = v->rules; r < v->rules + v->count && shown < WAITING_MAX; r++) {
    if (r->records || (r->health != RULE_WARMING && r->health != RULE_UNKNOWN)) continue;
    if (shown++) buf_puts(out, ", ");
    put_text(out, r->name);
    if (r->health != RULE_WARMING) continue;
    buf_puts(out, " (");
    put_span(out, r->warm_in);
    buf_puts(out, " more)");
  }
  buf_puts(out, count > WAITING_MAX ? " …</p>\n" : ".</p>\n");
}

void page_alerts(struct buf *out, const struct view *v) {
  if (!v->rules || !v->rules->count) return;
  struct counts c = count_rules(v->rules);
  put_summary(out, &c);
  if (c.firing + c.pending) put_table(out, v->rules, c.firing + c.pending, v->wall);
  put_errors(out, v->rules, v->local);
  put_waiting(out, v->rules, c.waiting);
}
