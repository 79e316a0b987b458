/* What one part of a target collected at one time. A section is written by one thread and finished; from then on it is immutable and
 * shared by reference count: a part that is not due is carried over by taking a reference. Reading it: section_reader.h.
 *
 * Invariants of a finished section: samples of one family lie together, in the order the families were first used; no two samples have the
 * same family name, suffix and labels (later ones are dropped and counted); all text is valid UTF-8; nothing is above the caps. */
#ifndef SONDE_METRIC_SECTION_H
#define SONDE_METRIC_SECTION_H

#include <stddef.h>
#include <stdint.h>

#include "metric/family.h"

#define LABEL_VALUE_MAX     200 /* bytes; longer values are cut, see text_clean() */
#define LABELS_MAX          32  /* labels of a series */
#define SECTION_SAMPLES_MAX 20000
#define SECTION_BYTES_MAX   (8u << 20)

struct section;
/* A label set rendered in a section: canonical text `a="1",b="2"`, sorted by name. 0 is the empty set. */
typedef uint32_t labels_t;

struct label {
  const char *name;
  const char *value; /* a label with an empty value is left out, as in Prometheus */
  size_t length;     /* of value; LABEL_STRING where it ends at its NUL */
};
#define LABEL_STRING ((size_t)-1)

struct sample {
  const struct family *family;
  double value;
  uint32_t labels; /* where section_text() has the label text … */
  uint32_t text;   /* … and the value as text ("" in a hidden section), both NUL-terminated */
  uint16_t labels_length;
  uint8_t text_length;
  uint8_t suffix; /* enum suffix */
};

/* A run of samples of one family. */
struct section_family {
  const struct family *family;
  uint32_t first, count;
};

/* Writing. The name is kept for messages and must outlive the section (a part's name). */
struct section *section_new(const char *part);
/* Renders a label set. Values pass text_clean(); `labels` need not be sorted. */
labels_t section_labels(struct section *s, const struct label *labels, size_t count);
/* The same for NUL-terminated names and values in pairs, ended by NULL: section_label_pairs(s, "cpu", "0", "mode", "idle", NULL). */
labels_t section_label_pairs(struct section *s, const char *name, ...) __attribute__((sentinel));
/* Adds a sample. A suffix is for histograms and summaries alone; the samples of one label set (but for le or quantile) come one after the
 * other, buckets rising, and le and quantile are written as floats: "0.5", "1.0", "+Inf". */
void section_add_suffix(struct section *s, const struct family *family, enum suffix suffix, labels_t labels, double value);
static inline void section_add(struct section *s, const struct family *family, labels_t labels, double value) {
  section_add_suffix(s, family, SUFFIX_NONE, labels, value);
}
/* A family that only the running server can name. The strings are copied; an invalid name becomes legal ([^a-zA-Z0-9_:] to _). The same
 * name gives the same family again. */
const struct family *section_family(struct section *s, const char *name, enum metric_type type, const char *help);
/* Other caps than SECTION_SAMPLES_MAX and SECTION_BYTES_MAX, while it is empty. */
void section_limit(struct section *s, size_t samples, size_t bytes);
/* Keeps it off our pages: it is for history and rules alone. Its values are not made text. While it is empty. */
void section_hide(struct section *s);
/* Groups, drops duplicates, seals. Returns `s`. Unfinished sections are freed by section_unref() as well. */
struct section *section_finish(struct section *s);

struct section *section_ref(struct section *s);
void section_unref(struct section *s); /* NULL allowed */

#endif
