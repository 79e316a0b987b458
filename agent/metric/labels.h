/* The label sets of a section while it is written: each is rendered once, and equal sets are one, so that two samples are duplicates when
 * three small numbers are equal. */
#ifndef SONDE_METRIC_LABELS_H
#define SONDE_METRIC_LABELS_H

#include <stdbool.h>

#include "base/buf.h"
#include "metric/section.h"

#define LABELS_REFUSED UINT32_MAX /* above a cap; no sample may use it */

struct label_set {
  uint32_t text; /* offset in the section's text */
  uint32_t hash;
  uint32_t family; /* for section_finish(): the last family that was seen with this set … */
  uint16_t length;
  uint8_t suffixes; /* … and with which suffixes, one bit each */
};

struct label_table {
  struct label_set *sets; /* [0] is the empty set */
  size_t count, capacity;
  labels_t *slots; /* a hash table; 0 is free */
  size_t slot_count;
  struct buf scratch;
  bool has_target; /* a label is named "target" */
};

/* `text` becomes the table's text: the empty string is put at offset 0. */
void label_table_init(struct label_table *t, struct buf *text);
void label_table_done(struct label_table *t);
/* Renders a set behind `text`, or finds it there. */
labels_t label_table_add(struct label_table *t, struct buf *text, const struct label *labels, size_t count);

#endif
