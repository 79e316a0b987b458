/* A request to the API below /api/v1/, from its header to its answer. */
#ifndef SONDE_AGENT_HTTP_QUESTION_H
#define SONDE_AGENT_HTTP_QUESTION_H

#include "agent/http/response.h"
#include "agent/http/worker.h"

#define QUESTION_BODY_MAX (1u << 20)

struct question {
  struct job *job;
  struct buf body;
};

bool question_is(const char *path);
struct question *question_new(struct MHD_Connection *connection);
void question_free(struct question *q);
/* A piece of the body, a form. */
void question_body(struct question *q, const char *bytes, size_t length);
/* True with an answer: the worker's, or why it cannot be asked. False: the worker was asked, and the connection is suspended. */
bool question_ask(struct question *q, struct worker *w, const char *method, const char *path, struct answer *ret) MUST_CHECK;

#endif
