/* HTTP out: the only module that knows libcurl. One thread with one multi loop carries every transfer of the agent. */
#ifndef SONDE_NET_NET_H
#define SONDE_NET_NET_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"

struct net;

struct net *net_start(struct fail *f) MUST_CHECK;
/* Aborts what is under way, without calling back, and ends the thread within a moment, also with a resolver that hangs. */
void net_stop(struct net *n); /* NULL allowed */

struct request {
  const char *method, *url;     /* http and https only; redirects are not followed */
  const char *const *headers;   /* "Name: value", ended by NULL; NULL for none */
  const char *body;             /* NULL for none */
  size_t body_length;
  msec_t connect_timeout, timeout; /* of the whole */
  size_t answer_max;            /* more of the body is not read; the status still counts */
};
struct answer {
  long status;            /* 0: none came, see `why` */
  const char *body;       /* NUL-terminated, at most answer_max bytes */
  size_t length;
  msec_t retry_after;     /* of the header Retry-After, in milliseconds; -1 when absent */
  double seconds;
  struct fail why;        /* without URL: the caller knows how to name it */
};
/* Copies the request and begins. `done` is called on the loop's thread, once, unless the loop is stopped before. */
void net_send(struct net *n, const struct request *r, void (*done)(void *context, const struct answer *a), void *context);

#endif
