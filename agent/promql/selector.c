/* Parsing a selector: an optional name and {matchers}. A name may also stand quoted within the braces. */
#include <string.h>

#include "agent/promql/parser.h"

enum { MATCHERS_MAX = 64 };

struct matchers {
  struct matcher list[MATCHERS_MAX];
  size_t count;
  bool named; /* by a name, not by a matcher */
};

static bool match_op(enum token_kind kind, enum match_op *ret) {
  static const struct {
    enum token_kind token;
    enum match_op op;
  } ops[] = {{TOKEN_ASSIGN, MATCH_EQUAL},
             {TOKEN_NOT_EQUAL, MATCH_NOT_EQUAL},
             {TOKEN_MATCH, MATCH_REGEX},
             {TOKEN_NOT_MATCH, MATCH_NOT_REGEX}};
  for (size_t i = 0; i < COUNTOF(ops); i++)
    if (ops[i].token == kind) {
      *ret = ops[i].op;
      return true;
    }
  return false;
}

static void free_regex(void *r) {
  regex_free(r);
}

/* The value behind a label's operator. */
static bool value(struct parser *p, struct matcher *m) {
  if (p->token.kind != TOKEN_STRING) return parser_wrong(p, "a string");
  m->value = p->token.string;
  if (m->op == MATCH_EQUAL || m->op == MATCH_NOT_EQUAL) return parser_advance(p);
  struct fail why;
  struct regex *r = regex_new(m->value, &why);
  if (!r) return lexer_fail(&p->lexer, p->token.offset, "%s", why.text);
  arena_defer(p->arena, free_regex, r);
  m->regex = r;
  return parser_advance(p);
}

static bool names_twice(struct parser *p, const struct matchers *all, size_t offset) {
  size_t names = 0;
  for (size_t i = 0; i < all->count; i++) names += !strcmp(all->list[i].name, "__name__");
  if (!all->named || names < 2) return true;
  return lexer_fail(&p->lexer, offset, "the metric's name is given twice");
}

/* label op "value", or the metric's name as a string. */
static bool matcher(struct parser *p, struct matchers *all) {
  struct matcher m = {0};
  bool quoted = p->token.kind == TOKEN_STRING;
  size_t offset = p->token.offset;
  if (all->count == MATCHERS_MAX) return lexer_fail(&p->lexer, offset, "a selector has at most %d matchers", MATCHERS_MAX);
  if (!parser_is_label(p)) return parser_wrong(p, "a label name");
  m.name = parser_label(p);
  if (!parser_advance(p)) return false;
  if (match_op(p->token.kind, &m.op)) {
    if (!parser_advance(p) || !value(p, &m)) return false;
  } else if (quoted) {
    m = (struct matcher){.op = MATCH_EQUAL, .name = "__name__", .value = m.name};
    all->named = true;
  } else {
    return parser_wrong(p, "one of = != =~ !~");
  }
  all->list[all->count++] = m;
  return names_twice(p, all, offset);
}

static bool braces(struct parser *p, struct matchers *all) {
  if (p->token.kind != TOKEN_LEFT_BRACE) return true;
  if (!parser_advance(p)) return false;
  while (p->token.kind != TOKEN_RIGHT_BRACE) {
    if (!matcher(p, all)) return false;
    if (!parser_next_item(p, TOKEN_RIGHT_BRACE, "',' or '}'")) return false;
  }
  return parser_advance(p);
}

static bool match_nothing_too(const struct matchers *all) {
  for (size_t i = 0; i < all->count; i++)
    if (!matcher_matches(&all->list[i], "")) return false;
  return true;
}

struct expr *parse_selector(struct parser *p, const char *name, size_t offset) {
  struct matchers all = {.count = 0};
  if (name) {
    all.list[all.count++] = (struct matcher){.op = MATCH_EQUAL, .name = "__name__", .value = name};
    all.named = true;
  }
  if (!braces(p, &all)) return NULL;
  if (match_nothing_too(&all)) {
    lexer_fail(&p->lexer, offset, "a selector needs a name or a matcher that does not match the empty text");
    return NULL;
  }
  struct expr *e = parser_node(p, EXPR_SELECTOR, VALUE_VECTOR, offset);
  e->selector.count = all.count;
  e->selector.matchers = arena_alloc(p->arena, all.count * sizeof *all.list);
  memcpy(e->selector.matchers, all.list, all.count * sizeof *all.list);
  return e;
}
