/* What there is to say on the command line, from the tables of the commands. */
#include <stdio.h>

#include "agent/cli/cli.h"

enum { INDENT = 29 }; /* of the summaries; what is longer than that has a line of its own */

void help_command(const struct command *c) {
  printf("usage: sonde %s%s%s%s\n\n%s\n", c->name, c->flags ? " [flags]" : "", c->operands ? " " : "",
         c->operands ? c->operands : "", c->summary);
  if (c->flags) printf("\n");
  for (const struct flag *f = c->flags; f && f->name; f++) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", f->name, f->value ? "=" : "", f->value ? f->value : "");
    printf("  %-32s %s\n", left, f->help);
  }
}

void help_all(const struct command *const *commands, size_t count) {
  printf("sonde watches a web stack and serves what it measures to Prometheus.\n\nusage: sonde COMMAND [flags]\n\n");
  for (size_t i = 0; i < count; i++) {
    const char *operands = commands[i]->operands;
    int length = printf("  %s%s%s", commands[i]->name, operands ? " " : "", operands ? operands : "");
    if (length >= INDENT) {
      printf("\n");
      length = 0;
    }
    printf("%*s%s\n", INDENT - length, "", commands[i]->summary);
  }
  printf("\n`sonde run` needs no configuration: it watches this host and what it finds here.\n"
         "`sonde COMMAND --help` lists the flags of a command, `sonde --version` tells the version.\n");
}
