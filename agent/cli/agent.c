/* The agent's life. Signals come through a descriptor to the main thread, which between them keeps the watch over overdue targets. The end is bounded
 * whatever is stuck: runners that do not answer are left behind, and a timer ends the process should anything else not return. */
#include "agent/cli/agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent/cli/alerting.h"
#include "agent/cli/cli.h"
#include "agent/cli/known.h"
#include "agent/cli/watched.h"
#include "alert/status.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "history/keep.h"
#include "http/server.h"
#include "poll/target.h"

/* SIGTERM ends the agent within a second: messages under way get a part of it, the runners the rest, and the history's file what is left. */
enum { LAST_MESSAGES_MSEC = 300, STOP_MSEC = 700, SAVE_MSEC = 850, LAST_RESORT_MSEC = 900 };

struct agent {
  const struct run_settings *settings;
  int signals;
  struct store *store;
  struct targets *targets;
  struct server *server;
  struct alerting alerting;
  char *web; /* what web_text() said at the start */
};

static void say(bool good, const char *sentence) {
  (good ? log_info : log_warn)(NULL, "%s", sentence);
}

static void log_finding(const struct rule_finding *f, void *arg) {
  (void)arg;
  if (f->severity == LINT_WARNING) log_warn(NULL, "%s:%u:%u: %s: %s", f->file, f->line, f->column, f->rule, f->text);
}

/* What is probably not meant, once for each load. */
static void log_lint(const struct config *c, struct history *history, const struct rule_set *rules) {
  struct known *known = known_new(c, history);
  known_lint(known, rules, log_finding, NULL);
  known_free(known);
}

/* The configuration and the rules that it names. */
static struct config *load(const struct run_settings *s, struct rule_set **ret_rules, struct fail *f) {
  struct config *c = watched_load(s->config_file, say, f);
  if (c && config_set_web(c, s->listen, s->listen_count, s->telemetry_path, f) && (*ret_rules = rules_load(&c->rules, f))) return c;
  config_unref(c);
  return NULL;
}

/* Blocked before the first thread starts, so that all of them leave signals to the descriptor. */
static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The next signal, 0 when there is none until `until`. */
static int next_signal(int fd, msec_t until) {
  struct signalfd_siginfo info;
  msec_t left = until - clock_now();
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (poll(&p, 1, (int)MAX((msec_t)0, MIN(left, (msec_t)60000))) != 1) return 0;
  return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void log_targets(const struct config *c) {
  for (size_t i = 0; i < c->target_count; i++) {
    const struct target_config *t = &c->targets[i];
    SCOPED(buf_done) struct buf parts;
    char every[40], timeout[40];
    buf_init(&parts, 4096);
    watched_parts(&parts, t, ",");
    log_info(t->name, "watching kind=%s address=%s every=%s timeout=%s parts=%s", t->kind->name, t->address,
             duration_format(t->every, every, sizeof every), duration_format(t->timeout, timeout, sizeof timeout),
             parts.data ? parts.data : "-");
  }
  if (c->target_count == 0)
    log_warn(NULL, "no targets: %s names none, so that only sonde itself is shown", c->path ? c->path : "the configuration");
}

static bool is_private(const char *address) {
  static const char *const private[] = {"127.", "[::1]:", "localhost:", "unix:"};
  for (size_t i = 0; i < COUNTOF(private); i++)
    if (!strncmp(address, private[i], strlen(private[i]))) return true;
  return false;
}

/* Where to look, as a link; and when nobody else can look, how they could. */
static void log_listeners(const struct server *server, const char *telemetry_path) {
  bool all_private = true;
  const char *address;
  for (size_t i = 0; (address = server_address(server, i)); i++) {
    all_private = all_private && is_private(address);
    if (!strncmp(address, "unix:", 5))
      log_info(NULL, "listening on %s", address);
    else
      log_info(NULL, "listening on http://%s%s", address, telemetry_path);
  }
  const char *first = server_address(server, 0), *port = first ? strrchr(first, ':') : NULL;
  if (all_private && port && strncmp(first, "unix:", 5) != 0)
    log_info(
        NULL,
        "only this machine can reach it; for a Prometheus elsewhere: --web.listen-address=%s, or web.listen_address in the file",
        port);
}

/* What of the configuration a reload cannot change, to be compared. */
static char *web_text(const struct config *c) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 65536);
  for (size_t i = 0; i < c->listen.count; i++) buf_printf(&text, "%s ", c->listen.items[i]);
  buf_puts(&text, c->telemetry_path);
  return mem_copy(text.data);
}

