/* Batches as text: OpenMetrics 1.0 and text 0.0.4. Pure: values in, bytes out.
 * Families of one name merge over sections and targets; where their types conflict the family is untyped (unknown). Where the sample names
 * of two families clash (x_bucket beside a histogram x) the static family wins, then the earlier target; the loser is left out and counted. */
#ifndef SONDE_METRIC_EXPOSITION_H
#define SONDE_METRIC_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "metric/store.h"

#define EXPOSITION_BYTES_MAX (64u << 20)

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

/* Appends the page. With `label_target`, every line begins its labels with target="<name>" (the page of all targets); without, the lines
 * are as the target's own exporter would show them. Returns how many samples were left out because
 * another sample has their name and labels, or another family the name of theirs. */
size_t exposition_write(struct buf *out, struct batch *const *batches, size_t count, enum exposition_format format,
                        bool label_target);

/* The exact Content-Type of a format. */
const char *exposition_content_type(enum exposition_format format);

struct negotiation {
  enum exposition_format format;
  bool gzip;
};
/* What to answer to these request headers (NULL when absent): q values honoured, text 0.0.4 when nothing matches, never a refusal. */
struct negotiation exposition_negotiate(const char *accept, const char *accept_encoding);

/* Appends `in` as gzip (libdeflate level 1). False when the output buffer is too small. */
bool exposition_gzip(struct buf *out, const void *in, size_t length) MUST_CHECK;

#endif
