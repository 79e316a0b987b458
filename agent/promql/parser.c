/* PromQL's grammar as a precedence climber over the lexer's tokens. Types are checked where a node is made, so that every error has a position.
 * What the language has and the evaluator does not yet know is refused by its name. */
#include <math.h>
#include <string.h>

#include "agent/promql/ast.h"

enum { TEXT_MAX = 65536, DEPTH_MAX = 100, MATCHERS_MAX = 64, ARGS_MAX = 3, NAMES_MAX = 64, OPERATORS_MAX = 1000 };

struct parser {
  struct lexer lexer;
  struct token token; /* the one to be looked at */
  struct arena *arena;
  int depth, operators;
};

static struct expr *expression(struct parser *p, int least);

static bool advance(struct parser *p) {
  return lexer_next(&p->lexer, &p->token);
}

static bool wrong(struct parser *p, const char *expected) {
  const struct token *t = &p->token;
  if (t->kind == TOKEN_END) return lexer_fail(&p->lexer, t->offset, "the expression ends where %s is expected", expected);
  return lexer_fail(&p->lexer, t->offset, "%s is expected here, not \"%.*s\"", expected, (int)MIN(t->length, (size_t)40),
                    p->lexer.text + t->offset);
}

static bool expect(struct parser *p, enum token_kind kind) {
  return p->token.kind == kind ? advance(p) : wrong(p, token_name(kind));
}

static struct expr *node(struct parser *p, enum expr_kind kind, enum value_type type, size_t offset) {
  struct expr *e = arena_alloc(p->arena, sizeof *e);
  e->kind = kind;
  e->type = type;
  e->offset = offset;
  return e;
}

static char *copy_token(struct parser *p) {
  return arena_copy_bytes(p->arena, p->lexer.text + p->token.offset, p->token.length);
}

/* Selectors */

static void free_regex(void *r) {
  regex_free(r);
}

static bool matcher(struct parser *p, struct matcher *m) {
  static const struct {
    enum token_kind token;
    enum match_op op;
  } ops[] = {{TOKEN_ASSIGN, MATCH_EQUAL},
             {TOKEN_NOT_EQUAL, MATCH_NOT_EQUAL},
             {TOKEN_MATCH, MATCH_REGEX},
             {TOKEN_NOT_MATCH, MATCH_NOT_REGEX}};
  if (p->token.kind < TOKEN_NAME || (p->token.kind != TOKEN_NAME && p->token.kind < TOKEN_AND)) return wrong(p, "a label name");
  m->name = copy_token(p);
  if (!advance(p)) return false;
  size_t i = 0;
  while (i < COUNTOF(ops) && ops[i].token != p->token.kind) i++;
  if (i == COUNTOF(ops)) return wrong(p, "one of = != =~ !~");
  m->op = ops[i].op;
  if (!advance(p)) return false;
  if (p->token.kind != TOKEN_STRING) return wrong(p, "a string");
  m->value = p->token.string;
  if (m->op < MATCH_REGEX) return advance(p);
  struct fail why;
  struct regex *r = regex_new(m->value, &why);
  if (!r) return lexer_fail(&p->lexer, p->token.offset, "%s", why.text);
  arena_defer(p->arena, free_regex, r);
  m->regex = r;
  return advance(p);
}

static bool matches_nothing_only(const struct matcher *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!matcher_matches(&list[i], "")) return false;
  return true;
}

/* {…} behind an optional name, then [range] and offset. */
static bool braces(struct parser *p, struct matcher *list, size_t *count) {
  if (p->token.kind != TOKEN_LEFT_BRACE) return true;
  if (!advance(p)) return false;
  while (p->token.kind != TOKEN_RIGHT_BRACE) {
    if (*count == MATCHERS_MAX) return lexer_fail(&p->lexer, p->token.offset, "a selector has at most %d matchers", MATCHERS_MAX);
    if (!matcher(p, &list[(*count)++])) return false;
    if (p->token.kind != TOKEN_RIGHT_BRACE && !expect(p, TOKEN_COMMA)) return false;
  }
  return advance(p);
}

