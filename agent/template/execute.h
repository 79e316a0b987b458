/* A tree and an element become text. */
#ifndef SONDE_AGENT_TEMPLATE_EXECUTE_H
#define SONDE_AGENT_TEMPLATE_EXECUTE_H

#include "agent/template/tree.h"

enum { OUTPUT_MAX = 65536, STEPS_MAX = 100000, MEGABYTES_MAX = 64, QUERIES_CPU_SECONDS = 2 };

struct variable {
  const char *name;
  struct tvalue value;
};
struct rendering {
  const struct tree *tree;
  struct calling calling;
  struct variable *variables; /* the visible ones, inner ones last */
  size_t variable_count, variable_capacity;
  size_t base;   /* where those of the present template begin */
  size_t steps;  /* taken so far */
  int depth;     /* of templates within templates */
  size_t offset; /* of what is executed: for the sentence about a mistake */
};

/* Executes the template with `subject` as its dot. */
bool execute(struct rendering *r, const struct tvalue *subject, struct buf *out) MUST_CHECK;

#endif
