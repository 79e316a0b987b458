/* PCRE2, anchored and with limits: see base/regex.h. The only file that knows the library. */
#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The limit of a search has room for a step a byte of a text of megabytes; it is reached within a tenth of a second. */
enum { PATTERN_MAX = 4096, MATCH_LIMIT = 100000, DEPTH_LIMIT = 1000, SEARCH_LIMIT = 8000000, SEARCH_DEPTH_LIMIT = 10000 };

struct regex {
  pcre2_code *code;
  pcre2_match_context *limits;
};

static struct regex *compile(const char *pattern, uint32_t anchors, struct fail *f) {
  size_t length = strlen(pattern);
  if (length > PATTERN_MAX) {
    fail(f, FAIL_LIMIT, "the pattern has %zu characters; the most is %d", length, PATTERN_MAX);
    return NULL;
  }
  int error;
  PCRE2_SIZE at;
  uint32_t options = anchors | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF;
  pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, length, options, &error, &at, NULL);
  if (!code) {
    unsigned char text[128];
    pcre2_get_error_message(error, text, sizeof text);
    fail(f, FAIL_CONFIG, "the regular expression is wrong at character %zu: %s", (size_t)at + 1, (const char *)text);
    return NULL;
  }
  struct regex *r = mem_zero(sizeof *r);
  r->code = code;
  r->limits = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(r->limits, MATCH_LIMIT);
  pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
  return r;
}

struct regex *regex_new(const char *pattern, struct fail *f) {
  return compile(pattern, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL, f);
}

struct regex *regex_new_part(const char *pattern, struct fail *f) {
  return compile(pattern, 0, f);
}

/* PCRE2's limit holds for each place where a match may begin, of which a long text has many. Here there is one: the beginning, and what is searched
 * for stands somewhere behind it. */
struct regex *regex_new_search(const char *pattern, struct fail *f) {
  struct regex *alone = compile(pattern, 0, f);
  if (!alone) return NULL;
  regex_free(alone);
  char wrapped[PATTERN_MAX + 32];
  snprintf(wrapped, sizeof wrapped, "(?s:.*?)(?:%s)", pattern);
  struct regex *r = compile(wrapped, PCRE2_ANCHORED, f);
  if (!r) return NULL;
  pcre2_set_match_limit(r->limits, SEARCH_LIMIT);
  pcre2_set_depth_limit(r->limits, SEARCH_DEPTH_LIMIT);
  return r;
}

void regex_free(struct regex *r) {
  if (!r) return;
  pcre2_match_context_free(r->limits);
  pcre2_code_free(r->code);
  free(r);
}

bool regex_try(const struct regex *r, const char *text, size_t length, bool *ret_match) {
  pcre2_match_data *data = pcre2_match_data_create(1, NULL);
  int n = pcre2_match(r->code, (PCRE2_SPTR)text, length, 0, 0, data, r->limits);
  pcre2_match_data_free(data);
  *ret_match = n >= 0;
  return n >= 0 || n == PCRE2_ERROR_NOMATCH;
}

bool regex_match(const struct regex *r, const char *text, size_t length) {
  bool match;
  return regex_try(r, text, length, &match) && match;
}

bool regex_find(const struct regex *r, const char *text, size_t length, size_t from, struct regex_groups *ret) {
  pcre2_match_data *data = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
  int n = pcre2_match(r->code, (PCRE2_SPTR)text, length, from, 0, data, r->limits);
  const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(data);
  *ret = (struct regex_groups){.count = n == 0 ? REGEX_GROUPS_MAX : n > 0 ? (size_t)n : 0};
  for (size_t i = 0; i < ret->count; i++)
    if (spans[2 * i] != PCRE2_UNSET && spans[2 * i] <= spans[2 * i + 1]) {
      ret->from[i] = spans[2 * i];
      ret->to[i] = spans[2 * i + 1];
    }
  pcre2_match_data_free(data);
  return n >= 0;
}

/* The group of a name or a number; at least `count` when there is none. */
static size_t group_of(const struct regex *r, const char *name, size_t length) {
  char copy[64];
  if (!length || length >= sizeof copy) return REGEX_GROUPS_MAX;
  memcpy(copy, name, length);
  copy[length] = 0;
  if (strspn(copy, "0123456789") == length) return strtoul(copy, NULL, 10);
  int n = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)copy);
  return n > 0 ? (size_t)n : REGEX_GROUPS_MAX;
}

void regex_expand(struct buf *out, const struct regex *r, const char *template, const char *text,
                  const struct regex_groups *groups) {
  static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  while (*template) {
    size_t plain = strcspn(template, "$");
    buf_put(out, template, plain);
    template += plain;
    if (!*template) break;
    bool braced = template[1] == '{';
    const char *name = template + 1 + braced;
    size_t length = strspn(name, name_bytes), group = group_of(r, name, length);
    if (!length || (braced && name[length] != '}')) {
      buf_putc(out, '$');
      template += 1 + (template[1] == '$');
      continue;
    }
    if (group < groups->count) buf_put(out, text + groups->from[group], groups->to[group] - groups->from[group]);
    template = name + length + braced;
  }
}
