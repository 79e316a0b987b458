/* HTTP out: the only module that knows libcurl. One thread with one multi loop carries every transfer of the agent; it starts with the first of them.
 * Certificates are verified, no proxy is used, redirects are not followed. */
#ifndef SONDE_NET_NET_H
#define SONDE_NET_NET_H

#include "base/clock.h"
#include "base/fail.h"

struct net;

struct net *net_new(void);
/* Aborts what is under way, and ends the thread within a moment, also with a resolver that hangs. From then on nothing calls back, and net_send()
 * refuses. */
void net_stop(struct net *n);
void net_free(struct net *n); /* stops it first; NULL allowed */

struct request {
  const char *url;            /* http and https only */
  const char *const *headers; /* "Name: value", ended by NULL; NULL for none */
  const char *body;           /* is posted; NULL: the URL is got */
  size_t body_length;
  msec_t connect_timeout, timeout; /* the latter of the whole */
  size_t answer_max;               /* more of the answer's body is not read */
};
struct answer {
  long status;      /* 0: none came, `why` says why */
  const char *body; /* NUL-terminated, at most answer_max bytes, as they came; never NULL */
  size_t length;
  msec_t retry_after; /* of the header Retry-After; -1 when there is none */
  double seconds;
  struct fail why; /* kind NONE when the answer came whole or was cut at answer_max. Without URL: the caller knows how to call it */
};
/* Copies the request and begins. `done` is called on the loop's thread, once, unless the loop is stopped before. False with a sentence when it cannot
 * begin; then `done` is not called. */
bool net_send(struct net *n, const struct request *r, void (*done)(void *context, const struct answer *a), void *context,
              struct fail *f) MUST_CHECK;

#endif
