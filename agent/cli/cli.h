/* A subcommand is one file of this room that ends in a `const struct command`, and one line in agent/main.c. */
#ifndef SONDE_AGENT_CLI_CLI_H
#define SONDE_AGENT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { STATUS_GOOD = 0, STATUS_WRONG = 1, STATUS_USAGE = 2 };

struct flag {
  const char *name;  /* without the dashes */
  const char *value; /* what its value is called in the help ("FILE"); NULL for a switch */
  const char *help;
};

struct command {
  const char *name, *operands; /* "check FILE"; NULL for none */
  const char *summary;         /* a sentence */
  const struct flag *flags;    /* ended by one without a name; NULL for none */
  /* argv[0] is the command's name. Returns the exit status. */
  int (*run)(int argc, char **argv);
};
extern const struct command run_command, check_command, config_command, targets_command, metrics_command, setup_command,
    notify_command, rules_command, query_command;

/* Walking over the flags (--flag=value, --flag value) and operands of a command. */
struct arguments {
  const struct command *command;
  int argc, next;
  char **argv;
  bool only_operands; /* after -- */
};
enum { ARGUMENT_END = -1, ARGUMENT_OPERAND = -2, ARGUMENT_WRONG = -3 };
/* The next flag as its index in command->flags, its value in *ret_value; ARGUMENT_OPERAND with the operand there; ARGUMENT_END; or
 * ARGUMENT_WRONG, after an explanation on standard error. */
int arguments_next(struct arguments *a, const char **ret_value);
/* For a command without (further) operands: STATUS_GOOD when the walk ended with `found` at the end, else STATUS_USAGE, explained. */
int arguments_done(const struct arguments *a, int found, const char *value);
/* Explains on standard error that the command was called wrongly; returns STATUS_USAGE. `format` is a sentence without its end. */
int usage_error(const struct command *c, const char *format, ...) PRINTF(2, 3);

void help_command(const struct command *c);
void help_all(const struct command *const *commands, size_t count);
void version_print(void);

#endif
