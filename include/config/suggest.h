/* "Did you mean": the allowed word that was probably meant. */
#ifndef SONDE_CONFIG_SUGGEST_H
#define SONDE_CONFIG_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to `word`, or NULL when none is near enough to be a slip of the fingers. NULL candidates are skipped. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif
