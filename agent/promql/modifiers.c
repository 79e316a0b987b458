/* Parsing what stands behind an operand: [range], [range:resolution], offset and @. A range belongs to a selector, a subquery to any instant vector; offset and @
 * come in any order, each once, behind the selector, range or subquery that they move. Durations may be computed: x[5m * 2]. */
#include <math.h>
#include <string.h>

#include "agent/promql/parser.h"

static const double span_max = 1e11; /* seconds: sums of a few do not overflow as milliseconds */

/* What was read so far: offset and @ still go to `node`. */
struct behind {
  struct expr *node;
  struct when *when; /* NULL: of an expression that they do not go with */
  bool has_offset, has_at;
};

static bool wrong_duration(struct parser *p) {
  static const char *const words[] = {"step", "range", "min", "max"};
  for (size_t i = 0; i < COUNTOF(words); i++)
    if (parser_is(p, words[i])) return lexer_fail(&p->lexer, p->token.offset, "%s() in a duration is not supported", words[i]);
  return parser_wrong(p, "a duration like 5m");
}

/* A number of seconds, or what is computed of such: 5m, 300, 5m * 2. */
static bool computed(struct parser *p, double *ret) {
  size_t offset = p->token.offset;
  if (p->token.kind == TOKEN_NAME || p->token.kind == TOKEN_RIGHT_BRACKET || p->token.kind == TOKEN_END) return wrong_duration(p);
  const struct expr *e = parse_expression(p, PRECEDENCE_SUM);
  if (!e) return false;
  return constant_number(e, ret) || lexer_fail(&p->lexer, offset, "a duration is made of numbers and durations alone");
}

static bool rounded(struct parser *p, size_t offset, double seconds, msec_t *ret) {
  if (!(fabs(seconds) < span_max)) return lexer_fail(&p->lexer, offset, "this duration is too long");
  *ret = (msec_t)llround(seconds * 1000);
  return true;
}

/* One of the two spans within brackets: it is more than nothing. */
static bool bracket_span(struct parser *p, const char *what, msec_t *ret) {
  size_t offset = p->token.offset;
  double seconds = 0;
  *ret = 0;
  if (!computed(p, &seconds) || !rounded(p, offset, seconds, ret)) return false;
  return *ret > 0 || lexer_fail(&p->lexer, offset, "%s is longer than nothing", what);
}

/* Behind offset: what is computed stands in parentheses. */
static bool offset_span(struct parser *p, msec_t *ret) {
  size_t offset = p->token.offset;
  double seconds = p->token.number;
  bool enclosed = p->token.kind == TOKEN_LEFT_PAREN;
  if (!enclosed && p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_NUMBER) return wrong_duration(p);
  if (!parser_advance(p)) return false;
  if (enclosed && (!computed(p, &seconds) || !parser_expect(p, TOKEN_RIGHT_PAREN))) return false;
  return rounded(p, offset, seconds, ret);
}

static bool subquery(struct parser *p, struct behind *b, msec_t range) {
  struct expr *of = b->node, *e = parser_node(p, EXPR_SUBQUERY, VALUE_MATRIX, of->offset);
  if (of->type != VALUE_VECTOR)
    return lexer_fail(&p->lexer, of->offset, "a subquery works on an instant vector, and this is %s", type_name(of->type));
  e->subquery.of = of;
  e->subquery.range = range;
  *b = (struct behind){.node = e, .when = &e->subquery.when};
  if (p->token.kind != TOKEN_RIGHT_BRACKET && !bracket_span(p, "a resolution", &e->subquery.resolution)) return false;
  return parser_expect(p, TOKEN_RIGHT_BRACKET);
}

static bool brackets(struct parser *p, struct behind *b) {
  size_t offset = p->token.offset;
  msec_t range;
  if (!parser_advance(p) || !bracket_span(p, "a range", &range)) return false;
  if (p->token.kind == TOKEN_COLON) return parser_advance(p) && subquery(p, b, range);
  struct expr *e = b->node;
  if (!b->when || e->kind != EXPR_SELECTOR || e->selector.range)
    return lexer_fail(&p->lexer, offset,
                      "a range like [5m] stands directly behind a selector; a subquery like [5m:1m] may stand here");
  if (b->has_offset || b->has_at) return lexer_fail(&p->lexer, offset, "offset and @ stand behind the range: x[5m] offset 1h");
  e->selector.range = range;
  e->type = VALUE_MATRIX;
  return parser_expect(p, TOKEN_RIGHT_BRACKET);
}

/* Goes behind a sign. */
static bool sign(struct parser *p, bool *ret_negative) {
  *ret_negative = p->token.kind == TOKEN_SUB;
  return (p->token.kind != TOKEN_SUB && p->token.kind != TOKEN_ADD) || parser_advance(p);
}

static bool back(struct parser *p, struct behind *b) {
  bool later;
  if (b->has_offset) return lexer_fail(&p->lexer, p->token.offset, "offset is given twice");
  b->has_offset = true;
  if (!parser_advance(p) || !sign(p, &later) || !offset_span(p, &b->when->back)) return false;
  if (later) b->when->back = -b->when->back;
  return true;
}

static bool timestamp(struct parser *p, struct when *w) {
  bool negative;
  size_t offset = p->token.offset;
  if (!sign(p, &negative)) return false;
  if (p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_NUMBER)
    return parser_wrong(p, "a time in seconds since 1970, start() or end()");
  w->anchor = ANCHOR_TIME;
  w->time = negative ? -p->token.number : p->token.number;
  if (!(fabs(w->time) < span_max)) return lexer_fail(&p->lexer, offset, "this time is too far away");
  return parser_advance(p);
}

static bool at(struct parser *p, struct behind *b) {
  if (b->has_at) return lexer_fail(&p->lexer, p->token.offset, "@ is given twice");
  b->has_at = true;
  if (!parser_advance(p)) return false;
  bool start = parser_is(p, "start");
  if (!start && !parser_is(p, "end")) return timestamp(p, b->when);
  b->when->anchor = start ? ANCHOR_START : ANCHOR_END;
  return parser_advance(p) && parser_expect(p, TOKEN_LEFT_PAREN) && parser_expect(p, TOKEN_RIGHT_PAREN);
}

static bool modifier(struct parser *p, struct behind *b) {
  bool is_at = p->token.kind == TOKEN_AT;
  if (b->when) return is_at ? at(p, b) : back(p, b);
  return lexer_fail(&p->lexer, p->token.offset, "%s stands directly behind a selector, its range or a subquery: x[5m] %s",
                    is_at ? "@" : "offset", is_at ? "@ 1700000000" : "offset 1h");
}

struct expr *parse_behind(struct parser *p, struct expr *e, bool enclosed) {
  struct behind b = {.node = e};
  if (e->kind == EXPR_SELECTOR && !enclosed) b.when = &e->selector.when;
  for (;;) {
    bool good = true;
    if (p->token.kind == TOKEN_LEFT_BRACKET)
      good = brackets(p, &b);
    else if (p->token.kind == TOKEN_AT || parser_is(p, "offset"))
      good = modifier(p, &b);
    else if (parser_is(p, "anchored") || parser_is(p, "smoothed"))
      good = lexer_fail(&p->lexer, p->token.offset, "%s is experimental in Prometheus, and not supported",
                        parser_is(p, "anchored") ? "anchored" : "smoothed");
    else
      return b.node;
    if (!good) return NULL;
  }
}
