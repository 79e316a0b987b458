/* Expectations, one function each, in the order in which they are told: see expect.h. */
#include "collectors/http/expect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "collectors/http/header.h"
#include "collectors/http/quote.h"

enum { QUOTE_SIZE = 512 };

struct judging {
  const struct probe *probe;
  const struct net_answer *answer;
  const json_t *document;
  const struct fail *no_document;
  bool regex;
};

void expect_quote(const struct probe *p, const struct net_answer *a, struct buf *out) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, QUOTE_SIZE);
  quote(&text, a->body, a->length);
  if (!text.length || expect_packed(p, a)) return;
  request_scrub(&p->options->request, text.data);
  buf_printf(out, ": %s", text.data);
}

static bool judge_tls(struct judging *j, struct fail *f) {
  const char *expected = j->probe->options->expect.tls;
  if (!expected || (*expected == 'r') == j->answer->secure) return true;
  return fail(f, FAIL_UNEXPECTED,
              j->answer->secure ? "the connection is TLS, which expect.tls forbids"
                                : "the connection is not TLS, which expect.tls requires");
}

static bool judge_version(struct judging *j, struct fail *f) {
  const struct strings *expected = &j->probe->options->expect.version;
  for (size_t i = 0; i < expected->count; i++)
    if (strtod(expected->items[i], NULL) == j->answer->http_version) return true;
  return !expected->count || fail(f, FAIL_UNEXPECTED, "answered with HTTP/%g, not %s", j->answer->http_version, expected->items[0]);
}

static bool is_status(const char *expected, long status) {
  char text[8];
  snprintf(text, sizeof text, "%03ld", status);
  bool class = expected[1] == 'x' || expected[1] == 'X';
  return class ? *expected == *text : !strcmp(expected, text);
}

static bool judge_status(struct judging *j, struct fail *f) {
  const struct strings *expected = &j->probe->options->expect.status;
  long status = j->answer->status;
  for (size_t i = 0; i < expected->count; i++)
    if (is_status(expected->items[i], status)) return true;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, QUOTE_SIZE);
  if (status / 100 == 3 && !j->probe->options->request.redirects) buf_puts(&said, ", a redirect, which is not followed");
  expect_quote(j->probe, j->answer, &said);
  return fail(f, FAIL_UNEXPECTED, "answered %ld%s", status, said.data ? said.data : "");
}

/* True when any value of the header matches. *ret_there: there is one. */
static bool match_header(const struct net_answer *a, const char *name, const struct regex *regex, bool *ret_there) {
  const char *cursor = a->headers, *value;
  size_t length;
  *ret_there = false;
  while (header_next(&cursor, name, &value, &length)) {
    *ret_there = true;
    if (regex_match(regex, value, length)) return true;
  }
  return false;
}

static bool judge_headers(struct judging *j, struct fail *f) {
  const struct probe *p = j->probe;
  const struct pairs *yes = &p->options->expect.headers, *no = &p->options->expect.headers_not;
  bool there;
  j->regex = true;
  for (size_t i = 0; i < yes->count; i++)
    if (!match_header(j->answer, yes->names[i], p->headers.items[i], &there))
      return fail(f, FAIL_UNEXPECTED, there ? "the header %s does not match %.100s" : "there is no header %s", yes->names[i],
                  yes->values[i]);
  for (size_t i = 0; i < no->count; i++)
    if (match_header(j->answer, no->names[i], p->headers_not.items[i], &there))
      return fail(f, FAIL_UNEXPECTED, "the header %s matches %.100s, which it should not", no->names[i], no->values[i]);
  j->regex = false;
  return true;
}

static bool judge_length(struct judging *j, struct fail *f) {
  char most[NUMBER_SIZE];
  number_format((double)j->probe->options->body_max / 1024, most);
  return !j->answer->cut || fail(f, FAIL_LIMIT, "the body is longer than %s KB (body_max)", most);
}

bool expect_packed(const struct probe *p, const struct net_answer *a) {
  const char *cursor = a->headers, *value;
  size_t length;
  return !p->options->compressed && header_next(&cursor, "Content-Encoding", &value, &length) &&
         !(length == 8 && !strncasecmp(value, "identity", 8));
}

static bool judge_packed(struct judging *j, struct fail *f) {
  const struct probe *p = j->probe;
  bool wanted = p->body.count || p->body_not.count || health_wanted(&p->options->health);
  return !wanted || !expect_packed(p, j->answer) ||
         fail(f, FAIL_PROTOCOL, "the body is packed though that was not offered; set compressed: on");
}

static bool judge_patterns(struct judging *j, const struct patterns *patterns, const struct strings *texts, bool expected,
                           struct fail *f) {
  const struct net_answer *a = j->answer;
  for (size_t i = 0; i < patterns->count; i++) {
    bool match;
    if (!regex_try(patterns->items[i], a->body, a->length, &match))
      return fail(f, FAIL_UNEXPECTED, "it takes too long to search the body for %.100s; write it simpler", texts->items[i]);
    if (match == expected) continue;
    SCOPED(buf_done) struct buf said;
    buf_init(&said, QUOTE_SIZE);
    expect_quote(j->probe, a, &said);
    return fail(f, FAIL_UNEXPECTED, "the body %s %.100s%s", expected ? "does not match" : "should not match", texts->items[i],
                said.data ? said.data : "");
  }
  return true;
}

static bool judge_body(struct judging *j, struct fail *f) {
  const struct probe *p = j->probe;
  j->regex = true;
  if (!judge_patterns(j, &p->body, &p->options->expect.body, true, f)) return false;
  if (!judge_patterns(j, &p->body_not, &p->options->expect.body_not, false, f)) return false;
  j->regex = false;
  return true;
}

static bool judge_json(struct judging *j, struct fail *f) {
  const struct health_options *health = &j->probe->options->health;
  if (!health_wanted(health)) return true;
  if (j->document) return health_judge(health, j->document, f);
  SCOPED(buf_done) struct buf said;
  buf_init(&said, QUOTE_SIZE);
  expect_quote(j->probe, j->answer, &said);
  return fail(f, FAIL_UNEXPECTED, "%s%s", j->no_document->text, said.data ? said.data : "");
}

bool expect_judge(const struct probe *p, const struct net_answer *a, const json_t *document, const struct fail *no_document,
                  struct verdict *v, struct fail *f) {
  static const struct {
    enum reason reason;
    bool (*judge)(struct judging *j, struct fail *f);
  } steps[] = {
      {REASON_TLS, judge_tls},      {REASON_VERSION, judge_version}, {REASON_STATUS, judge_status}, {REASON_HEADER, judge_headers},
      {REASON_LIMIT, judge_length}, {REASON_PROTOCOL, judge_packed}, {REASON_BODY, judge_body},     {REASON_JSON, judge_json},
  };
  struct judging j = {.probe = p, .answer = a, .document = document, .no_document = no_document};
  for (size_t i = 0; i < COUNTOF(steps); i++) {
    if (steps[i].judge(&j, f)) continue;
    *v = (struct verdict){.reason = steps[i].reason, .regex = j.regex};
    return false;
  }
  return true;
}
