/* sonde metrics: every family that can appear, from the rows that make them. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/table.h"
#include "alert/evaluator.h"
#include "collectors/collector.h"
#include "notify/notify.h"
#include "poll/self.h"

enum { FLAG_FORMAT };
static const struct flag flags[] = {
    [FLAG_FORMAT] = {"format", "FORMAT", "text or markdown (default text)."},
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

static void own_catalogue(family_fn *each, void *arg) {
  agent_catalogue(each, arg);
  evaluator_catalogue(each, arg);
  notifier_catalogue(each, arg);
}

static const char introduction[] =
    "# Metrics\n"
    "\n"
    "This page is printed by `sonde metrics --format=markdown`, from the rows that make the metrics. On the page of all targets "
    "every line has the\n"
    "label `target` besides those listed here. Families that only a running server can name, as `pg_settings_*`, are not listed.\n"
    "\n";

static int run(int argc, char **argv) {
  struct arguments a = {.command = &metrics_command, .argc = argc, .argv = argv};
  const char *format = "text", *value;
  int found;
  while ((found = arguments_next(&a, &value)) == FLAG_FORMAT) format = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  bool markdown = !strcmp(format, "markdown");
  if (!markdown && strcmp(format, "text") != 0)
    return usage_error(&metrics_command, "--format is text or markdown, not \"%.40s\"", format);
  if (markdown) fputs(introduction, stdout);
  for (size_t i = 0; collectors[i]; i++)
    print_catalogue(collectors[i]->kind.name, collectors[i]->kind.summary, collectors[i]->catalogue, markdown);
  print_catalogue("sonde", "What the agent says of itself and of every target.", own_catalogue, markdown);
  return fflush(stdout) ? STATUS_WRONG : STATUS_GOOD;
}

const struct command metrics_command = {
    .name = "metrics",
    .summary = "Lists every metric: name, type, labels, part, meaning.",
    .flags = flags,
    .run = run,
};
