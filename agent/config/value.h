/* One value of the configuration, from text to the field that its row names. */
#ifndef SONDE_AGENT_CONFIG_VALUE_H
#define SONDE_AGENT_CONFIG_VALUE_H

#include "config/tree.h"
#include "config/option.h"

#define CONFIG_ITEMS_MAX  1000
#define CONFIG_LABELS_MAX 16
#define CONFIG_PAIRS_MAX  64
#define CONFIG_NAME_MAX   128
#define NAME_LETTERS      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-"

/* Reads the value of any row but OPTION_MAP and OPTION_NODE into the struct at `into`. `name` is the key as messages call it
 * ("web.listen_address"). */
bool value_read(const struct reader *r, const struct option *row, const struct node *n, const char *name, void *into) MUST_CHECK;
/* Reads the file that <name>_file names into the field of a secret. */
bool value_read_file(const struct reader *r, const struct option *row, const struct node *n, const char *name,
                     void *into) MUST_CHECK;
/* Whether something (`what`: "target") may be called so. */
bool value_check_name(const struct reader *r, const struct node *at, const char *what, const char *name) MUST_CHECK;
/* true, false, on, off, yes, no. */
bool value_parse_bool(const char *text, bool *ret) MUST_CHECK;
/* A quantity of the row's type as the file would have it: "1m30s", "16MB", "20". Returns `out`. */
const char *value_format(const struct option *row, int64_t value, char *out, size_t size);

#endif
