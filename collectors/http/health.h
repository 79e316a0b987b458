/* The JSON of a health endpoint: conditions that it must fulfil, numbers and states that become metrics. */
#ifndef SONDE_COLLECTORS_HTTP_HEALTH_H
#define SONDE_COLLECTORS_HTTP_HEALTH_H

#include "collectors/collector.h"
#include "collectors/http/condition.h"

struct health_options {
  struct strings conditions, values, states, good;
  struct pairs metrics;
  /* From these, by health_prepare(): */
  struct condition *condition_list;
  struct json_path *value_paths, *state_paths, *metric_paths;
};

/* For the rows: what is wrong with a condition, a path, the name and the path of a metric. */
bool health_check_condition(const char *name, const char *text, struct fail *f);
bool health_check_path(const char *name, const char *text, struct fail *f);
bool health_check_metric(const char *name, const char *text, struct fail *f);
/* Reads what the checks have accepted. */
bool health_prepare(struct health_options *o, struct arena *a, struct fail *f) MUST_CHECK;
/* True when the body is looked into. */
bool health_wanted(const struct health_options *o);

/* The document, to be freed with json_decref(); NULL with a sentence. What would take much memory is refused before it is read. */
json_t *health_parse(const char *body, size_t length, struct fail *f) MUST_CHECK;
bool health_judge(const struct health_options *o, const json_t *document, struct fail *f) MUST_CHECK;
/* Adds the metrics. Sets *lacks when something that was asked for is not in the document. */
void health_write(const struct health_options *o, const json_t *document, struct section *s, struct fail *lacks);
void health_catalogue(family_fn *each, const char *part, void *arg);

#endif
