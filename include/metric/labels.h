/* A label set as code compares it: sorted by name, immutable, shared by reference count. Sections keep labels as text, since pages want
 * text; history and everything above it want sets. */
#ifndef SONDE_METRIC_LABELS_H
#define SONDE_METRIC_LABELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct label_pair {
  const char *name, *value; /* value is never empty: such a label is absent */
};
struct labels {
  atomic_uint references;
  uint64_t hash; /* equal for equal sets, within one run of the program */
  size_t count;
  size_t text_length;        /* of the strings, which lie behind the pairs: name NUL value NUL … */
  struct label_pair pairs[]; /* sorted by name, each name once */
};

/* A set from pairs in any order; of one name the last wins; empty values are left out. Strings are copied. */
struct labels *labels_new(const struct label_pair *pairs, size_t count);
/* From a section's canonical text (a="1",b="2", escaped) plus `extra` pairs. A label of the text that has the name of one of these gives way as
 * in Prometheus, to exported_<name>, or where that is taken to exported_exported_<name> and so on. */
struct labels *labels_from_text(const char *text, size_t length, const struct label_pair *extra, size_t extra_count);
struct labels *labels_ref(struct labels *l);
void labels_unref(struct labels *l); /* NULL allowed */

/* The value of a label, "" when absent. */
const char *labels_get(const struct labels *l, const char *name);
bool labels_equal(const struct labels *a, const struct labels *b);
/* Bytes that are equal for equal sets alone, as a key of a map; they live as long as the set. */
const char *labels_key(const struct labels *l, size_t *ret_length);
/* < 0, 0, > 0: by names and values in order. */
int labels_compare(const struct labels *a, const struct labels *b);
/* Appends name{a="1",b="2"} as PromQL shows it; `{}` for the empty set. */
void labels_write(struct buf *out, const struct labels *l);
/* Alertmanager's fingerprint: FNV-1a 64 over sorted name 0xff value 0xff. The same in every run. */
uint64_t labels_fingerprint(const struct labels *l);

#endif
