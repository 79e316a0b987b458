/* Parsing what begins with a name: calls and aggregations with their arguments and groupings, and selectors. */
#include <string.h>

#include "agent/promql/functions.h"
#include "agent/promql/parser.h"

enum { NAMES_MAX = 64 };

bool parse_labels(struct parser *p, struct grouping *g) {
  if (!parser_expect(p, TOKEN_LEFT_PAREN)) return false;
  const char *names[NAMES_MAX];
  while (p->token.kind != TOKEN_RIGHT_PAREN) {
    if (!parser_is_label(p)) return parser_wrong(p, "a label name");
    if (g->count == NAMES_MAX) return lexer_fail(&p->lexer, p->token.offset, "at most %d labels can be named here", NAMES_MAX);
    names[g->count++] = parser_label(p);
    if (!parser_advance(p)) return false;
    if (!parser_next_item(p, TOKEN_RIGHT_PAREN, "',' or ')'")) return false;
  }
  g->names = arena_alloc(p->arena, g->count * sizeof *names);
  if (g->count) memcpy(g->names, names, g->count * sizeof *names);
  return parser_advance(p);
}

static bool by_or_without(struct parser *p, struct grouping *g, bool *given) {
  bool by = parser_is(p, "by");
  if (!by && !parser_is(p, "without")) return true;
  *given = true;
  g->only = by;
  return parser_advance(p) && parse_labels(p, g);
}

static bool want(struct parser *p, const struct expr *e, enum value_type type, const char *where) {
  if (e->type == type) return true;
  return lexer_fail(&p->lexer, e->offset, "%s takes %s, and this is %s", where, type_name(type), type_name(e->type));
}

/* What stands before the vector: a number, or the name of a label. */
static bool parameter(struct parser *p, struct expr *e) {
  const struct aggregator *a = e->aggregate.aggregator;
  struct expr *with = a->parameter ? parse_expression(p, 0) : NULL;
  if (!a->parameter) return true;
  if (!with || !want(p, with, a->parameter == PARAMETER_NUMBER ? VALUE_SCALAR : VALUE_STRING, a->name)) return false;
  e->aggregate.parameter = with;
  return p->token.kind == TOKEN_COMMA ? parser_advance(p) : parser_wrong(p, "',' and an instant vector");
}

static struct expr *aggregation(struct parser *p, const struct aggregator *aggregator, size_t offset) {
  struct expr *e = parser_node(p, EXPR_AGGREGATE, VALUE_VECTOR, offset);
  bool given = false;
  e->aggregate.aggregator = aggregator;
  e->aggregate.grouping.only = true;
  if (!by_or_without(p, &e->aggregate.grouping, &given) || !parser_expect(p, TOKEN_LEFT_PAREN) || !parameter(p, e)) return NULL;
  e->aggregate.of = parse_expression(p, 0);
  if (!e->aggregate.of || !want(p, e->aggregate.of, VALUE_VECTOR, aggregator->name) || !parser_expect(p, TOKEN_RIGHT_PAREN))
    return NULL;
  return given || by_or_without(p, &e->aggregate.grouping, &given) ? e : NULL;
}

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

static bool argument(struct parser *p, struct expr *call) {
  const struct function *f = call->call.function;
  size_t n = call->call.count, most = f->optional == FUNCTION_ANY ? FUNCTION_CALL_MAX : f->arg_count;
  const struct expr *arg = parse_expression(p, 0);
  if (!arg) return false;
  if (n == most) return lexer_fail(&p->lexer, arg->offset, "%s takes %zu argument%s, not more", f->name, n, plural(n));
  call->call.args[call->call.count++] = arg;
  return want(p, arg, f->args[MIN(n, f->arg_count - 1)], f->name);
}

/* Are there as many arguments as the function needs? */
static bool enough(struct parser *p, const struct expr *call, size_t closing) {
  const struct function *f = call->call.function;
  size_t given = call->call.count, needs = f->arg_count - (f->optional == FUNCTION_ANY ? 1 : f->optional);
  if (given >= needs) return true;
  return lexer_fail(&p->lexer, closing, "%s takes %s%zu argument%s, not %zu", f->name, f->optional ? "at least " : "", needs,
                    plural(needs), given);
}

static struct expr *call(struct parser *p, const struct function *function, size_t offset) {
  struct expr *e = parser_node(p, EXPR_CALL, function->result, offset);
  e->call.function = function;
  e->call.args = arena_alloc(p->arena, FUNCTION_CALL_MAX * sizeof(struct expr *));
  if (!parser_expect(p, TOKEN_LEFT_PAREN)) return NULL;
  bool more = p->token.kind != TOKEN_RIGHT_PAREN;
  while (more) {
    if (!argument(p, e)) return NULL;
    more = p->token.kind == TOKEN_COMMA;
    if (more && !parser_advance(p)) return NULL;
  }
  size_t closing = p->token.offset;
  if (!parser_expect(p, TOKEN_RIGHT_PAREN) || !enough(p, e, closing)) return NULL;
  return !function->prepare || function->prepare(p, e) ? e : NULL;
}

static bool is_reserved(const struct parser *p) {
  static const char *const words[] = {"bool", "on", "ignoring", "group_left", "group_right"};
  for (size_t i = 0; i < COUNTOF(words); i++)
    if (parser_is(p, words[i])) return true;
  return false;
}

/* A name begins a call, an aggregation or a selector: what follows it tells. */
struct expr *parse_named(struct parser *p) {
  if (is_reserved(p)) {
    parser_wrong(p, "a metric, a function, a number or (");
    return NULL;
  }
  size_t offset = p->token.offset, length = p->token.length;
  const char *text = p->lexer.text + offset, *name = arena_copy_bytes(p->arena, text, length);
  if (!parser_advance(p)) return NULL;
  const struct aggregator *aggregator = aggregator_find(text, length);
  const struct function *function = function_find(text, length);
  bool grouped = parser_is(p, "by") || parser_is(p, "without");
  if (!grouped && p->token.kind != TOKEN_LEFT_PAREN) return parse_selector(p, name, offset);
  if (aggregator) return aggregation(p, aggregator, offset);
  if (function && !grouped) return call(p, function, offset);
  const char *refused = function_refused(name);
  if (refused)
    lexer_fail(&p->lexer, offset, "%s() %s", name, refused);
  else if (grouped)
    lexer_fail(&p->lexer, p->token.offset, "by and without stand behind an aggregation like sum, and %s is none", name);
  else
    lexer_fail(&p->lexer, offset, "there is no function %s()", name);
  return NULL;
}
