/* Prometheus' HTTP API, answered from what is remembered here, so that Grafana can use the agent as a data source. It knows nothing of HTTP: a path and
 * parameters in, a status and JSON out. An answer may take seconds: never ask on the thread that serves /metrics or evaluates rules. */
#ifndef SONDE_API_API_H
#define SONDE_API_API_H

#include "alert/evaluator.h"
#include "history/history.h"
#include "metric/store.h"

#define API_PREFIX      "/api/v1/"
#define API_BYTES_MAX   ((size_t)64 << 20) /* of an answer */
#define API_STEPS_MAX   11000              /* of a range query, as in Prometheus */
#define API_CPU_SECONDS 10                 /* that a query may take */

/* What is asked; all of them may be used by several threads. */
struct api {
  struct history *history;
  struct store *store;
  struct evaluator *evaluator; /* NULL: no rules */
  int64_t wall_offset;         /* milliseconds to add to clock_now() to get the wall's time */
  const atomic_bool *stop;     /* set: a query under way ends soon; NULL: never */
};
/* A parameter of the query string or of a form, decoded. One name may come several times (match[]). */
struct parameter {
  const char *name, *value;
};
struct api_request {
  msec_t now;       /* of clock_now() */
  const char *path; /* behind API_PREFIX: "query", "label/job/values" */
  const struct parameter *parameters;
  size_t count;
};

/* Whether there is such a page. */
bool api_has(const char *path);
/* Reads a time as a request has it: seconds since 1970, or 2026-11-21T08:00:00.5Z. */
bool api_read_time(const char *text, double *ret) MUST_CHECK;
/* Appends the JSON, with errors as Prometheus writes them; returns the HTTP status. `out` may grow to API_BYTES_MAX. */
unsigned api_answer(const struct api *api, const struct api_request *request, struct buf *out);

#endif
