/* Questions to the API: see question.h. */
#include "agent/http/question.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/http/path.h"
#include "base/mem.h"
#include "base/text.h"

#define JSON "application/json"

bool question_is(const char *path) {
  return !strncmp(path, API_PREFIX, strlen(API_PREFIX));
}

struct question *question_new(struct MHD_Connection *connection) {
  struct question *q = mem_zero(sizeof *q);
  buf_init(&q->body, QUESTION_BODY_MAX);
  q->job = job_new();
  q->job->connection = connection;
  return q;
}

void question_free(struct question *q) {
  buf_done(&q->body);
  job_free(q->job);
  free(q);
}

void question_body(struct question *q, const char *bytes, size_t length) {
  buf_put(&q->body, bytes, length);
}

static struct answer refusal(unsigned status, const char *type, const char *sentence) {
  struct buf body;
  buf_init(&body, 1024);
  buf_printf(&body, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":\"", type);
  text_json(&body, sentence, strlen(sentence));
  buf_puts(&body, "\"}");
  return (struct answer){.status = status, .response = response_new(&body, JSON)};
}

static struct answer refusal_of_method(void) {
  struct answer a = refusal(405, "bad_data", "only GET and POST are served here");
  response_header(a.response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
  return a;
}

/* Parameters of the query string: names and values as they stand there. */
static enum MHD_Result take_argument(void *arg, enum MHD_ValueKind kind, const char *name, const char *value) {
  (void)kind;
  struct form *f = arg;
  return form_add(f, name, strlen(name), value ? value : "", value ? strlen(value) : 0) ? MHD_YES : MHD_NO;
}

/* Those of the body come first, and so count where a name comes twice, as in Prometheus. */
static bool read_parameters(struct question *q) {
  struct form *f = &q->job->form;
  int all = MHD_get_connection_values(q->job->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL);
  bool good = form_parse(f, q->body.data ? q->body.data : "", q->body.length);
  buf_done(&q->body);
  return good && MHD_get_connection_values(q->job->connection, MHD_GET_ARGUMENT_KIND, take_argument, f) >= all;
}

/* As curl --form sends them. */
static bool has_parts(const struct question *q) {
  const char *type = MHD_lookup_connection_value(q->job->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
  return q->body.length && type && !strncasecmp(type, "multipart/", strlen("multipart/"));
}

static struct answer worker_answer(struct job *j) {
  struct answer a = {.status = j->status, .response = response_new(&j->answer, JSON)};
  response_header(a.response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  return a;
}

bool question_ask(struct question *q, struct worker *w, const char *method, const char *path, struct answer *ret) {
  char decoded[2048];
  bool good = path_decode(path, decoded, sizeof decoded);
  const char *page = decoded + strlen(API_PREFIX);
  if (q->job->status)
    *ret = worker_answer(q->job);
  else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 && strcmp(method, "POST") != 0)
    *ret = refusal_of_method();
  else if (!good || !question_is(decoded) || !api_has(page))
    *ret = refusal(404, "not_found", "there is no such page of the API here");
  else if (has_parts(q))
    *ret = refusal(400, "bad_data", "a multipart body is not read; send the parameters as application/x-www-form-urlencoded");
  else if (q->body.overflow || !read_parameters(q))
    *ret = refusal(400, "bad_data", "the parameters cannot be read: at most 1 MB, and 1000 of them, none with %00");
  else {
    q->job->path = arena_copy(&q->job->arena, page);
    if (worker_ask(w, q->job)) return false;
    *ret = refusal(503, "unavailable", "too many queries wait already, or the agent has just begun");
  }
  return true;
}
