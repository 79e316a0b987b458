/* argv -> subcommand. A new subcommand is one line in the table. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/cli/argv.h"
#include "agent/cli/cli.h"
#include "config/suggest.h"

static const struct command *const commands[] = {
    &run_command,     &check_command, &notify_command, &targets_command, &config_command,
    &metrics_command, &setup_command, &rules_command,  &query_command,
};

/* `sonde --help`, `sonde help` and `sonde -h` are the same. */
static bool is(const char *word, const char *flag) {
  return !strcmp(word, flag) || !strcmp(word, flag + 2) || (word[0] == '-' && word[1] == flag[2] && !word[2]);
}

static bool wants_help(int argc, char **argv) {
  for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
  return false;
}

static int fail_command(const char *word) {
  const char *names[COUNTOF(commands)];
  for (size_t i = 0; i < COUNTOF(commands); i++) names[i] = commands[i]->name;
  const char *meant = suggest(word, names, COUNTOF(commands));
  if (*word == '-')
    fprintf(stderr, "sonde: a command comes before the flags, as in sonde run --config.file=FILE; see sonde --help\n");
  else if (meant)
    fprintf(stderr, "sonde: there is no command \"%.60s\"; did you mean %s? See sonde --help\n", word, meant);
  else
    fprintf(stderr, "sonde: there is no command \"%.60s\"; see sonde --help\n", word);
  return STATUS_USAGE;
}

static int dispatch(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "help";
  if (is(word, "--version")) {
    version_print();
    return STATUS_GOOD;
  }
  if (is(word, "--help")) {
    help_all(commands, COUNTOF(commands));
    return STATUS_GOOD;
  }
  for (size_t i = 0; i < COUNTOF(commands); i++) {
    if (strcmp(word, commands[i]->name) != 0) continue;
    if (!wants_help(argc, argv)) return commands[i]->run(argc - 1, argv + 1);
    help_command(commands[i]);
    return STATUS_GOOD;
  }
  return fail_command(word);
}

int main(int argc, char **argv) {
  prctl(PR_SET_DUMPABLE, 0); /* no core file with passwords in it, no debugger but root's */
  mallopt(M_ARENA_MAX, 2);   /* a thread for each target must not mean a heap for each */
  char **words = argv_take(argc, argv);
  int status = dispatch(argc, words);
  argv_free(argc, words);
  return status;
}
