/* Templates of labels and annotations, as Prometheus has them: Go's text/template with Prometheus' functions. {{ $labels.instance }}, {{ $value |
 * humanize }}, {{ if }}, {{ range query "up" }} … Pure: text, an element and what it may ask in, text out. */
#ifndef SONDE_TEMPLATE_TEMPLATE_H
#define SONDE_TEMPLATE_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "config/option.h"
#include "metric/labels.h"

/* A result of query. */
struct template_sample {
  const struct labels *labels; /* lives as long as the arena that query was given */
  double value;
};
/* What a template may ask beside its element; all zero, or NULL: nothing. */
struct template_world {
  const struct pairs *external_labels;
  const char *external_url; /* NULL: unknown */
  double wall;              /* now, in seconds since 1970 */
  /* Evaluates an expression; false with a sentence. NULL: there are no series to ask. */
  bool (*query)(void *context, const char *expr, struct arena *a, struct template_sample **ret, size_t *ret_count, struct fail *f);
  void *context;
};

/* Parses. False with a sentence, and where in `text` it is wrong. */
bool template_check(const char *text, size_t *wrong_at, struct fail *f) MUST_CHECK;
/* Appends what an element makes of `text`. False with a sentence that names the place. Bounded in steps and output. */
bool template_render(struct buf *out, const char *text, const struct labels *labels, double value,
                     const struct template_world *world, struct fail *f) MUST_CHECK;

#endif
