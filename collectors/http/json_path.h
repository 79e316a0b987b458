/* Where something stands in a JSON document: $.pool.active, $.checks[0].status, $["odd name"], and with * for all members of an object or an array:
 * $.services.*, $.checks[*].status. The leading $ may be left out. */
#ifndef SONDE_COLLECTORS_HTTP_JSON_PATH_H
#define SONDE_COLLECTORS_HTTP_JSON_PATH_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fail.h"

struct json_step {
  enum { STEP_NAME, STEP_INDEX, STEP_EACH } type;
  const char *name;
  size_t index;
};
struct json_path {
  const char *text; /* "$" and the steps */
  const struct json_step *steps;
  size_t count;
};

/* Reads a path from the start of `text`; *ret_end is what follows it, or NULL in the call: nothing may follow. The sentence counts characters from 1. */
bool json_path_parse(struct arena *a, const char *text, struct json_path *ret, const char **ret_end, struct fail *f) MUST_CHECK;
/* Calls `found` for everything the path leads to, with where it stands ("pool.active", "checks[0].status"); the text lives during the call. Returns
 * how many there were. */
typedef void json_found_fn(void *arg, const char *where, const json_t *value);
size_t json_path_walk(const struct json_path *path, const json_t *root, json_found_fn *found, void *arg);

#endif
