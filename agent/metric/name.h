/* Names of families and labels that only a running server can tell: made legal in the sense of Prometheus before 3.0, which every reader takes. */
#ifndef SONDE_METRIC_NAME_H
#define SONDE_METRIC_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_SIZE 128 /* of a legal name, with its NUL */

/* [a-zA-Z_:][a-zA-Z0-9_:]*, shorter than NAME_SIZE. */
bool name_is_family(const char *name);
/* The length of a legal label name, 0 when it is none: as above without colons, and not beginning with "__", which is Prometheus' own. */
size_t name_label_length(const char *name);

/* Writes the nearest legal name: other characters become _, a longer one is cut and ends in a hash. */
void name_make_family(char out[NAME_SIZE], const char *name);
void name_make_label(char out[NAME_SIZE], const char *name);

#endif
