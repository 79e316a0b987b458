/* What the pages of the API share: parameters as they are meant, JSON, and how a page fails. A page is a row of the table in api.c. */
#ifndef SONDE_AGENT_API_PAGE_H
#define SONDE_AGENT_API_PAGE_H

#include "api/api.h"
#include "promql/promql.h"

/* One answer in the making. */
struct page {
  const struct api *api;
  const struct api_request *request;
  const char *name; /* what stands between the head and the tail of its path; "" for none */
  struct arena arena;
  struct buf *out; /* of `data`: one JSON value */
  struct fail fail;
  unsigned status;                      /* of a failure */
  const struct annotation *annotations; /* warnings and informations of a query */
  size_t annotation_count;
  bool cut; /* limit= left something out */
};
/* False with fail and status set. */
typedef bool page_fn(struct page *p);
page_fn api_query, api_query_range, api_series, api_labels, api_values, api_metadata, api_rules, api_active_alerts, api_build,
    api_nothing;

/* Sets the failure; returns false. 400 bad_data, 422 execution, 503 timeout. */
bool api_fail(struct page *p, unsigned status, const char *format, ...) PRINTF(3, 4);

/* An expression of a request; NULL with the failure's sentence. */
const struct expr *api_parse(struct page *p, const char *text);
/* The parameter of a name, NULL when absent. */
const char *api_parameter(const struct page *p, const char *name);
/* A time: seconds since 1970 or RFC 3339, as a time of the history. Absent: `fallback`. */
bool api_time(struct page *p, const char *name, msec_t fallback, msec_t *ret) MUST_CHECK;
/* A span: seconds, or 5m. Absent: `fallback`. */
bool api_span(struct page *p, const char *name, msec_t fallback, msec_t *ret) MUST_CHECK;
/* limit=: how many of a list are shown; SIZE_MAX when absent or 0. */
bool api_limit(struct page *p, size_t *ret) MUST_CHECK;
/* start= and end=: absent, everything that is remembered. An end before its start is, as in Prometheus, a window of nothing. */
bool api_window(struct page *p, msec_t *from, msec_t *to) MUST_CHECK;

/* JSON. Labels as an object; a member that is not the first begins with a comma of the caller's. */
void json_text(struct buf *out, const char *text);
void json_member(struct buf *out, const char *name, const char *value); /* "name":"value" */
void json_labels(struct buf *out, const struct labels *l);
void json_pairs(struct buf *out, const struct pairs *p);
/* A time of the history as seconds since 1970. */
void json_time(struct buf *out, const struct page *p, msec_t time);
void json_value(struct buf *out, double value); /* as a string, as Prometheus has it */
/* "2026-11-21T08:00:00.123Z" in quotes; milliseconds since 1970. */
void json_date(struct buf *out, int64_t wall);

#endif
