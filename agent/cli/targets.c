/* sonde targets: what would be watched, and how it was found. */
#include <stdio.h>

#include "agent/cli/cli.h"
#include "agent/cli/table.h"
#include "agent/cli/watched.h"

enum { FLAG_FILE };
static const struct flag flags[] = {
    [FLAG_FILE] = {"config.file", "FILE", "The configuration (default " DEFAULT_CONFIG_FILE "; without one, what is found here)."},
    {0},
};

static void say(bool good, const char *sentence) {
  printf("%s%s\n", good ? "" : "! ", sentence);
}

static void add_row(struct table *table, const struct target_config *t) {
  SCOPED(buf_done) struct buf parts;
  char every[40];
  buf_init(&parts, 4096);
  watched_parts(&parts, t, " ");
  table_add(table,
            (const char *[]){t->name, t->kind->name, t->address, duration_format(t->every, every, sizeof every), parts.data});
}

static void print_targets(const struct config *c) {
  SCOPED(table_done) struct table table;
  table_init(&table, 5);
  table_add(&table, (const char *[]){"TARGET", "KIND", "ADDRESS", "EVERY", "PARTS"});
  for (size_t i = 0; i < c->target_count; i++) add_row(&table, &c->targets[i]);
  table_print(&table);
}

static int run(int argc, char **argv) {
  struct arguments a = {.command = &targets_command, .argc = argc, .argv = argv};
  const char *path = NULL, *value;
  int found;
  while ((found = arguments_next(&a, &value)) == FLAG_FILE) path = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  struct fail why = {0};
  struct config *c = watched_load(path, say, &why);
  if (!c) {
    fprintf(stderr, "%s\n", why.text);
    return STATUS_WRONG;
  }
  if (!c->path) puts("");
  print_targets(c);
  config_unref(c);
  return STATUS_GOOD;
}

const struct command targets_command = {
    .name = "targets",
    .summary = "Shows what would be watched, and where it was looked for.",
    .flags = flags,
    .run = run,
};
