/* PromQL's grammar as a precedence climber over the lexer's tokens. Types are checked where a node is made, so that every error has a position.
 * What is experimental in Prometheus is refused by its name. */
#include "agent/promql/parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536, DEPTH_MAX = 100, OPERATORS_MAX = 1000 };

bool parser_advance(struct parser *p) {
  return lexer_next(&p->lexer, &p->token);
}

bool parser_wrong(struct parser *p, const char *expected) {
  const struct token *t = &p->token;
  const char *text = p->lexer.text + t->offset;
  size_t length = MIN(t->length, (size_t)40);
  if (t->kind == TOKEN_END) return lexer_fail(&p->lexer, t->offset, "the expression ends where %s is expected", expected);
  while (length < t->length && (text[length] & 0xC0) == 0x80) length--; /* not within a character */
  return lexer_fail(&p->lexer, t->offset, "%s is expected here, not '%.*s'", expected, (int)length, text);
}

bool parser_expect(struct parser *p, enum token_kind kind) {
  char expected[16];
  if (p->token.kind == kind) return parser_advance(p);
  snprintf(expected, sizeof expected, "'%s'", token_name(kind));
  return parser_wrong(p, expected);
}

bool parser_next_item(struct parser *p, enum token_kind closing, const char *expected) {
  if (p->token.kind == closing) return true;
  return p->token.kind == TOKEN_COMMA ? parser_advance(p) : parser_wrong(p, expected);
}

bool parser_is(const struct parser *p, const char *word) {
  return token_is_word(&p->lexer, &p->token, word);
}

bool parser_is_label(const struct parser *p) {
  const struct token *t = &p->token;
  const char *text = p->lexer.text + t->offset;
  if (t->kind == TOKEN_STRING) return *t->string != 0;
  return t->kind != TOKEN_END && (isalpha((unsigned char)*text) || *text == '_') && !memchr(text, ':', t->length);
}

const char *parser_label(struct parser *p) {
  const struct token *t = &p->token;
  return t->kind == TOKEN_STRING ? t->string : arena_copy_bytes(p->arena, p->lexer.text + t->offset, t->length);
}

struct expr *parser_node(struct parser *p, enum expr_kind kind, enum value_type type, size_t offset) {
  struct expr *e = arena_alloc(p->arena, sizeof *e);
  e->kind = kind;
  e->type = type;
  e->offset = offset;
  e->id = p->nodes++;
  return e;
}

const char *type_name(enum value_type type) {
  static const char *const names[] = {"a number", "a string", "an instant vector", "a range like x[5m]"};
  return names[type];
}

/* Operators */

static int precedence(enum token_kind op) {
  switch (op) {
  case TOKEN_OR:
    return 1;
  case TOKEN_AND:
  case TOKEN_UNLESS:
    return 2;
  case TOKEN_EQUAL:
  case TOKEN_NOT_EQUAL:
  case TOKEN_LESS:
  case TOKEN_LESS_EQUAL:
  case TOKEN_GREATER:
  case TOKEN_GREATER_EQUAL:
    return 3;
  case TOKEN_ADD:
  case TOKEN_SUB:
    return PRECEDENCE_SUM;
  case TOKEN_MUL:
  case TOKEN_DIV:
  case TOKEN_MOD:
  case TOKEN_ATAN2:
    return 5;
  case TOKEN_POW:
    return 6;
  default:
    return 0;
  }
}

bool is_comparison(enum token_kind op) {
  return precedence(op) == precedence(TOKEN_EQUAL);
}
bool is_set_operator(enum token_kind op) {
  return op == TOKEN_OR || precedence(op) == precedence(TOKEN_AND);
}

/* -a^b is -(a^b), and -a*b is (-a)*b. */
static struct expr *negation(struct parser *p) {
  size_t offset = p->token.offset;
  bool minus = p->token.kind == TOKEN_SUB;
  if (!parser_advance(p)) return NULL;
  struct expr *of = parse_expression(p, precedence(TOKEN_POW));
  if (!of) return NULL;
  if (of->type != VALUE_SCALAR && of->type != VALUE_VECTOR) {
    lexer_fail(&p->lexer, offset, "a sign stands before a number or an instant vector, and this is %s", type_name(of->type));
    return NULL;
  }
  if (!minus) return of;
  struct expr *e = parser_node(p, EXPR_NEGATE, of->type, offset);
  e->negated = of;
  return e;
}

static struct expr *literal(struct parser *p) {
  bool text = p->token.kind == TOKEN_STRING;
  struct expr *e = parser_node(p, text ? EXPR_STRING : EXPR_NUMBER, text ? VALUE_STRING : VALUE_SCALAR, p->token.offset);
  if (text)
    e->string = p->token.string;
  else
    e->number = p->token.number;
  return parser_advance(p) ? e : NULL;
}

static struct expr *parenthesis(struct parser *p) {
  if (!parser_advance(p)) return NULL;
  struct expr *e = parse_expression(p, 0);
  return e && parser_expect(p, TOKEN_RIGHT_PAREN) ? e : NULL;
}

static struct expr *operand(struct parser *p) {
  switch (p->token.kind) {
  case TOKEN_NUMBER:
  case TOKEN_DURATION:
  case TOKEN_STRING:
    return literal(p);
  case TOKEN_LEFT_PAREN:
    return parenthesis(p);
  case TOKEN_LEFT_BRACE:
    return parse_selector(p, NULL, p->token.offset);
  case TOKEN_ADD:
  case TOKEN_SUB:
    return negation(p);
  case TOKEN_NAME:
  case TOKEN_AND: /* words that may name a metric */
  case TOKEN_OR:
  case TOKEN_UNLESS:
    return parse_named(p);
  default:
    parser_wrong(p, "a metric, a function, a number or (");
    return NULL;
  }
}

