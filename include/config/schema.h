/* Rows walked: a map of the file against tables of `struct option`. */
#ifndef SONDE_CONFIG_SCHEMA_H
#define SONDE_CONFIG_SCHEMA_H

#include <stdint.h>

#include "config/tree.h"
#include "config/option.h"

#define SCHEMAS_MAX 3

/* Rows and the struct they point into. A map may be described by several. */
struct schema {
  const struct option *rows; /* NULL for none */
  void *into;
};

/* Sets every field to its row's default; rows without one leave their field zeroed. */
bool schema_defaults(const struct reader *r, const struct option *rows, void *into) MUST_CHECK;
/* Reads a map, in the order of the file. `prefix` stands before a key in messages ("web."). A key without a value keeps its default. */
bool schema_read(const struct reader *r, const struct node *map, const char *prefix, const struct schema *schemas,
                 size_t count) MUST_CHECK;
/* Sets the sentence about a key that is not among the rows, nor among `more` (NULL-terminated, NULL for none): what it might have meant, and what is
 * allowed. Returns false. */
bool schema_fail_unknown(const struct reader *r, const struct node *key, const struct schema *schemas, size_t count,
                         const char *const *more);
/* Takes the secrets among the values out of a sentence that others made of them. */
void schema_scrub(struct fail *f, const struct option *rows, const void *options);
/* Folds every value into `digest`, in row order. */
uint64_t schema_digest(uint64_t digest, const struct option *rows, const void *into);
uint64_t schema_digest_text(uint64_t digest, const char *text); /* NULL allowed */

#endif
