/* Reading a rendered label set back: a="1",b="2". */
#ifndef SONDE_METRIC_LABEL_TEXT_H
#define SONDE_METRIC_LABEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct label_span {
  const char *name, *value; /* in the text; the value is still escaped */
  size_t name_length, value_length;
};

/* The label at *cursor, which moves behind it. False at the end. */
bool label_text_next(const char **cursor, struct label_span *ret);
bool label_text_find(const char *text, const char *name, struct label_span *ret);

#define LABEL_EXPORTED "exported_"
/* How often LABEL_EXPORTED stands before the name of `l`, a label of the text that gives way to one of ours, as in Prometheus: until no other label of
 * the text has that name. */
size_t label_text_exported(const char *text, const struct label_span *l);

#endif
