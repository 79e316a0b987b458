/* The page for people: which targets there are, how they are, how old what is shown is, and where the rest is. Plain HTML without a script;
 * every state is a word, so that it reads the same without colours. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "agent/http/pages.h"
#include "agent/http/path.h"
#include "metric/snapshot.h"

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>sonde</title>\n"
    "<style>\n"
    ":root { color-scheme: light dark; --line: #8886; --down: #b3261e; --wait: #7a5900; }\n"
    "@media (prefers-color-scheme: dark) { :root { --down: #ff8a80; --wait: #ffcf66; } }\n"
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 1.5rem 0 0; font-size: 1.2rem; } h1 small { font-weight: normal; font-size: "
    "1rem; }\n"
    ".scroll { overflow-x: auto; }\n"
    "table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }\n"
    "th, td { text-align: left; vertical-align: top; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); }\n"
    "td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }\n"
    "td { overflow-wrap: anywhere; } tr:has(+ .why) td { border-bottom: 0; } .why td { padding: 0 0 .6rem 1rem; }\n"
    ".down { color: var(--down); font-weight: bold; } .starting { color: var(--wait); }\n"
    "</style>\n"
    "</head>\n"
    "<body>\n";

static void put_text(struct buf *out, const char *text) {
  text_html(out, text, strlen(text));
}

static void put_span(struct buf *out, msec_t span) {
  char text[64];
  put_text(out, duration_format(MAX(span, 0) / 1000 * 1000, text, sizeof text));
}

static size_t samples_of(const struct batch *b) {
  size_t samples = 0;
  for (size_t i = 0; i < b->count; i++) {
    size_t count;
    section_samples(b->sections[i], &count);
    samples += count;
  }
  return samples;
}

static void put_link(struct buf *out, const char *name, const char *page) {
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 4096);
  path_encode(&path, name);
  buf_puts(out, "<a href=\"/targets/");
  put_text(out, path.data ? path.data : "");
  buf_printf(out, "/%s\">%s</a>", page, page);
}

static void put_age(struct buf *out, const struct batch *b, msec_t now) {
  if (b->success)
    put_span(out, now - b->success);
  else
    buf_puts(out, "never seen");
}

static void put_row(struct buf *out, const struct batch *b, const struct view *v) {
  const char *state = batch_state(b);
  buf_puts(out, "<tr><td>");
  put_text(out, b->id->name);
  buf_puts(out, "</td><td>");
  put_text(out, b->id->kind);
  buf_printf(out, "</td><td class=\"%s\">%s</td><td class=\"number\">", state, state);
  put_age(out, b, v->now);
  buf_printf(out, "</td><td class=\"number\">%zu</td><td>", samples_of(b));
  put_link(out, b->id->name, "metrics");
  buf_putc(out, ' ');
  put_link(out, b->id->name, "health");
  buf_puts(out, "</td></tr>\n");
  if (batch_is_well(b)) return;
  buf_puts(out, "<tr class=\"why\"><td colspan=\"6\">");
  put_text(out, batch_reason(b, v->local));
  buf_puts(out, "</td></tr>\n");
}

static void put_table(struct buf *out, const struct view *v) {
  buf_puts(out, "<div class=\"scroll\"><table>\n"
                "<thead><tr><th>Target</th><th>Kind</th><th>State</th><th class=\"number\">Age of data</th>"
                "<th class=\"number\">Series</th><th>Pages</th></tr></thead>\n<tbody>\n");
  for (size_t i = 0; i < v->snapshot->count; i++) put_row(out, v->snapshot->batches[i], v);
  buf_puts(out, "</tbody>\n</table></div>\n");
}

static void put_summary(struct buf *out, const struct view *v) {
  size_t up = 0, down = 0;
  for (size_t i = 0; i < v->snapshot->count; i++) {
    const struct batch *b = v->snapshot->batches[i];
    up += batch_is_well(b);
    down += b->polled && !batch_is_well(b);
  }
  buf_printf(out, "<p>%zu up, ", up);
  buf_printf(out, down ? "<strong class=\"down\">%zu down</strong>" : "%zu down", down);
  if (v->snapshot->count > up + down) buf_printf(out, ", %zu starting", v->snapshot->count - up - down);
  buf_puts(out, ". Running for ");
  put_span(out, v->now - v->started);
  buf_puts(out, ".</p>\n");
}

void page_landing(struct buf *out, const struct view *v) {
  buf_puts(out, head);
  buf_puts(out, "<h1>sonde <small>");
  put_text(out, version_number());
  buf_puts(out, "</small></h1>\n");
  put_summary(out, v);
  page_alerts(out, v);
  put_table(out, v);
  buf_puts(out, "<p><a href=\"");
  put_text(out, v->telemetry_path);
  buf_puts(out, "\">Metrics of all targets</a> · <a href=\"/sd\">Service discovery for Prometheus</a> · "
                "<a href=\"/health\">Health as JSON</a></p>\n</body>\n</html>\n");
}
