/* A parsed template, shared by the parser and what executes it. Everything lies in one arena. */
#ifndef SONDE_AGENT_TEMPLATE_TREE_H
#define SONDE_AGENT_TEMPLATE_TREE_H

#include <stdint.h>

#include "agent/template/value.h"

enum { DEPTH_MAX = 50 };

/* An operand, and the fields that are taken of it: $labels.job, (index $x 0).Value. */
enum term_kind { TERM_DOT, TERM_VARIABLE, TERM_CONSTANT, TERM_FUNCTION, TERM_PIPELINE };
struct term {
  enum term_kind kind;
  size_t offset;
  const char *name;                /* VARIABLE, with its $ */
  struct tvalue constant;          /* CONSTANT */
  const struct function *function; /* FUNCTION */
  struct pipeline *pipeline;       /* PIPELINE */
  const char **fields;
  size_t field_count;
};
/* A function and its arguments, or one operand alone. */
struct command {
  struct command *next;
  struct term *terms[ARGS_MAX];
  size_t count;
};
struct pipeline {
  const char *variables[2]; /* that are set: {{ $x := … }}, {{ range $i, $x := … }} */
  size_t variable_count;
  bool assigns; /* = instead of := */
  struct command *first;
};

enum step_kind { STEP_TEXT, STEP_PRINT, STEP_IF, STEP_RANGE, STEP_WITH, STEP_TEMPLATE, STEP_BREAK, STEP_CONTINUE };
struct step {
  enum step_kind kind;
  size_t offset;
  struct step *next;
  const char *text; /* TEXT: its bytes; TEMPLATE: its name */
  size_t length;
  struct pipeline *pipeline; /* NULL for a {{ template "x" }} without data */
  struct step *body, *otherwise;
};
struct definition {
  const char *name;
  struct step *body;
  struct definition *next;
};
struct tree {
  const char *text;
  struct step *body;
  struct definition *definitions;
};

/* NULL with a sentence; *wrong_at is where in the text. */
struct tree *tree_of(const char *text, struct arena *a, size_t *wrong_at, struct fail *f) MUST_CHECK;

#endif
