/* The words of a family: see metric/family.h. */
#include "metric/family.h"

const char *metric_type_name(enum metric_type type) {
#define X(type, name) [type] = name,
  static const char *const names[] = {METRIC_TYPES(X)};
#undef X
  return names[type];
}

const char *suffix_text(enum suffix suffix) {
  static const char *const texts[] = {
      [SUFFIX_NONE] = "", [SUFFIX_BUCKET] = "_bucket", [SUFFIX_SUM] = "_sum", [SUFFIX_COUNT] = "_count"};
  return texts[suffix];
}
