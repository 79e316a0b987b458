/* What the two files of the parser share: steps are read in parse.c, what stands within an action in terms.c. */
#ifndef SONDE_AGENT_TEMPLATE_PARSE_H
#define SONDE_AGENT_TEMPLATE_PARSE_H

#include "agent/template/tree.h"

enum { VARIABLES_MAX = 64, TEXT_MAX = 4096 };

struct parse {
  const char *text, *cursor;
  const char *open; /* the {{ of the action that is read */
  struct arena *arena;
  struct fail *fail;
  size_t wrong_at;
  const char *variables[VARIABLES_MAX]; /* that may be used here */
  size_t variable_count;
  int depth, loops;
  struct definition *definitions;
};

/* Sets the sentence and its place; returns false. */
bool parse_wrong(struct parse *p, const char *at, const char *format, ...) PRINTF(3, 4);
void parse_blanks(struct parse *p);
bool parse_at_end(const struct parse *p); /* of the action */
size_t parse_word(const char *c);         /* how many bytes a name has that begins here */
void parse_declare(struct parse *p, const char *name);

/* A pipeline that may set as many variables. */
struct pipeline *parse_pipeline(struct parse *p, size_t variables_max) MUST_CHECK;
bool parse_quoted(struct parse *p, struct tvalue *ret) MUST_CHECK;

#endif
