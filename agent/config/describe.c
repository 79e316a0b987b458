/* docs/configuration.md, from the rows: what the program accepts and what the page says cannot differ. */
#include <stdio.h>
#include <string.h>

#include "agent/config/receivers.h"
#include "agent/config/root.h"
#include "agent/config/targets.h"
#include "agent/config/value.h"

static const char *const type_names[] = {
    [OPTION_BOOL] = "switch",        [OPTION_INT] = "whole number", [OPTION_NUMBER] = "number",
    [OPTION_DURATION] = "duration",  [OPTION_BYTES] = "size",       [OPTION_STRING] = "text",
    [OPTION_PATH] = "path",          [OPTION_SECRET] = "secret",    [OPTION_REGEX] = "regular expression",
    [OPTION_STRINGS] = "list",       [OPTION_LABELS] = "labels",    [OPTION_MAP] = "map",
    [OPTION_PAIRS] = "map of texts", [OPTION_NODE] = "see below",
};

/* A table's cell must not contain a bar or a newline. */
static void put_cell(struct buf *out, const char *text) {
  for (; text && *text; text++) {
    if (*text == '|') buf_putc(out, '\\');
    buf_putc(out, *text == '\n' ? ' ' : *text);
  }
}

static void put_code(struct buf *out, const char *text) {
  if (text) buf_putc(out, '`');
  put_cell(out, text);
  if (text) buf_putc(out, '`');
}

static void put_allowed(struct buf *out, const struct option *row) {
  char least[40], most[40];
  for (size_t i = 0; row->choices && row->choices[i]; i++) {
    if (i) buf_puts(out, ", ");
    put_code(out, row->choices[i]);
  }
  if (row->min || row->max)
    buf_printf(out, "%s to %s", value_format(row, row->min, least, sizeof least), value_format(row, row->max, most, sizeof most));
}

static void put_row(struct buf *out, const char *prefix, const struct option *row) {
  buf_printf(out, "| `%s%s`", prefix, row->name);
  if (row->type == OPTION_SECRET) buf_printf(out, ", `%s%s_file`", prefix, row->name);
  buf_printf(out, " | %s | ", type_names[row->type]);
  put_code(out, row->fallback);
  buf_puts(out, " | ");
  put_allowed(out, row);
  buf_puts(out, " | ");
  put_cell(out, row->help);
  buf_puts(out, " |\n");
}

static void put_rows(struct buf *out, const char *prefix, const struct option *rows) {
  for (const struct option *row = rows; row && row->name; row++) {
    char longer[128];
    put_row(out, prefix, row);
    snprintf(longer, sizeof longer, "%s%s.", prefix, row->name);
    if (row->type == OPTION_MAP) put_rows(out, longer, row->sub);
  }
}

static void put_table_head(struct buf *out) {
  buf_puts(out, "| key | type | default | allowed | what it does |\n|---|---|---|---|---|\n");
}

static void put_parts(struct buf *out, const struct kind *kind) {
  bool keys = false;
  buf_printf(out, "\nParts of a `%s` target:\n\n| part | by default | what it collects |\n|---|---|---|\n", kind->name);
  for (size_t i = 0; i < kind->part_count; i++) {
    const struct part *part = &kind->parts[i];
    char every[40];
    const char *cadence = part->every ? duration_format(part->every, every, sizeof every) : "poll";
    buf_printf(out, "| `%s` | %s%s%s | ", part->name, part->off ? "off" : "every ", part->off ? "" : cadence,
               i ? "" : ", always on");
    put_cell(out, part->summary);
    buf_puts(out, " |\n");
    keys = keys || part->options;
  }
  if (!keys) return;
  buf_puts(out, "\nKeys of its parts:\n\n");
  put_table_head(out);
  for (size_t i = 0; i < kind->part_count; i++) {
    char prefix[96];
    snprintf(prefix, sizeof prefix, "parts.%s.", kind->parts[i].name);
    put_rows(out, prefix, kind->parts[i].options);
  }
}

