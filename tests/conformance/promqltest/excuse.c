/* What sonde's PromQL leaves out on purpose, found in the words of an expression that it does not parse. */
#include "tests/conformance/promqltest/promqltest.h"

#include <string.h>

#include "agent/promql/functions.h"
#include "agent/promql/lexer.h"

static bool is_one_of(const struct lexer *l, const struct token *name, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (token_is_word(l, name, words[i])) return true;
  return false;
}

static const char *of_word(struct lexer *l, const struct token *name, bool called, bool in_duration) {
  static const char *const durations[] = {"step", "range", "min", "max"}, *const modifiers[] = {"anchored", "smoothed"},
                           *const fills[] = {"fill", "fill_left", "fill_right"};
  const char *text = arena_copy_bytes(l->arena, l->text + name->offset, name->length);
  if (is_one_of(l, name, modifiers, COUNTOF(modifiers)) || (called && is_one_of(l, name, fills, COUNTOF(fills))))
    return arena_printf(l->arena, "experimental modifier %s", text);
  if (!called) return NULL;
  if (in_duration && is_one_of(l, name, durations, COUNTOF(durations))) return "functions in a duration";
  const char *refused = function_refused(text);
  if (!refused) return NULL;
  return strstr(refused, "native") ? "native histograms" : arena_printf(l->arena, "experimental function %s()", text);
}

/* x </ 5 cuts a histogram. */
static bool is_trim(const struct token *a, const struct token *b) {
  return (a->kind == TOKEN_LESS || a->kind == TOKEN_GREATER) && b->kind == TOKEN_DIV && b->offset == a->offset + 1;
}

/* topk(…), topk by (…); not x @ start(), which is of the language. */
static bool is_call(const struct lexer *l, const struct token *before, const struct token *behind) {
  if (before->kind == TOKEN_AT) return false;
  return behind->kind == TOKEN_LEFT_PAREN || token_is_word(l, behind, "by") || token_is_word(l, behind, "without");
}

const char *excuse_of(const char *expression, struct arena *a) {
  struct lexer l = {.text = expression, .length = strlen(expression), .arena = a};
  struct token before = {.kind = TOKEN_END}, t, next;
  bool in_brackets = false, behind_offset = false;
  if (!lexer_next(&l, &t)) return NULL;
  for (; t.kind != TOKEN_END; before = t, t = next) {
    const char *found = NULL;
    if (!lexer_next(&l, &next)) return NULL;
    if (is_trim(&t, &next)) return "native histograms";
    if (t.kind == TOKEN_NAME) found = of_word(&l, &t, is_call(&l, &before, &next), in_brackets || behind_offset);
    if (found) return found;
    in_brackets = t.kind == TOKEN_LEFT_BRACKET || (in_brackets && t.kind != TOKEN_RIGHT_BRACKET);
    bool is_sign = t.kind == TOKEN_SUB || t.kind == TOKEN_ADD;
    behind_offset = token_is_word(&l, &t, "offset") || (behind_offset && is_sign);
  }
  return NULL;
}
