/* Sections as the tests of this folder read them: a sample by name and labels. */
#ifndef SONDE_TESTS_UNIT_REDIS_READING_H
#define SONDE_TESTS_UNIT_REDIS_READING_H

#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metric/section_reader.h"

/* The value of `name{labels}`, labels as canonical text; NaN when it is not there. */
static inline double value_of(const struct section *s, const char *name, const char *labels) {
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  for (size_t i = 0; i < count; i++) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", samples[i].family->name, suffix_text((enum suffix)samples[i].suffix));
    if (!strcmp(whole, name) && !strcmp(section_text(s, samples[i].labels), labels)) return samples[i].value;
  }
  return NAN;
}

static inline size_t samples_of(const struct section *s, const char *family) {
  size_t count, found = 0;
  const struct sample *samples = section_samples(s, &count);
  for (size_t i = 0; i < count; i++) found += !strcmp(samples[i].family->name, family);
  return found;
}

#define assert_value(section, name, labels, expected)                                                                              \
  do {                                                                                                                             \
    double value_ = value_of(section, name, labels), expected_ = expected;                                                         \
    if (!(fabs(value_ - expected_) <= 1e-12 * fabs(expected_)))                                                                    \
      fail_msg("%s{%s} is %.17g, not %.17g", name, labels, value_, expected_);                                                     \
  } while (0)

#endif
