/* What is expected of a JSON document: `$.status == "ok"`, `$.queue.depth < 1000`, `$.version` (it is there). The operators are == != =~ !~ < <= > >=; text
 * stands in quotation marks, as it is; a regular expression matches some part of a text, a number, true or false. Where a path has a *, all that it leads
 * to must be so, and there must be something. */
#ifndef SONDE_COLLECTORS_HTTP_CONDITION_H
#define SONDE_COLLECTORS_HTTP_CONDITION_H

#include "base/buf.h"
#include "base/number.h"
#include "collectors/http/json_path.h"

enum comparison {
  COMPARE_EXISTS,
  COMPARE_EQ,
  COMPARE_NE,
  COMPARE_MATCH,
  COMPARE_NO_MATCH,
  COMPARE_LE,
  COMPARE_GE,
  COMPARE_LT,
  COMPARE_GT
};

struct condition {
  struct json_path path;
  enum comparison compare;
  json_type type; /* of the value to compare with: JSON_STRING, JSON_REAL, JSON_TRUE, JSON_FALSE, JSON_NULL */
  const char *text;
  double number;
  struct regex *regex; /* the arena's */
};

bool condition_parse(struct arena *a, const char *text, struct condition *ret, struct fail *f) MUST_CHECK;
/* False with a sentence: `$.status is "degraded", not "ok"`. */
bool condition_holds(const struct condition *c, const json_t *root, struct fail *f) MUST_CHECK;
/* A text, a number, true or false as text; NULL for anything else. It lives as long as the value and `number`. */
const char *condition_text(const json_t *value, char number[NUMBER_SIZE], size_t *ret_length);

#endif
