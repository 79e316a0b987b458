/* One key of the configuration as a row. The rows are the schema: the YAML walker, the messages about wrong keys and values, the page
 * docs/configuration.md and the defaults all come from them. A row says where its value goes in the struct of its owner. */
#ifndef SONDE_CONFIG_OPTION_H
#define SONDE_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"

enum option_type {
  OPTION_BOOL,     /* bool */
  OPTION_INT,      /* int64_t, within min..max */
  OPTION_NUMBER,   /* double, within min..max */
  OPTION_DURATION, /* msec_t, within min..max (milliseconds) */
  OPTION_BYTES,    /* int64_t, within min..max; "16MB" */
  OPTION_STRING,   /* const char *, NULL when absent */
  OPTION_PATH,     /* const char *; a relative one starts at the configuration file's folder */
  OPTION_SECRET,  /* const char *; the key <name>_file is accepted too: the file's content without trailing newlines. Never shown */
  OPTION_REGEX,   /* const char *, a valid regular expression */
  OPTION_STRINGS, /* struct strings */
  OPTION_LABELS,  /* struct pairs: keys are label names, free */
  OPTION_PAIRS,   /* struct pairs: any keys */
  OPTION_MAP,     /* a map with the keys of `sub`; their offsets count from the same struct */
  OPTION_NODE,    /* a shape that no row can tell (`targets`, `parts`): its owner walks it; stored nowhere */
};

struct strings {
  const char **items;
  size_t count;
};
struct pairs {
  const char **names, **values;
  size_t count;
};

struct option {
  const char *name;
  enum option_type type;
  const char *fallback;       /* the default as it would be written in the file; NULL for none */
  int64_t min, max;           /* bounds; both 0 for none. LABELS, PAIRS: `max` of them, 0 for the default */
  const char *help;           /* a sentence; for choices it names them */
  size_t offset;              /* offsetof the field */
  const char *const *choices; /* STRING: the allowed values, ended by NULL; NULL for any */
  const struct option *sub;   /* MAP: rows, ended by one without a name */
  /* STRING, STRINGS, PAIRS: what the type cannot tell of a text, an item (`name` is NULL) or a value and its key. Its sentence, which must not repeat
   * what may be a secret, gets the place. NULL for any. */
  bool (*check)(const char *name, const char *text, struct fail *f);
};

#endif
