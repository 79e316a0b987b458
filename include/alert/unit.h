/* Unit tests of rules in promtool's format: series written by hand, which alerts fire when, and what expressions give. The verdicts are those of
 * `promtool test rules`. */
#ifndef SONDE_ALERT_UNIT_H
#define SONDE_ALERT_UNIT_H

#include "base/buf.h"
#include "base/fail.h"

struct unit_count {
  size_t passed, failed; /* tests of a file */
};
/* Runs the tests of a file and appends what differs, a paragraph each. False with a sentence when the file, its rules or a series cannot be read. */
bool unit_run(const char *path, struct buf *said, struct unit_count *ret, struct fail *f) MUST_CHECK;

#endif
