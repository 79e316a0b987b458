/* PromQL's words. The lexer gives one token at a time and knows nothing of what may follow what. */
#ifndef SONDE_AGENT_PROMQL_LEXER_H
#define SONDE_AGENT_PROMQL_LEXER_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"

#define TOKENS(X)                                                                                                                  \
  X(TOKEN_END, "the end")                                                                                                          \
  X(TOKEN_NAME, "a name")                                                                                                          \
  X(TOKEN_NUMBER, "a number")                                                                                                      \
  X(TOKEN_DURATION, "a duration")                                                                                                  \
  X(TOKEN_STRING, "a string")                                                                                                      \
  X(TOKEN_LEFT_PAREN, "(")                                                                                                         \
  X(TOKEN_RIGHT_PAREN, ")")                                                                                                        \
  X(TOKEN_LEFT_BRACE, "{")                                                                                                         \
  X(TOKEN_RIGHT_BRACE, "}")                                                                                                        \
  X(TOKEN_LEFT_BRACKET, "[")                                                                                                       \
  X(TOKEN_RIGHT_BRACKET, "]")                                                                                                      \
  X(TOKEN_COMMA, ",")                                                                                                              \
  X(TOKEN_COLON, ":")                                                                                                              \
  X(TOKEN_AT, "@")                                                                                                                 \
  X(TOKEN_ASSIGN, "=")                                                                                                             \
  X(TOKEN_MATCH, "=~")                                                                                                             \
  X(TOKEN_NOT_MATCH, "!~")                                                                                                         \
  X(TOKEN_ADD, "+")                                                                                                                \
  X(TOKEN_SUB, "-")                                                                                                                \
  X(TOKEN_MUL, "*")                                                                                                                \
  X(TOKEN_DIV, "/")                                                                                                                \
  X(TOKEN_MOD, "%")                                                                                                                \
  X(TOKEN_POW, "^")                                                                                                                \
  X(TOKEN_EQUAL, "==")                                                                                                             \
  X(TOKEN_NOT_EQUAL, "!=")                                                                                                         \
  X(TOKEN_LESS, "<")                                                                                                               \
  X(TOKEN_LESS_EQUAL, "<=")                                                                                                        \
  X(TOKEN_GREATER, ">")                                                                                                            \
  X(TOKEN_GREATER_EQUAL, ">=") X(TOKEN_AND, "and") X(TOKEN_OR, "or") X(TOKEN_UNLESS, "unless") X(TOKEN_ATAN2, "atan2")

#define X(kind, text) kind,
enum token_kind { TOKENS(X) TOKEN_KIND_COUNT };
#undef X

struct token {
  enum token_kind kind;
  size_t offset, length; /* in the text */
  double number;         /* NUMBER; DURATION in seconds */
  const char *string;    /* STRING, unquoted, in the arena */
};

struct lexer {
  const char *text;
  size_t length, offset;
  struct arena *arena;
  struct fail *fail;
};

/* The next token. False with "line:column: …" for what is none. */
bool lexer_next(struct lexer *l, struct token *ret) MUST_CHECK;
/* Sets the sentence "line:column: …" for a place in the text; returns false. */
bool lexer_fail(struct lexer *l, size_t offset, const char *format, ...) PRINTF(3, 4);
const char *token_name(enum token_kind kind);
bool token_is_word(const struct lexer *l, const struct token *t, const char *word); /* a NAME equal to `word`, in any case */

#endif
