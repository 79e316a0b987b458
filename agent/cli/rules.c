/* sonde rules: judging files of rules, and running their unit tests. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/known.h"
#include "alert/rules.h"
#include "alert/unit.h"

enum { FILES_MAX = 1000, SAID_MAX = 16 << 20 };

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

/* What would be refused is an error; what is loaded, and is probably not what was meant, is a warning. */
static int check_file(const char *path, struct known *known) {
  struct fail why = {0};
  struct rule_set *set = rules_load(&(struct strings){&path, 1}, &why);
  if (!set) {
    fprintf(stderr, "%s\n", why.text);
    return STATUS_WRONG;
  }
  size_t warnings = known_lint_print(known, set, LINT_INFO);
  printf("%s: %zu rule%s, %zu warning%s\n", path, set->rule_count, plural(set->rule_count), warnings, plural(warnings));
  rules_free(set);
  return STATUS_GOOD;
}

static int test_file(const char *path) {
  struct fail why = {0};
  struct unit_count count;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, SAID_MAX);
  bool ran = unit_run(path, &said, &count, &why);
  if (said.length) fputs(said.data, stdout);
  if (!ran)
    fprintf(stderr, "%s\n", why.text);
  else
    printf("%s: %zu passed, %zu failed\n", path, count.passed, count.failed);
  return ran && !count.failed ? STATUS_GOOD : STATUS_WRONG;
}

static int run(int argc, char **argv) {
  struct arguments a = {.command = &rules_command, .argc = argc, .argv = argv};
  const char *words[FILES_MAX], *value;
  size_t count = 0;
  int found, worst = STATUS_GOOD;
  while ((found = arguments_next(&a, &value)) == ARGUMENT_OPERAND && count < COUNTOF(words)) words[count++] = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  bool check = count && !strcmp(words[0], "check"), test = count && !strcmp(words[0], "test");
  if (count < 2 || (!check && !test))
    return usage_error(&rules_command, "say what to do: sonde rules check FILE..., or sonde rules test FILE...");
  struct known *known = check ? known_new(NULL, NULL) : NULL;
  for (size_t i = 1; i < count; i++) {
    status = check ? check_file(words[i], known) : test_file(words[i]);
    if (status != STATUS_GOOD) worst = status;
  }
  known_free(known);
  return worst;
}

const struct command rules_command = {
    .name = "rules",
    .operands = "check FILE… | test FILE…",
    .summary = "Judges files of rules; runs their unit tests, as promtool has them.",
    .run = run,
};