static bool span(struct parser *p, msec_t *ret) {
  if (p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_NUMBER) return wrong(p, "a duration like 5m");
  if (!(p->token.number < 1e12)) return lexer_fail(&p->lexer, p->token.offset, "this duration is too long");
  *ret = (msec_t)llround(p->token.number * 1000);
  return advance(p);
}

static bool range_and_offset(struct parser *p, struct expr *e) {
  if (p->token.kind == TOKEN_LEFT_BRACKET) {
    size_t offset = p->token.offset;
    if (!advance(p) || !span(p, &e->selector.range)) return false;
    if (p->token.kind == TOKEN_COLON) return lexer_fail(&p->lexer, offset, "subqueries are not supported yet");
    if (e->selector.range <= 0) return lexer_fail(&p->lexer, offset, "a range is longer than nothing");
    if (!expect(p, TOKEN_RIGHT_BRACKET)) return false;
    e->type = VALUE_MATRIX;
  }
  if (p->token.kind == TOKEN_AT) return lexer_fail(&p->lexer, p->token.offset, "the @ modifier is not supported yet");
  if (!token_is_word(&p->lexer, &p->token, "offset")) return true;
  if (!advance(p)) return false;
  bool negative = p->token.kind == TOKEN_SUB;
  if (negative && !advance(p)) return false;
  if (!span(p, &e->selector.back)) return false;
  if (negative) e->selector.back = -e->selector.back;
  return true;
}

static struct expr *selector(struct parser *p, const char *name, size_t offset) {
  struct matcher list[MATCHERS_MAX + 1] = {0};
  size_t count = 0;
  if (name) list[count++] = (struct matcher){.op = MATCH_EQUAL, .name = "__name__", .value = name};
  if (!braces(p, list, &count)) return NULL;
  if (matches_nothing_only(list, count)) {
    lexer_fail(&p->lexer, offset, "a selector needs a name or a matcher that does not match the empty text");
    return NULL;
  }
  struct expr *e = node(p, EXPR_SELECTOR, VALUE_VECTOR, offset);
  e->selector.count = count;
  e->selector.matchers = arena_alloc(p->arena, count * sizeof *list);
  memcpy(e->selector.matchers, list, count * sizeof *list);
  return range_and_offset(p, e) ? e : NULL;
}

/* Calls and aggregations */

static bool label_names(struct parser *p, struct grouping *g) {
  if (!expect(p, TOKEN_LEFT_PAREN)) return false;
  const char *names[NAMES_MAX];
  while (p->token.kind != TOKEN_RIGHT_PAREN) {
    if (p->token.kind != TOKEN_NAME && p->token.kind < TOKEN_AND) return wrong(p, "a label name");
    if (g->count == NAMES_MAX) return lexer_fail(&p->lexer, p->token.offset, "at most %d labels can be named here", NAMES_MAX);
    names[g->count++] = copy_token(p);
    if (!advance(p)) return false;
    if (p->token.kind != TOKEN_RIGHT_PAREN && !expect(p, TOKEN_COMMA)) return false;
  }
  g->names = arena_alloc(p->arena, g->count * sizeof *names);
  if (g->count) memcpy(g->names, names, g->count * sizeof *names);
  return advance(p);
}

static bool by_or_without(struct parser *p, struct grouping *g, bool *given) {
  bool by = token_is_word(&p->lexer, &p->token, "by");
  if (!by && !token_is_word(&p->lexer, &p->token, "without")) return true;
  *given = true;
  g->only = by;
  return advance(p) && label_names(p, g);
}

static const char *type_name(enum value_type type) {
  static const char *const names[] = {"a number", "a string", "an instant vector", "a range like x[5m]"};
  return names[type];
}

