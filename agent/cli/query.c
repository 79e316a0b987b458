/* sonde query: an expression, answered by the agent that runs here. Now, or over a range as a small graph. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/cli/ask.h"
#include "agent/cli/cli.h"
#include "agent/cli/query_show.h"
#include "agent/cli/watched.h"
#include "api/api.h"
#include "base/text.h"

enum { FLAG_FILE, FLAG_RANGE, FLAG_TIME, FLAG_FORMAT };
static const struct flag flags[] = {
    [FLAG_FILE] = {"config.file", "FILE",
                   "The agent's configuration, which says where it keeps its state (default " DEFAULT_CONFIG_FILE ")."},
    [FLAG_RANGE] = {"range", "SPAN", "The time until --time, drawn as a graph: 1h, 15m."},
    [FLAG_TIME] = {"time", "TIME", "Another time than now, or than until now: seconds since 1970, or 2026-11-21T08:00:00Z."},
    [FLAG_FORMAT] = {"format", "FORMAT", "table (the default) or json, which is the API's own answer."},
    {0},
};

enum { ANSWER_MSEC = 30000, OUTPUT_MAX = 64 << 20, COLUMNS_LEAST = 20, COLUMNS_MOST = 240, COLUMNS_AXIS = 12 };

struct settings {
  const char *file, *time, *expression;
  double wall; /* what --time means */
  msec_t range;
  bool json;
};

static int take(struct settings *s, int found, const char *value) {
  switch (found) {
  case FLAG_FILE:
    s->file = value;
    return STATUS_GOOD;
  case FLAG_TIME:
    s->time = value;
    if (api_read_time(value, &s->wall)) return STATUS_GOOD;
    return usage_error(&query_command, "--time is seconds since 1970 or a time as 2026-11-21T08:00:00Z, not \"%.40s\"", value);
  case FLAG_RANGE:
    if (duration_parse(value, &s->range) && s->range >= 1000) return STATUS_GOOD;
    return usage_error(&query_command, "--range is a span of at least 1s, as 1h, not \"%.40s\"", value);
  case FLAG_FORMAT:
    s->json = !strcmp(value, "json");
    if (s->json || !strcmp(value, "table")) return STATUS_GOOD;
    return usage_error(&query_command, "--format is table or json, not \"%.40s\"", value);
  case ARGUMENT_OPERAND:
    if (s->expression) return usage_error(&query_command, "one expression is expected; put quotes around it");
    s->expression = value;
    return STATUS_GOOD;
  default:
    return STATUS_USAGE;
  }
}

/* As many steps as the terminal has columns beside the axis; whole milliseconds, which is what the API knows. */
static struct asked_range range_of(const struct settings *s) {
  struct winsize size = {0};
  size_t columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
  columns = MIN(MAX(columns, (size_t)COLUMNS_LEAST + COLUMNS_AXIS), (size_t)COLUMNS_MOST) - COLUMNS_AXIS;
  double steps = (double)(columns - 1), step = ceil((double)s->range / steps) / 1000;
  if (!s->range) return (struct asked_range){0};
  return (struct asked_range){.from = (s->time ? s->wall : clock_wall()) - step * steps, .step = step, .count = columns};
}

static void put_parameter(struct buf *form, const char *name, const char *value) {
  if (form->length) buf_putc(form, '&');
  buf_printf(form, "%s=", name);
  text_percent(form, value, "");
}

static void write_form(struct buf *form, const struct settings *s, const struct asked_range *range) {
  char number[64];
  put_parameter(form, "query", s->expression);
  if (s->time && !range->count) put_parameter(form, "time", s->time);
  if (!range->count) return;
  snprintf(number, sizeof number, "%.3f", range->from);
  put_parameter(form, "start", number);
  snprintf(number, sizeof number, "%.3f", range->from + range->step * ((double)range->count - 0.5));
  put_parameter(form, "end", number);
  snprintf(number, sizeof number, "%.6f", range->step);
  put_parameter(form, "step", number);
}

/* Asks the agents that may run here, one after the other. */
static bool ask(const struct settings *s, const struct asked_range *range, unsigned *status, struct buf *answer, struct fail *f) {
  const char *places[STATE_PLACES_MAX];
  SCOPED(buf_done) struct buf form;
  struct config *c = s->file || access(DEFAULT_CONFIG_FILE, F_OK) == 0 ? watched_load(s->file, NULL, f) : config_new();
  if (!c) return false;
  buf_init(&form, 1 << 20);
  write_form(&form, s, range);
  size_t count = config_state_places(c, places);
  bool answered = false;
  for (size_t i = 0; i < count && !answered; i++)
    answered = agent_ask(&(struct question_to_agent){.folder = places[i],
                                                     .path = range->count ? API_PREFIX "query_range" : API_PREFIX "query",
                                                     .form = form.data,
                                                     .deadline = clock_now() + ANSWER_MSEC},
                         status, answer, f);
  config_unref(c);
  return answered;
}

/* JSON is shown also when it is of a failure, which the status tells then. */
static bool answer(const struct settings *s, unsigned *status, struct buf *out, struct buf *notes, struct fail *f) {
  struct asked_range range = range_of(s);
  SCOPED(buf_done) struct buf json;
  buf_init(&json, OUTPUT_MAX);
  if (!ask(s, &range, status, &json, f)) {
    struct fail why = *f;
    if (f->kind == FAIL_CONNECT) fail(f, why.kind, "%s; start one with sonde run, or name its --config.file", why.text);
    return false;
  }
  if (!s->json) return query_show(out, notes, json.data ? json.data : "", &range, f);
  buf_printf(out, "%s\n", json.data ? json.data : "");
  return true;
}

/* Label values are others' text: nothing of it commands the terminal. */
static void tame(struct buf *out) {
  for (size_t i = 0; i < out->length; i++)
    if (((unsigned char)out->data[i] < ' ' && out->data[i] != '\n') || out->data[i] == 0x7f) out->data[i] = '?';
}

static int run(int argc, char **argv) {
  struct settings s = {0};
  struct arguments a = {.command = &query_command, .argc = argc, .argv = argv};
  struct fail why = {0};
  const char *value;
  unsigned status = 0;
  int found, taken;
  while ((found = arguments_next(&a, &value)) != ARGUMENT_END)
    if ((taken = take(&s, found, value)) != STATUS_GOOD) return taken;
  if (!s.expression) return usage_error(&query_command, "an expression is expected, as sonde query 'up == 0'");
  SCOPED(buf_done) struct buf out;
  SCOPED(buf_done) struct buf notes;
  buf_init(&out, OUTPUT_MAX);
  buf_init(&notes, OUTPUT_MAX);
  if (!answer(&s, &status, &out, &notes, &why)) {
    fprintf(stderr, "sonde query: %s\n", why.text);
    return STATUS_WRONG;
  }
  tame(&out);
  tame(&notes);
  if (notes.length) fputs(notes.data, stderr);
  if (!out.length) fputs("no series\n", stderr);
  bool written = fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
  return written && status == 200 ? STATUS_GOOD : STATUS_WRONG;
}

const struct command query_command = {
    .name = "query",
    .operands = "EXPR",
    .summary = "Evaluates a PromQL expression in the agent that runs here.",
    .flags = flags,
    .run = run,
};
