/* Flags by the exporters' convention. Our own walk and not getopt_long: that one accepts any beginning of a flag as the flag, so that a
 * script breaks when a flag is added, and it cannot say which one was meant. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "config/suggest.h"

enum { FLAGS_MAX = 32 };

int usage_error(const struct command *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "sonde %s: ", c->name);
  vfprintf(stderr, format, args);
  fprintf(stderr, "; see sonde %s --help\n", c->name);
  va_end(args);
  return STATUS_USAGE;
}

static int fail_unknown(const struct command *c, const char *word, size_t length) {
  const char *names[FLAGS_MAX];
  char written[64];
  size_t count = 0;
  for (const struct flag *f = c->flags; f && f->name && count < FLAGS_MAX; f++) names[count++] = f->name;
  snprintf(written, sizeof written, "%.*s", (int)MIN(length, sizeof written - 1), word);
  const char *meant = suggest(written, names, count);
  if (meant)
    usage_error(c, "unknown flag --%s (did you mean --%s?)", written, meant);
  else
    usage_error(c, "unknown flag --%s", written);
  return ARGUMENT_WRONG;
}

/* `word` is what follows the dashes; `length` ends at a `=`. */
static int take_flag(struct arguments *a, const char *word, size_t length, const char **ret_value) {
  int i = 0;
  const struct flag *flags = a->command->flags;
  while (flags && flags[i].name && (strncmp(flags[i].name, word, length) != 0 || flags[i].name[length])) i++;
  if (!flags || !flags[i].name) return fail_unknown(a->command, word, length);
  bool given = word[length] == '=';
  if (!flags[i].value && given) {
    usage_error(a->command, "--%s takes no value", flags[i].name);
    return ARGUMENT_WRONG;
  }
  if (!flags[i].value) return i;
  if (given)
    *ret_value = word + length + 1;
  else if (a->next < a->argc)
    *ret_value = a->argv[a->next++];
  if (*ret_value) return i;
  usage_error(a->command, "--%s needs a value: --%s=%s", flags[i].name, flags[i].name, flags[i].value);
  return ARGUMENT_WRONG;
}

int arguments_next(struct arguments *a, const char **ret_value) {
  *ret_value = NULL;
  a->next = MAX(a->next, 1);
  if (a->next < a->argc && !a->only_operands && !strcmp(a->argv[a->next], "--")) {
    a->only_operands = true;
    a->next++;
  }
  if (a->next >= a->argc) return ARGUMENT_END;
  const char *word = a->argv[a->next++];
  if (a->only_operands || *word != '-' || !word[1]) {
    *ret_value = word;
    return ARGUMENT_OPERAND;
  }
  if (word[1] == '-') return take_flag(a, word + 2, strcspn(word + 2, "="), ret_value);
  usage_error(a->command, "unknown flag %.2s; flags begin with two dashes, and after a -- no word is a flag", word);
  return ARGUMENT_WRONG;
}

int arguments_done(const struct arguments *a, int found, const char *value) {
  if (found == ARGUMENT_END) return STATUS_GOOD;
  if (found == ARGUMENT_OPERAND) return usage_error(a->command, "\"%.60s\" is one word too many", value);
  return STATUS_USAGE;
}
