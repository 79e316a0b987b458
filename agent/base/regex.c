/* PCRE2, anchored and with limits: see base/regex.h. The only file that knows the library. */
#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PATTERN_MAX = 4096, MATCH_LIMIT = 100000, DEPTH_LIMIT = 1000 };

struct regex {
  pcre2_code *code;
  pcre2_match_context *limits;
};

struct regex *regex_new(const char *pattern, struct fail *f) {
  size_t length = strlen(pattern);
  if (length > PATTERN_MAX) {
    fail(f, FAIL_LIMIT, "the pattern has %zu characters; the most is %d", length, PATTERN_MAX);
    return NULL;
  }
  int error;
  PCRE2_SIZE at;
  uint32_t options =
      PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF;
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

void regex_free(struct regex *r) {
  if (!r) return;
  pcre2_match_context_free(r->limits);
  pcre2_code_free(r->code);
  free(r);
}

bool regex_match(const struct regex *r, const char *text, size_t length) {
  pcre2_match_data *data = pcre2_match_data_create(1, NULL);
  int n = pcre2_match(r->code, (PCRE2_SPTR)text, length, 0, 0, data, r->limits);
  pcre2_match_data_free(data);
  return n >= 0;
}
