/* Parameters of a request: of its query string, and of a form that is its body. Pure. */
#ifndef SONDE_AGENT_HTTP_FORM_H
#define SONDE_AGENT_HTTP_FORM_H

#include "api/api.h"
#include "base/arena.h"

#define FORM_PARAMETERS_MAX 1000

struct form {
  struct arena *arena; /* of the texts */
  struct parameter *parameters;
  size_t count, capacity;
};

/* Adds name and value as they stand in a URL: + and %XX are decoded; what is no good escape stays as it is. False over FORM_PARAMETERS_MAX, or for %00. */
bool form_add(struct form *f, const char *name, size_t name_length, const char *value, size_t value_length) MUST_CHECK;
/* Adds those of a=1&b=2. */
bool form_parse(struct form *f, const char *text, size_t length) MUST_CHECK;

#endif
