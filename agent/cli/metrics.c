/* sonde metrics: every family that can appear, from the rows that make them; sonde metrics lint: metrics_lint.c. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/known.h"
#include "agent/cli/metrics_lint.h"
#include "agent/cli/table.h"
#include "collectors/collector.h"

enum { FLAG_FORMAT };
static const struct flag flags[] = {
    [FLAG_FORMAT] = {"format", "FORMAT",
                     "Of the list: text or markdown (default text). Of the page judged by lint: text or openmetrics (default: by "
                     "its last line)."},
    {0},
};

static void add_family(const struct family *family, const char *part, void *arg) {
  table_add(arg, (const char *[]){family->name, metric_type_name(family->type), family->labels, part, family->help});
}

/* One table for each kind; `catalogue` is that of a collector or of the agent. */
static void print_catalogue(const char *name, const char *summary, void (*catalogue)(family_fn *each, void *arg), bool markdown) {
  SCOPED(table_done) struct table table;
  table_init(&table, 5);
  table_add(&table, (const char *[]){"name", "type", "labels", "part", "what it is"});
  catalogue(add_family, &table);
  printf("%s%s\n\n%s\n\n", markdown ? "## " : "", name, summary);
  if (markdown)
    table_print_markdown(&table);
  else
    table_print(&table);
  puts("");
}

static const char introduction[] =
    "# Metrics\n"
    "\n"
    "This page is printed by `sonde metrics --format=markdown`, from the rows that make the metrics. On the page of all targets "
    "every line has the\n"
    "label `target` besides those listed here. Families that only a running server can name, as `pg_settings_*`, are not listed.\n"
    "\n";

static int print_list(const char *format) {
  bool markdown = format && !strcmp(format, "markdown");
  if (format && !markdown && strcmp(format, "text") != 0)
    return usage_error(&metrics_command, "--format is text or markdown, not \"%.40s\"", format);
  if (markdown) fputs(introduction, stdout);
  for (size_t i = 0; collectors[i]; i++)
    print_catalogue(collectors[i]->kind.name, collectors[i]->kind.summary, collectors[i]->catalogue, markdown);
  print_catalogue("sonde", "What the agent says of itself and of every target.", own_catalogue, markdown);
  return fflush(stdout) ? STATUS_WRONG : STATUS_GOOD;
}

static int run(int argc, char **argv) {
  struct arguments a = {.command = &metrics_command, .argc = argc, .argv = argv};
  const char *format = NULL, *operands[2] = {NULL, NULL}, *value;
  size_t count = 0;
  int found;
  while ((found = arguments_next(&a, &value)) == FLAG_FORMAT || (found == ARGUMENT_OPERAND && count < COUNTOF(operands)))
    if (found == FLAG_FORMAT)
      format = value;
    else
      operands[count++] = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  if (!count) return print_list(format);
  if (strcmp(operands[0], "lint") != 0)
    return usage_error(&metrics_command, "\"%.60s\" is nothing it can do: sonde metrics, or sonde metrics lint FILE", operands[0]);
  if (format && strcmp(format, "text") != 0 && strcmp(format, "openmetrics") != 0)
    return usage_error(&metrics_command, "--format of a page is text or openmetrics, not \"%.40s\"", format);
  return metrics_lint(operands[1], format);
}

const struct command metrics_command = {
    .name = "metrics",
    .operands = "[lint FILE]",
    .summary = "Lists every metric: name, type, labels, part, meaning. lint judges a page of metrics, of whatever program.",
    .flags = flags,
    .run = run,
};
