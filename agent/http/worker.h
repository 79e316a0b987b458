/* The thread that answers what may take long: queries of the API. Who asks waits with the connection suspended, so that the thread that serves /metrics is
 * never held up. One at a time, in order; it starts with the first. Fewer may wait than one peer may have connections, so that who asks much is still
 * scraped, and nobody waits so long that the guard cuts him without a word. */
#ifndef SONDE_AGENT_HTTP_WORKER_H
#define SONDE_AGENT_HTTP_WORKER_H

#include <microhttpd.h>

#include "agent/http/form.h"

#define JOBS_WAITING_MAX  40 /* well below GUESTS_OF_PEER */
#define JOB_PATIENCE_MSEC 15000
#define ANSWERS_BYTES_MAX ((size_t)256 << 20) /* of answers that are not yet sent whole, together */

/* One question and its answer. It belongs to the worker from worker_ask() until its connection is resumed. */
struct job {
  struct job *next;
  struct MHD_Connection *connection;
  struct arena arena; /* of path and parameters */
  const char *path;   /* behind API_PREFIX */
  struct form form;
  unsigned status; /* 0 while it is not answered */
  struct buf answer;
  msec_t since;          /* when it was asked */
  struct budget *budget; /* what `held` is taken from; NULL: nothing */
  size_t held;           /* bytes of the answer, until job_free() */
};
struct job *job_new(void);
void job_free(struct job *j); /* NULL allowed; not before its answer is sent */

struct worker;
/* What is shown must outlive it. It writes to the eventfd `wake_fd` when worker_watched() changes and when it has
 * resumed a connection. */
struct worker *worker_new(struct store *store, int wake_fd);
/* What is answered from, from now on; before, questions are refused. */
void worker_show(struct worker *w, struct history *history, struct evaluator *evaluator);
/* Suspends the connection and takes the job over. False when too many wait, there is nothing to show yet, or no thread can be had. */
bool worker_ask(struct worker *w, struct job *j) MUST_CHECK;
/* The descriptor of whose question is under way, for its end to be waited for; -1 when there is none. libmicrohttpd, which would close it, does not look at
 * it meanwhile. */
int worker_watched(struct worker *w);
/* The client behind the descriptor has left: if its question is still under way, it is given up. */
void worker_left(struct worker *w, int fd);
/* Ends what is under way, answers 503 to all that wait, and joins the thread. Nothing is to be asked from then on. */
void worker_stop(struct worker *w);
void worker_free(struct worker *w); /* NULL allowed */

#endif
