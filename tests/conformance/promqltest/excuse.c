/* What sonde's PromQL leaves out on purpose, found in the words of an expression that it does not parse. */
#include "tests/conformance/promqltest/promqltest.h"

#include <string.h>

#include "agent/promql/lexer.h"

enum excuse { EXCUSE_FUNCTION, EXCUSE_MODIFIER, EXCUSE_NATIVE };
static const struct {
  const char *word;
  enum excuse excuse;
} words[] = {
    {"double_exponential_smoothing", EXCUSE_FUNCTION},
    {"end", EXCUSE_FUNCTION},
    {"first_over_time", EXCUSE_FUNCTION},
    {"histogram_quantiles", EXCUSE_FUNCTION},
    {"holt_winters", EXCUSE_FUNCTION},
    {"info", EXCUSE_FUNCTION},
    {"limit_ratio", EXCUSE_FUNCTION},
    {"limitk", EXCUSE_FUNCTION},
    {"mad_over_time", EXCUSE_FUNCTION},
    {"max_of", EXCUSE_FUNCTION},
    {"min_of", EXCUSE_FUNCTION},
    {"range", EXCUSE_FUNCTION},
    {"sort_by_label", EXCUSE_FUNCTION},
    {"sort_by_label_desc", EXCUSE_FUNCTION},
    {"start", EXCUSE_FUNCTION},
    {"step", EXCUSE_FUNCTION},
    {"ts_of_first_over_time", EXCUSE_FUNCTION},
    {"ts_of_last_over_time", EXCUSE_FUNCTION},
    {"ts_of_max_over_time", EXCUSE_FUNCTION},
    {"ts_of_min_over_time", EXCUSE_FUNCTION},
    {"anchored", EXCUSE_MODIFIER},
    {"fill", EXCUSE_MODIFIER},
    {"fill_left", EXCUSE_MODIFIER},
    {"fill_right", EXCUSE_MODIFIER},
    {"smoothed", EXCUSE_MODIFIER},
    {"histogram_avg", EXCUSE_NATIVE},
    {"histogram_count", EXCUSE_NATIVE},
    {"histogram_stddev", EXCUSE_NATIVE},
    {"histogram_stdvar", EXCUSE_NATIVE},
    {"histogram_sum", EXCUSE_NATIVE},
};

static const char *of_word(const struct lexer *l, const struct token *name, enum token_kind before, enum token_kind behind) {
  for (size_t i = 0; i < COUNTOF(words); i++) {
    if (!token_is_word(l, name, words[i].word)) continue;
    bool called = behind == TOKEN_LEFT_PAREN && before != TOKEN_AT; /* x @ start() is of the language */
    if (words[i].excuse == EXCUSE_NATIVE && called) return "native histograms";
    if (words[i].excuse == EXCUSE_FUNCTION && (called || !strncmp(words[i].word, "limit", 5)))
      return arena_printf(l->arena, "experimental function %s()", words[i].word);
    if (words[i].excuse == EXCUSE_MODIFIER) return arena_printf(l->arena, "experimental modifier %s", words[i].word);
  }
  return NULL;
}

/* A duration that is computed: x[5m + 1m], offset (2 * 5m). */
static bool is_computed(const struct token *t, bool in_brackets, bool behind_offset) {
  bool is_sign = t->kind == TOKEN_SUB || t->kind == TOKEN_ADD;
  bool is_plain = t->kind == TOKEN_NUMBER || t->kind == TOKEN_DURATION || t->kind == TOKEN_COLON || t->kind == TOKEN_LEFT_BRACKET;
  return (in_brackets && !is_plain) || (behind_offset && !is_plain && !is_sign);
}

/* x </ 5 cuts a histogram. */
static bool is_trim(const struct token *a, const struct token *b) {
  return (a->kind == TOKEN_LESS || a->kind == TOKEN_GREATER) && b->kind == TOKEN_DIV && b->offset == a->offset + 1;
}

const char *excuse_of(const char *expression, struct arena *a) {
  struct lexer l = {.text = expression, .length = strlen(expression), .arena = a};
  struct token before = {.kind = TOKEN_END}, t, next;
  bool in_brackets = false, behind_offset = false;
  if (!lexer_next(&l, &t)) return NULL;
  for (; t.kind != TOKEN_END; before = t, t = next) {
    const char *found = NULL;
    if (t.kind == TOKEN_RIGHT_BRACKET) in_brackets = false;
    if (is_computed(&t, in_brackets, behind_offset)) return "experimental duration expressions";
    bool is_sign = t.kind == TOKEN_SUB || t.kind == TOKEN_ADD;
    if (!lexer_next(&l, &next)) return NULL;
    if (is_trim(&t, &next)) return "native histograms";
    if (t.kind == TOKEN_NAME) found = of_word(&l, &t, before.kind, next.kind);
    if (found) return found;
    if (t.kind == TOKEN_LEFT_BRACKET) in_brackets = true;
    behind_offset = (behind_offset && is_sign) || (t.kind == TOKEN_NAME && token_is_word(&l, &t, "offset"));
  }
  return NULL;
}
