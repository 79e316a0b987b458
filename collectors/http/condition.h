/* What is expected of a JSON document: `$.status == "ok"`, `$.queue.depth < 1000`, `$.version` (it is there). The operators are == != < <= > >=; text
 * stands in quotation marks; where a path has a *, all that it leads to must be so, and there must be something. */
#ifndef SONDE_COLLECTORS_HTTP_CONDITION_H
#define SONDE_COLLECTORS_HTTP_CONDITION_H

#include "base/buf.h"
#include "collectors/http/json_path.h"

enum comparison { COMPARE_EXISTS, COMPARE_EQ, COMPARE_NE, COMPARE_LE, COMPARE_GE, COMPARE_LT, COMPARE_GT };

struct condition {
  struct json_path path;
  enum comparison compare;
  json_type type; /* of the value to compare with: JSON_STRING, JSON_REAL, JSON_TRUE, JSON_FALSE, JSON_NULL */
  const char *text;
  double number;
};

bool condition_parse(struct arena *a, const char *text, struct condition *ret, struct fail *f) MUST_CHECK;
/* False with a sentence: `$.status is "degraded", not "ok"`. */
bool condition_holds(const struct condition *c, const json_t *root, struct fail *f) MUST_CHECK;

#endif
