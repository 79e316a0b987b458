/* sonde check: one look, one answer, one exit status. An agent that runs here with the same configuration is asked, since it knows the past; else
 * everything is polled once. By the guidelines of monitoring plugins a wrong call, a wrong file and whatever else keeps the check from an answer is
 * UNKNOWN (3); what does not answer is CRITICAL (2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/cli/ask.h"
#include "agent/cli/check.h"
#include "agent/cli/check_report.h"
#include "agent/cli/cli.h"
#include "agent/cli/watched.h"
#include "alert/status.h"

enum { FLAG_FILE, FLAG_TIMEOUT, FLAG_WINDOW, FLAG_FORMAT, OPERANDS_MAX = 256 };
static const struct flag flags[] = {
    [FLAG_FILE] = {"config.file", "FILE", "The configuration (default " DEFAULT_CONFIG_FILE "; without one, what is found here)."},
    [FLAG_TIMEOUT] = {"timeout", "SPAN", "How long all polls together may take (default 10s)."},
    [FLAG_WINDOW] = {"window", "SPAN", "Poll again and again for so long, to judge rules that look back that far."},
    [FLAG_FORMAT] = {"format", "FORMAT", "table (the default on a terminal), nagios (the default elsewhere) or json."},
    {0},
};

#define TIMEOUT_DEFAULT ((msec_t)10000)
#define SPAN_MAX        ((msec_t)3600000)
#define ASK_MSEC        ((msec_t)2000) /* at most half the timeout */
#define OUTPUT_MAX      (16u << 20)

enum format { FORMAT_AUTO, FORMAT_TABLE, FORMAT_NAGIOS, FORMAT_JSON };

struct settings {
  const char *file;
  msec_t timeout, window;
  msec_t deadline; /* of agent and polls together; the window comes on top */
  enum format format;
  const char *operands[OPERANDS_MAX];
  size_t count;
};

/* "10s", and as other plugins have it, "10". */
static bool parse_span(const char *text, msec_t *ret) {
  char seconds[16];
  bool plain = *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
  snprintf(seconds, sizeof seconds, "%ss", plain ? text : "");
  return duration_parse(plain ? seconds : text, ret) && *ret >= 100 && *ret <= SPAN_MAX;
}

static bool parse_format(const char *text, enum format *ret) {
  static const char *const names[] = {[FORMAT_TABLE] = "table", [FORMAT_NAGIOS] = "nagios", [FORMAT_JSON] = "json"};
  for (enum format i = FORMAT_TABLE; i <= FORMAT_JSON; i++) {
    if (strcmp(text, names[i]) != 0) continue;
    *ret = i;
    return true;
  }
  return false;
}

static int take(struct settings *s, int found, const char *value) {
  switch (found) {
  case FLAG_FILE:
    s->file = value;
    return STATUS_GOOD;
  case FLAG_TIMEOUT:
    if (parse_span(value, &s->timeout)) return STATUS_GOOD;
    return usage_error(&check_command, "--timeout is a span from 100ms to 1h, as 10s, not \"%.40s\"", value);
  case FLAG_WINDOW:
    if (parse_span(value, &s->window)) return STATUS_GOOD;
    return usage_error(&check_command, "--window is a span from 100ms to 1h, as 30s or 5m, not \"%.40s\"", value);
  case FLAG_FORMAT:
    if (parse_format(value, &s->format)) return STATUS_GOOD;
    return usage_error(&check_command, "--format is table, nagios or json, not \"%.40s\"", value);
  case ARGUMENT_OPERAND:
    if (s->count == OPERANDS_MAX) return usage_error(&check_command, "at most %d targets can be named", OPERANDS_MAX);
    s->operands[s->count++] = value;
    return STATUS_GOOD;
  default:
    return STATUS_USAGE;
  }
}