static bool want(struct parser *p, const struct expr *e, enum value_type type, const char *where) {
  if (e->type == type) return true;
  return lexer_fail(&p->lexer, e->offset, "%s takes %s, and this is %s", where, type_name(type), type_name(e->type));
}

static struct expr *aggregation(struct parser *p, const struct aggregator *aggregator, size_t offset) {
  struct expr *e = node(p, EXPR_AGGREGATE, VALUE_VECTOR, offset);
  bool given = false;
  e->aggregate.aggregator = aggregator;
  e->aggregate.grouping.only = true;
  if (!by_or_without(p, &e->aggregate.grouping, &given) || !expect(p, TOKEN_LEFT_PAREN)) return NULL;
  e->aggregate.of = expression(p, 0);
  if (!e->aggregate.of || !want(p, e->aggregate.of, VALUE_VECTOR, aggregator->name) || !expect(p, TOKEN_RIGHT_PAREN)) return NULL;
  return given || by_or_without(p, &e->aggregate.grouping, &given) ? e : NULL;
}

static struct expr *call(struct parser *p, const struct function *function, size_t offset) {
  struct expr *e = node(p, EXPR_CALL, function->result, offset);
  e->call.function = function;
  e->call.args = arena_alloc(p->arena, ARGS_MAX * sizeof *e->call.args);
  if (!expect(p, TOKEN_LEFT_PAREN)) return NULL;
  while (p->token.kind != TOKEN_RIGHT_PAREN) {
    size_t n = e->call.count;
    const struct expr *arg = expression(p, 0);
    if (!arg || (n < function->arg_count && !want(p, arg, function->args[n], function->name))) return NULL;
    if (n == function->arg_count) {
      lexer_fail(&p->lexer, arg->offset, "%s takes %zu arguments, not more", function->name, function->arg_count);
      return NULL;
    }
    e->call.args[e->call.count++] = arg;
    if (p->token.kind != TOKEN_RIGHT_PAREN && !expect(p, TOKEN_COMMA)) return NULL;
  }
  if (e->call.count < function->arg_count) {
    lexer_fail(&p->lexer, p->token.offset, "%s takes %zu arguments, not %zu", function->name, function->arg_count, e->call.count);
    return NULL;
  }
  return advance(p) ? e : NULL;
}

/* A name begins a call, an aggregation or a selector: what follows it tells. */
static struct expr *named(struct parser *p) {
  size_t offset = p->token.offset, length = p->token.length;
  const char *text = p->lexer.text + offset, *name = copy_token(p);
  if (!advance(p)) return NULL;
  const struct aggregator *aggregator = aggregator_find(text, length);
  bool grouped = token_is_word(&p->lexer, &p->token, "by") || token_is_word(&p->lexer, &p->token, "without");
  if (aggregator && (grouped || p->token.kind == TOKEN_LEFT_PAREN)) return aggregation(p, aggregator, offset);
  if (!grouped && p->token.kind != TOKEN_LEFT_PAREN) return selector(p, name, offset);
  const struct function *function = function_find(text, length);
  if (function) return call(p, function, offset);
  lexer_fail(&p->lexer, offset, promql_is_known_elsewhere(text, length) ? "%s() is not supported yet" : "there is no function %s()",
             name);
  return NULL;
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
    return 4;
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

static struct expr *negation(struct parser *p) {
  size_t offset = p->token.offset;
  bool minus = p->token.kind == TOKEN_SUB;
  if (!advance(p)) return NULL;
  struct expr *of = expression(p, precedence(TOKEN_POW));
  if (!of) return NULL;
  if (of->type != VALUE_SCALAR && of->type != VALUE_VECTOR) {
    lexer_fail(&p->lexer, offset, "a sign stands before a number or an instant vector, and this is %s", type_name(of->type));
    return NULL;
  }
  if (!minus) return of;
  struct expr *e = node(p, EXPR_NEGATE, of->type, offset);
  e->negated = of;
  return e;
}

static struct expr *literal(struct parser *p) {
  bool text = p->token.kind == TOKEN_STRING;
  struct expr *e = node(p, text ? EXPR_STRING : EXPR_NUMBER, text ? VALUE_STRING : VALUE_SCALAR, p->token.offset);
  if (text)
    e->string = p->token.string;
  else
    e->number = p->token.number;
  return advance(p) ? e : NULL;
}

static struct expr *parenthesis(struct parser *p) {
  if (!advance(p)) return NULL;
  struct expr *e = expression(p, 0);
  return e && expect(p, TOKEN_RIGHT_PAREN) ? e : NULL;
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
    return selector(p, NULL, p->token.offset);
  case TOKEN_ADD:
  case TOKEN_SUB:
    return negation(p);
  case TOKEN_NAME:
    return named(p);
  default:
    wrong(p, "a metric, a function, a number or (");
    return NULL;
  }
}