/* A label that is the same on both sides is not to be copied from one to the other. */
static bool in_one_clause(struct parser *p, const struct expr *e) {
  const struct grouping *on = &e->binary.matching, *included = &e->binary.included;
  for (size_t i = 0; i < on->count && on->only; i++)
    for (size_t k = 0; k < included->count; k++)
      if (!strcmp(on->names[i], included->names[k]))
        return lexer_fail(&p->lexer, p->token.offset, "the label %.60s stands in on(…) and in the group clause", on->names[i]);
  return true;
}

static bool matching(struct parser *p, struct expr *e) {
  if (parser_is(p, "bool")) {
    if (!is_comparison(e->binary.op)) return lexer_fail(&p->lexer, p->token.offset, "bool goes with a comparison only");
    e->binary.returns_bool = true;
    if (!parser_advance(p)) return false;
  }
  bool on = parser_is(p, "on"), given = on || parser_is(p, "ignoring");
  if (given) {
    e->binary.matching.only = on;
    if (!parser_advance(p) || !parse_labels(p, &e->binary.matching)) return false;
  }
  bool left = parser_is(p, "group_left");
  if (!left && !parser_is(p, "group_right")) return true;
  if (is_set_operator(e->binary.op))
    return lexer_fail(&p->lexer, p->token.offset, "%s looks for any match, and takes no group_left or group_right",
                      token_name(e->binary.op));
  if (!given) return lexer_fail(&p->lexer, p->token.offset, "group_left and group_right stand behind on(…) or ignoring(…)");
  e->binary.many = left ? SIDE_LEFT : SIDE_RIGHT;
  if (!parser_advance(p)) return false;
  if (p->token.kind == TOKEN_LEFT_PAREN && !parse_labels(p, &e->binary.included)) return false;
  return in_one_clause(p, e);
}

static bool check_binary(struct parser *p, struct expr *e, size_t at_op) {
  const struct expr *left = e->binary.left, *right = e->binary.right;
  const char *op = token_name(e->binary.op);
  for (int i = 0; i < 2; i++) {
    const struct expr *side = i ? right : left;
    if (side->type != VALUE_SCALAR && side->type != VALUE_VECTOR)
      return lexer_fail(&p->lexer, side->offset, "%s works on numbers and instant vectors, and this is %s", op,
                        type_name(side->type));
  }
  bool scalars = left->type == VALUE_SCALAR && right->type == VALUE_SCALAR;
  bool vectors = left->type == VALUE_VECTOR && right->type == VALUE_VECTOR;
  if (is_set_operator(e->binary.op) && !vectors) return lexer_fail(&p->lexer, at_op, "%s works on two instant vectors only", op);
  if (scalars && is_comparison(e->binary.op) && !e->binary.returns_bool)
    return lexer_fail(&p->lexer, at_op, "a comparison of two numbers needs bool: 1 %s bool 2", op);
  if (!vectors && e->binary.matching.count) /* on() and what follows it is forgotten, as in Prometheus */
    return lexer_fail(&p->lexer, at_op, "on and ignoring go with two instant vectors only");
  e->type = scalars ? VALUE_SCALAR : VALUE_VECTOR;
  return true;
}

static struct expr *binary(struct parser *p, const struct expr *left) {
  struct expr *e = parser_node(p, EXPR_BINARY, VALUE_VECTOR, left->offset);
  size_t at_op = p->token.offset;
  if (++p->operators > OPERATORS_MAX) {
    lexer_fail(&p->lexer, at_op, "an expression has at most %d operators", OPERATORS_MAX);
    return NULL;
  }
  e->binary.op = p->token.kind;
  e->binary.at = at_op;
  e->binary.left = left;
  if (!parser_advance(p) || !matching(p, e)) return NULL;
  int level = precedence(e->binary.op);
  e->binary.right = parse_expression(p, e->binary.op == TOKEN_POW ? level : level + 1); /* a^b^c is a^(b^c) */
  return e->binary.right && check_binary(p, e, at_op) ? e : NULL;
}

struct expr *parse_expression(struct parser *p, int least) {
  if (++p->depth > DEPTH_MAX) {
    lexer_fail(&p->lexer, p->token.offset, "the expression is nested more than %d deep", DEPTH_MAX);
    return NULL;
  }
  bool enclosed = p->token.kind == TOKEN_LEFT_PAREN, is_signed = p->token.kind == TOKEN_ADD || p->token.kind == TOKEN_SUB;
  struct expr *e = operand(p);
  if (e && !is_signed) e = parse_behind(p, e, enclosed);
  for (int level; e && (level = precedence(p->token.kind)) > 0 && level >= least;) e = binary(p, e);
  p->depth--;
  return e;
}

struct expr *promql_parse(const char *text, struct arena *a, struct fail *f) {
  struct parser p = {.lexer = {.text = text, .length = strlen(text), .arena = a, .fail = f}, .arena = a};
  if (p.lexer.length > TEXT_MAX) {
    fail(f, FAIL_LIMIT, "1:1: the expression has %zu characters; the most is %d", p.lexer.length, TEXT_MAX);
    return NULL;
  }
  if (!parser_advance(&p)) return NULL;
  struct expr *e = parse_expression(&p, 0);
  if (e && p.token.kind != TOKEN_END) {
    parser_wrong(&p, "an operator or the end");
    return NULL;
  }
  return e;
}