/* Looks for an agent that runs what this check would. True when its status was judged; else r->note says what may surprise about that. */
static bool ask_agent(struct report *r, const struct check_plan *p, const struct settings *s) {
  const char *places[STATE_PLACES_MAX];
  size_t count = config_state_places(p->config, places);
  SCOPED(buf_done) struct buf status;
  buf_init(&status, STATUS_BYTES_MAX);
  for (size_t i = 0; i < count; i++) {
    struct fail why = {0};
    buf_clear(&status);
    unsigned http = 0;
    msec_t deadline = clock_now() + MIN(ASK_MSEC, s->timeout / 2);
    bool answered = agent_ask(&(struct question_to_agent){places[i], "/api/agent/status", NULL, deadline}, &http, &status, &why);
    r->hung |= why.kind == FAIL_TIMEOUT;
    if (why.kind == FAIL_PERMISSION) r->note = arena_copy(&r->arena, why.text);
    if (!answered || http != 200) continue;
    if (!status_is_of(status.data, p->digest)) {
      r->note = "The agent that runs here has another configuration";
      continue;
    }
    r->asked = true;
    if (report_read(r, status.data, status.length, p->config, p->whole, &why)) return true;
    r->asked = false;
  }
  return false;
}

static bool poll_here(struct report *r, struct check_plan *p, const struct settings *s, struct fail *f) {
  SCOPED(buf_done) struct buf status;
  buf_init(&status, STATUS_BYTES_MAX);
  r->timeout = s->timeout;
  check_poll(config_ref(p->config), p->rules, s->deadline - clock_now(), s->window, &status);
  p->rules = NULL;
  if (status.overflow) return fail(f, FAIL_LIMIT, "there is too much to be judged");
  return report_read(r, status.data, status.length, p->config, p->whole, f);
}

static bool judge(struct report *r, const struct settings *s, struct fail *f) {
  struct check_plan plan;
  if (!check_plan_make(&plan, s->file, s->operands, s->count, f)) return false;
  bool good = (!plan.addressed && !s->window && ask_agent(r, &plan, s)) || poll_here(r, &plan, s, f);
  check_plan_done(&plan);
  return good;
}

static size_t terminal_width(void) {
  struct winsize size = {0};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static bool wants_colour(void) {
  const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return isatty(STDOUT_FILENO) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}

static bool print(const struct report *r, enum format format) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, OUTPUT_MAX);
  if (format == FORMAT_AUTO) format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_NAGIOS;
  if (format == FORMAT_TABLE) report_table(&out, r, terminal_width(), wants_colour());
  if (format == FORMAT_NAGIOS) report_nagios(&out, r);
  if (format == FORMAT_JSON) report_json(&out, r);
  return fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
}

/* Standard error has said it; a monitoring system reads the other one. */
static int called_wrongly(void) {
  if (!isatty(STDOUT_FILENO)) puts("SONDE UNKNOWN: sonde check was called wrongly; standard error says how");
  return level_exit(LEVEL_UNKNOWN);
}

static int run(int argc, char **argv) {
  msec_t start = clock_now();
  struct settings s = {.timeout = TIMEOUT_DEFAULT};
  struct arguments a = {.command = &check_command, .argc = argc, .argv = argv};
  const char *value;
  int found;
  while ((found = arguments_next(&a, &value)) != ARGUMENT_END)
    if (take(&s, found, value) != STATUS_GOOD) return called_wrongly();
  s.deadline = start + s.timeout;
  struct report r;
  struct fail why = {0};
  report_init(&r);
  if (!judge(&r, &s, &why)) report_fail(&r, &why);
  r.took = clock_now() - start;
  bool written = print(&r, s.format);
  int status = level_exit(written ? report_level(&r) : LEVEL_UNKNOWN);
  report_done(&r);
  return status;
}

const struct command check_command = {
    .name = "check",
    .operands = "[TARGET | postgres://… | redis://… | host]…",
    .summary = "Looks at everything once and says what is wrong: exit status 0 good, 1 warning, 2 critical, 3 unknown.",
    .flags = flags,
    .run = run,
};