static bool matching(struct parser *p, struct expr *e) {
  if (token_is_word(&p->lexer, &p->token, "bool")) {
    if (precedence(e->binary.op) != 3) return lexer_fail(&p->lexer, p->token.offset, "bool goes with a comparison only");
    e->binary.returns_bool = true;
    if (!advance(p)) return false;
  }
  bool on = token_is_word(&p->lexer, &p->token, "on");
  if (on || token_is_word(&p->lexer, &p->token, "ignoring")) {
    e->binary.matching.only = on;
    if (!advance(p) || !label_names(p, &e->binary.matching)) return false;
  }
  if (token_is_word(&p->lexer, &p->token, "group_left") || token_is_word(&p->lexer, &p->token, "group_right"))
    return lexer_fail(&p->lexer, p->token.offset, "%.*s is not supported yet", (int)p->token.length,
                      p->lexer.text + p->token.offset);
  return true;
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
  if (precedence(e->binary.op) <= 2 && !vectors) return lexer_fail(&p->lexer, at_op, "%s works on two instant vectors only", op);
  if (scalars && precedence(e->binary.op) == 3 && !e->binary.returns_bool)
    return lexer_fail(&p->lexer, at_op, "a comparison of two numbers needs bool: 1 %s bool 2", op);
  if (!vectors && (e->binary.matching.only || e->binary.matching.count))
    return lexer_fail(&p->lexer, at_op, "on and ignoring go with two instant vectors only");
  e->type = scalars ? VALUE_SCALAR : VALUE_VECTOR;
  return true;
}

static struct expr *binary(struct parser *p, const struct expr *left) {
  struct expr *e = node(p, EXPR_BINARY, VALUE_VECTOR, left->offset);
  size_t at_op = p->token.offset;
  if (++p->operators > OPERATORS_MAX) {
    lexer_fail(&p->lexer, at_op, "an expression has at most %d operators", OPERATORS_MAX);
    return NULL;
  }
  e->binary.op = p->token.kind;
  e->binary.left = left;
  if (!advance(p) || !matching(p, e)) return NULL;
  int level = precedence(e->binary.op);
  e->binary.right = expression(p, e->binary.op == TOKEN_POW ? level : level + 1); /* a^b^c is a^(b^c) */
  return e->binary.right && check_binary(p, e, at_op) ? e : NULL;
}

static struct expr *expression(struct parser *p, int least) {
  if (++p->depth > DEPTH_MAX) {
    lexer_fail(&p->lexer, p->token.offset, "the expression is nested more than %d deep", DEPTH_MAX);
    return NULL;
  }
  struct expr *e = operand(p);
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
  if (!advance(&p)) return NULL;
  struct expr *e = expression(&p, 0);
  if (e && p.token.kind != TOKEN_END) {
    wrong(&p, "an operator or the end");
    return NULL;
  }
  return e;
}

enum value_type promql_type(const struct expr *e) {
  return e->type;
}