/* Where `sonde check` finds this agent. */
static char *socket_path(const struct config *c) {
  SCOPED(buf_done) struct buf path;
  buf_init(&path, 4096);
  buf_printf(&path, "%s/" AGENT_SOCKET, c->state_dir);
  return mem_copy(path.data);
}

static bool start(struct agent *a, struct fail *f) {
  struct rule_set *rules;
  struct config *c = load(a->settings, &rules, f);
  if (!c) return false;
  struct fail state;
  bool has_folder = config_state_dir(c, &state);
  if (!has_folder) log_warn(NULL, "%s", state.text);
  a->store = store_new();
  SCOPED(mem_free) char *socket = has_folder ? socket_path(c) : NULL;
  a->server = server_start(&(struct server_config){&c->listen, c->telemetry_path, socket, a->store}, f);
  if (!a->server) {
    store_free(a->store);
    rules_free(rules);
    config_unref(c);
    return false;
  }
  server_expect(a->server, c->target_count, status_digest(c, rules));
  log_targets(c);
  log_listeners(a->server, c->telemetry_path);
  a->web = web_text(c);
  alerting_init(&a->alerting, c, rules);
  server_show(a->server, a->alerting.history, a->alerting.evaluator);
  a->targets = targets_new(a->store, a->alerting.history, a->alerting.net);
  targets_tell(a->targets, history_section, a->alerting.history);
  targets_tell(a->targets, evaluator_section, a->alerting.evaluator);
  targets_tell(a->targets, notifier_section, a->alerting.notifier);
  config_ref(c);
  targets_apply(a->targets, c);
  struct fail why;
  log_lint(c, a->alerting.history, rules);
  if (!alerting_apply(&a->alerting, c, rules, &why)) log_error(NULL, "%s; all else goes on, a reload tries again", why.text);
  config_unref(c);
  return true;
}

static void reload(struct agent *a) {
  struct fail why = {0};
  struct rule_set *rules;
  struct config *c = load(a->settings, &rules, &why);
  targets_reloaded(a->targets, c != NULL, clock_wall());
  if (!c) {
    log_error(NULL, "not reloaded, all goes on as it was: %s", why.text);
    return;
  }
  SCOPED(mem_free) char *web = web_text(c);
  if (strcmp(web, a->web) != 0) log_warn(NULL, "the listen addresses or the telemetry path have changed: that needs a restart");
  log_info(NULL, "reloaded, %zu target%s", c->target_count, c->target_count == 1 ? "" : "s");
  log_targets(c);
  server_expect(a->server, c->target_count, status_digest(c, rules));
  log_lint(c, a->alerting.history, rules);
  if (!alerting_apply(&a->alerting, c, rules, &why)) log_error(NULL, "%s", why.text);
  targets_apply(a->targets, c);
}

static void last_resort(int signal_number) {
  (void)signal_number;
  _exit(STATUS_GOOD);
}

/* No destructor runs at the end: a runner that is left behind may still use what it would free. */
static NORETURN void finish(struct agent *a, int signal_number) {
  struct itimerval timer = {.it_value.tv_usec = (suseconds_t)LAST_RESORT_MSEC * 1000};
  signal(SIGALRM, last_resort);
  setitimer(ITIMER_REAL, &timer, NULL);
  log_info(NULL, "ending: %s", signal_number == SIGINT ? "interrupted" : "asked to by SIGTERM");
  msec_t now = clock_now();
  server_stop(a->server);
  alerting_stop(&a->alerting, now + LAST_MESSAGES_MSEC);
  targets_stop(a->targets, now + STOP_MSEC);
  keeper_wait(a->alerting.keeper, now + SAVE_MSEC);
  fflush(NULL);
  _exit(STATUS_GOOD);
}

int agent_run(const struct run_settings *settings) {
  struct agent a = {.settings = settings, .signals = open_signals()};
  struct fail why = {0};
  raise_descriptor_limit();
  log_info(NULL, "sonde %s (%s) starts", version_number(), version_revision());
  if (a.signals < 0) {
    log_error(NULL, "cannot wait for signals: %s", strerror(errno));
    return STATUS_WRONG;
  }
  if (!start(&a, &why)) {
    log_error(NULL, "%s", why.text);
    return STATUS_WRONG;
  }
  for (;;) {
    int signal_number = next_signal(a.signals, targets_watch(a.targets, clock_now()));
    if (signal_number == SIGHUP) reload(&a);
    if (signal_number == SIGTERM || signal_number == SIGINT) finish(&a, signal_number);
  }
}
