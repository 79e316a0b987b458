/* sonde run: the flags, by the exporters' convention. What they start is in agent.c. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/cli/agent.h"
#include "agent/cli/config_check.h"
#include "agent/cli/cli.h"
#include "agent/cli/watched.h"
#include "base/log.h"

enum { FLAG_LISTEN, FLAG_PATH, FLAG_FILE, FLAG_CHECK, FLAG_LEVEL, FLAG_FORMAT, FLAG_VERSION, FLAG_HELP };
static const struct flag flags[] = {
    [FLAG_LISTEN] = {"web.listen-address", "ADDRESS",
                     "Where to serve: 127.0.0.1:10420 (the default), :10420 for every interface, unix:PATH. Repeatable."},
    [FLAG_PATH] = {"web.telemetry-path", "PATH", "Where the page of all metrics is (default /metrics)."},
    [FLAG_FILE] = {"config.file", "FILE", "The configuration (default " DEFAULT_CONFIG_FILE "; without one, what is found here)."},
    [FLAG_CHECK] = {"config.check", NULL, "Judge the configuration, say what is wrong with it, and end."},
    [FLAG_LEVEL] = {"log.level", "LEVEL", "debug, info, warn or error (default info)."},
    [FLAG_FORMAT] = {"log.format", "FORMAT", "logfmt or json (default logfmt)."},
    [FLAG_VERSION] = {"version", NULL, "Tell the version, and end."},
    [FLAG_HELP] = {"help", NULL, "This list."},
    {0},
};

struct run_flags {
  struct run_settings settings;
  bool check, version;
  enum log_level level;
  enum log_format format;
};

static int take(struct run_flags *f, int flag, const char *value) {
  switch (flag) {
  case FLAG_LISTEN:
    if (f->settings.listen_count == LISTEN_FLAGS_MAX)
      return usage_error(&run_command, "at most %d listen addresses are allowed", LISTEN_FLAGS_MAX);
    f->settings.listen[f->settings.listen_count++] = value;
    break;
  case FLAG_PATH:
    f->settings.telemetry_path = value;
    break;
  case FLAG_FILE:
    f->settings.config_file = value;
    break;
  case FLAG_CHECK:
    f->check = true;
    break;
  case FLAG_VERSION:
    f->version = true;
    break;
  case FLAG_LEVEL:
    if (!log_level_parse(value, &f->level))
      return usage_error(&run_command, "--log.level is debug, info, warn or error, not \"%.40s\"", value);
    break;
  case FLAG_FORMAT:
    if (!log_format_parse(value, &f->format))
      return usage_error(&run_command, "--log.format is logfmt or json, not \"%.40s\"", value);
    break;
  default:
    break;
  }
  return STATUS_GOOD;
}

static int parse(struct run_flags *f, int argc, char **argv) {
  struct arguments a = {.command = &run_command, .argc = argc, .argv = argv};
  const char *value;
  int found, status;
  while ((found = arguments_next(&a, &value)) >= 0)
    if ((status = take(f, found, value)) != STATUS_GOOD) return status;
  return arguments_done(&a, found, value);
}

/* What a start would read: also that is checked which is not there. */
static int check(const struct run_settings *s) {
  struct fail why = {0};
  struct config *c = config_new();
  bool good = config_set_web(c, s->listen, s->listen_count, s->telemetry_path, &why);
  config_unref(c);
  if (!good) fprintf(stderr, "%s\n", why.text);
  if (!good) return STATUS_WRONG;
  if (s->config_file || access(DEFAULT_CONFIG_FILE, F_OK) == 0 || errno != ENOENT)
    return config_check(s->config_file ? s->config_file : DEFAULT_CONFIG_FILE);
  printf("there is no %s, so that this host and what is found here would be watched: sonde targets shows it\n",
         DEFAULT_CONFIG_FILE);
  return STATUS_GOOD;
}

static int run(int argc, char **argv) {
  struct run_flags f = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT};
  int status = parse(&f, argc, argv);
  if (status != STATUS_GOOD) return status;
  if (f.version) {
    version_print();
    return STATUS_GOOD;
  }
  if (f.check) return check(&f.settings);
  log_setup(f.level, f.format);
  return agent_run(&f.settings);
}

const struct command run_command = {
    .name = "run",
    .summary = "Watches, and serves what it measures, until it is told to end.",
    .flags = flags,
    .run = run,
};