static void put_kind(struct buf *out, const struct kind *kind) {
  char job[64] = "their name";
  if (kind->job) snprintf(job, sizeof job, "`%s`", kind->job);
  buf_printf(out, "\n## Targets of the kind `%s`\n\n%s Their `job` is %s unless it is set.\n\n", kind->name, kind->summary, job);
  put_table_head(out);
  put_rows(out, "", kind->options);
  if (kind->part_count) put_parts(out, kind);
}

static const char introduction[] =
    "# Configuration\n"
    "\n"
    "This page is printed by `sonde config docs`; the program checks a file against the very rows it is made from.\n"
    "\n"
    "sonde reads one YAML file, `/etc/sonde/sonde.yml` unless `--config.file` names another. Every key is optional. Without a file "
    "it watches this host and\n"
    "what it finds here. `sonde config check FILE` says what is wrong with a file, with line and column; SIGHUP makes a running "
    "agent read it again,\n"
    "and a file that is wrong changes nothing.\n"
    "\n"
    "```yaml\n"
    "web: {listen_address: \"127.0.0.1:10420\"}\n"
    "poll_interval: 10s\n"
    "state_dir: /var/lib/sonde\n"
    "external_labels: {site: eu}\n"
    "targets:\n"
    "  - {name: web-1, host: {}}\n"
    "  - {name: main, postgres: \"${DATABASE_URL}\", parts: {statements: {every: 60s, top: 20}, sizes: off}}\n"
    "  - {name: cache, redis: \"rediss://user@cache:6380\", password_file: /run/secrets/redis}\n"
    "receivers:\n"
    "  - {name: ops, slack: {url_file: /run/secrets/slack}}\n"
    "```\n"
    "\n"
    "## Values\n"
    "\n"
    "- In every value `${X}` stands for the environment variable `X`, which must be set; `${X:-default}` for `default` when it is "
    "unset or empty; `$$` for `$`.\n"
    "- A *duration* is `500ms`, `10s`, `1m30s`, `1h`; a *size* is `512KB`, `16MB` (powers of 1024); a *switch* is `on` or `off` "
    "(also `true`, `false`, `yes`, `no`).\n"
    "- A *secret* is given as it is, or as a file: `password_file: /run/secrets/redis` takes what is in the file, without newlines "
    "at its end.\n"
    "- A *list* of one may be written without brackets. *Labels* are a map of label names to text. A relative *path* starts at the "
    "folder of the configuration file.\n"
    "- A key without a value keeps its default. Keys that are not listed here are refused, as are YAML's aliases, tags and second "
    "documents.\n";

static void put_receivers(struct buf *out, const struct kinds *kinds) {
  buf_puts(out, "\n## Receivers\n\nA receiver has the key of one service, and this one:\n\n");
  put_table_head(out);
  put_rows(out, "", receiver_rows);
  buf_puts(
      out,
      "\nA URL that messages are sent to is a credential: it is never shown, only its host is. `sonde notify test` sends a marked "
      "message\nto each receiver and shows the answer.\n");
  for (size_t i = 0; i < kinds->service_count; i++) {
    const struct service *s = kinds->services[i];
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s.", s->name);
    buf_printf(out, "\n## Receivers with the service `%s`\n\n%s\n\n", s->name, s->summary);
    put_table_head(out);
    put_rows(out, prefix, s->options);
  }
}

void config_describe(struct buf *out, const struct kinds *kinds) {
  size_t count = kinds->target_count;
  buf_puts(out, introduction);
  buf_puts(out, "\n## The file\n\n");
  put_table_head(out);
  put_rows(out, "", root_rows);
  buf_puts(out, "\n## Targets\n\nA target has the keys of its kind, the first of which tells the kind and what is watched");
  for (size_t i = 0; i < count; i++) buf_printf(out, "%s`%s`", i ? ", " : " (", kinds->targets[i]->name);
  buf_printf(out, "%s, and any of these:\n\n", count ? ")" : "");
  put_table_head(out);
  put_rows(out, "", target_rows);
  buf_puts(out, "\nA part is `on`, `off`, or a map of keys, which also switches it on:\n\n");
  put_table_head(out);
  put_rows(out, "parts.<part>.", part_rows);
  for (size_t i = 0; i < count; i++) put_kind(out, kinds->targets[i]);
  put_receivers(out, kinds);
}
