/* The families of a page: those of all batches, merged by name, with the conflicts between them settled for one format. */
#ifndef SONDE_METRIC_PAGE_H
#define SONDE_METRIC_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "metric/exposition.h"

/* Samples of one family in one section. */
struct run {
  const struct sample *samples;
  size_t count;
  size_t batch;
  const struct section *section;
  const struct family *family;
  struct run *next;
};

struct page_family {
  const char *name;
  size_t name_length;
  const char *help;
  enum metric_type type; /* METRIC_UNTYPED where the sections differ */
  struct run *first, *last;
  struct page_family *next;
  size_t order;
  uint8_t suffixes; /* which the samples have, one bit each */
  bool apart;       /* each sample name is shown as a family of its own, of unknown type */
  bool left_out;    /* lost its names to another family */
  bool repeated;    /* in several sections where series may be equal */
};

struct page {
  struct arena arena;
  struct map names; /* to the family that owns a name, of a family or of samples */
  struct page_family *first, *last;
  size_t count, left_out; /* families; samples */
  enum exposition_format format;
  bool label_target;
  bool created; /* a name ends in _created or _created_total */
};

void page_init(struct page *p, struct batch *const *batches, size_t count, enum exposition_format format, bool label_target);
void page_done(struct page *p);

/* Whether the samples of the run may have a label of their own named target where ours stands. */
bool run_gives_way(const struct page *p, const struct run *r);
/* Appends labels of such a run as they are shown: target gives way as in Prometheus, to exported_target. */
void run_put_labels(struct buf *out, const char *labels);

#endif
