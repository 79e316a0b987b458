/* Parameters as they are meant: times, spans, limits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/api/page.h"
#include "base/number.h"
#include "base/text.h"

static const double seconds_max = 1e12; /* later than any sample, and safe as milliseconds */

const char *api_parameter(const struct page *p, const char *name) {
  for (size_t i = 0; i < p->request->count; i++)
    if (!strcmp(p->request->parameters[i].name, name)) return p->request->parameters[i].value;
  return NULL;
}

const struct expr *api_parse(struct page *p, const char *text) {
  if (text_is_clean(text, strlen(text))) return promql_parse(text, &p->arena, &p->fail);
  (void)!fail(&p->fail, FAIL_CONFIG, "it is no UTF-8");
  return NULL;
}

/* The fraction of a second at *text, if there is one. */
static double fraction(const char **text) {
  size_t length = **text == '.' ? 1 + strspn(*text + 1, "0123456789") : 0;
  double part = 0;
  if (length > 1 && !number_parse(*text, length, &part)) part = 0;
  *text += length;
  return part;
}

/* "Z", "+02:00": seconds east of Greenwich, at the end of the text. */
static bool zone(const char *text, long *ret) {
  *ret = 0;
  if (!strcmp(text, "Z") || !strcmp(text, "z")) return true;
  if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':') return false;
  char *end;
  long hours = strtol(text + 1, &end, 10), minutes = strtol(text + 4, NULL, 10);
  *ret = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return end == text + 3 && hours < 24 && minutes < 60;
}

/* 2026-11-21T08:00:00.5Z */
static bool date(const char *text, double *ret) {
  struct tm t = {0};
  long east;
  const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
  if (!rest) return false;
  double part = fraction(&rest);
  if (!zone(rest, &east)) return false;
  struct tm given = t;
  *ret = (double)timegm(&t) - (double)east + part;
  return t.tm_mday == given.tm_mday && t.tm_hour == given.tm_hour && t.tm_sec == given.tm_sec; /* else it was 30 February */
}

bool api_read_time(const char *text, double *ret) {
  return (number_parse(text, strlen(text), ret) || date(text, ret)) && fabs(*ret) < seconds_max;
}

bool api_time(struct page *p, const char *name, msec_t fallback, msec_t *ret) {
  const char *text = api_parameter(p, name);
  double wall;
  *ret = fallback;
  if (!text || !*text) return true;
  if (!api_read_time(text, &wall))
    return api_fail(p, 400, "invalid parameter \"%s\": \"%.60s\" is no time; write seconds since 1970 or 2026-11-21T08:00:00Z",
                    name, text);
  *ret = (msec_t)llround(wall * 1000) - p->api->wall_offset;
  return true;
}

bool api_span(struct page *p, const char *name, msec_t fallback, msec_t *ret) {
  const char *text = api_parameter(p, name);
  double number;
  *ret = fallback;
  if (!text || !*text) return true;
  if (number_parse(text, strlen(text), &number) && fabs(number) < seconds_max) {
    *ret = (msec_t)llround(number * 1000);
    return true;
  }
  return (duration_parse(text, ret) && (double)*ret < seconds_max * 1000) ||
         api_fail(p, 400, "invalid parameter \"%s\": \"%.60s\" is no duration; write seconds or 5m", name, text);
}

bool api_limit(struct page *p, size_t *ret) {
  const char *text = api_parameter(p, "limit");
  char *end = NULL;
  *ret = SIZE_MAX;
  if (!text || !*text) return true;
  unsigned long long n = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
  if (!end || *end) return api_fail(p, 400, "invalid parameter \"limit\": \"%.60s\" is no number", text);
  if (n) *ret = (size_t)n;
  return true;
}

bool api_window(struct page *p, msec_t *from, msec_t *to) {
  if (!api_time(p, "start", INT64_MIN / 4, from) || !api_time(p, "end", p->request->now, to)) return false;
  --*from; /* windows of the history are open there */
  return true;
}
