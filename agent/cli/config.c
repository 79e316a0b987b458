/* sonde config: judging a file without running it, and the page of all keys. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/config_check.h"
#include "agent/cli/cli.h"
#include "agent/cli/known.h"
#include "agent/cli/watched.h"
#include "alert/rules.h"

static size_t lint(const struct config *c, const struct rule_set *rules) {
  struct known *known = known_new(c, NULL);
  size_t warnings = known_lint_print(known, rules, LINT_WARNING);
  known_free(known);
  return warnings;
}

int config_check(const char *path) {
  struct fail why = {0};
  struct kinds kinds = watched_kinds();
  struct config *c = config_load(path, &kinds, &why);
  struct rule_set *rules = c ? rules_load(&c->rules, &why) : NULL;
  size_t warnings = rules ? lint(c, rules) : 0;
  if (rules)
    printf("%s: good, %zu target%s, %zu rule%s%s\n", path, c->target_count, c->target_count == 1 ? "" : "s", rules->rule_count,
           rules->rule_count == 1 ? "" : "s", warnings ? "; the warnings above are of the rules" : "");
  else
    fprintf(stderr, "%s\n", why.text);
  rules_free(rules);
  config_unref(c);
  return rules ? STATUS_GOOD : STATUS_WRONG;
}

static int print_page(void) {
  SCOPED(buf_done) struct buf page;
  struct kinds kinds = watched_kinds();
  buf_init(&page, 1u << 20);
  config_describe(&page, &kinds);
  if (page.overflow || fwrite(page.data, 1, page.length, stdout) != page.length || fflush(stdout)) return STATUS_WRONG;
  return STATUS_GOOD;
}

static int run(int argc, char **argv) {
  struct arguments a = {.command = &config_command, .argc = argc, .argv = argv};
  const char *operands[2] = {NULL, NULL}, *value;
  size_t count = 0;
  int found;
  while ((found = arguments_next(&a, &value)) == ARGUMENT_OPERAND && count < COUNTOF(operands)) operands[count++] = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  if (count && !strcmp(operands[0], "check")) return config_check(operands[1] ? operands[1] : DEFAULT_CONFIG_FILE);
  if (count == 1 && !strcmp(operands[0], "docs")) return print_page();
  return usage_error(&config_command, "say what to do: sonde config check FILE, or sonde config docs");
}

const struct command config_command = {
    .name = "config",
    .operands = "check FILE | docs",
    .summary = "Judges a configuration file; prints the page of all its keys.",
    .run = run,
};
