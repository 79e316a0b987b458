/* What the files of the parser share: the token that is looked at, and how errors are said. */
#ifndef SONDE_AGENT_PROMQL_PARSER_H
#define SONDE_AGENT_PROMQL_PARSER_H

#include "agent/promql/ast.h"

struct parser {
  struct lexer lexer;
  struct token token; /* the one to be looked at */
  struct arena *arena;
  int depth, operators;
  size_t nodes;
};

/* Goes to the next token. */
bool parser_advance(struct parser *p) MUST_CHECK;
/* Goes on when the token is of this kind; says what is wrong when not. */
bool parser_expect(struct parser *p, enum token_kind kind) MUST_CHECK;
/* The end of an item of a list: goes behind a comma, stays at `closing`. */
bool parser_next_item(struct parser *p, enum token_kind closing, const char *expected) MUST_CHECK;
/* "1:5: <expected> is expected here, not …"; returns false. */
bool parser_wrong(struct parser *p, const char *expected);
bool parser_is(const struct parser *p, const char *word);
bool parser_is_label(const struct parser *p); /* the token may name a label: a word, or a quoted name */
const char *parser_label(struct parser *p);   /* its name, in the arena */
struct expr *parser_node(struct parser *p, enum expr_kind kind, enum value_type type, size_t offset);

enum { PRECEDENCE_SUM = 4 }; /* of + and - */
/* An expression whose operators all bind as closely as `least` says, or closer; 0: any. */
struct expr *parse_expression(struct parser *p, int least);
/* What begins with the name that is the token: a call, an aggregation or a selector. */
struct expr *parse_named(struct parser *p);
/* (a, b): labels' names. */
bool parse_labels(struct parser *p, struct grouping *g);
/* A selector that begins here, its `name` (NULL: none) already taken from `offset`: the matchers. */
struct expr *parse_selector(struct parser *p, const char *name, size_t offset);
/* What stands behind `e`: range, subquery, offset, @. Behind a parenthesis (`enclosed`) only a subquery may. */
struct expr *parse_behind(struct parser *p, struct expr *e, bool enclosed);
const char *type_name(enum value_type type); /* "an instant vector" */

#endif
