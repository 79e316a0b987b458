/* One message to one receiver: as its service wants it, on its way, and what the answer means. */
#ifndef SONDE_NOTIFY_RECEIVER_H
#define SONDE_NOTIFY_RECEIVER_H

#include "config/config.h"
#include "notify/format.h"

#define BODY_MAX 262144 /* a larger one is refused by every service */

/* Why a delivery failed, as the metric calls it. */
#define REASONS(X)                                                                                                                 \
  X(REASON_NONE, "none")                                                                                                           \
  X(REASON_RESOLVE, "resolve")                                                                                                     \
  X(REASON_CONNECT, "connect")                                                                                                     \
  X(REASON_TLS, "tls")                                                                                                             \
  X(REASON_TIMEOUT, "timeout")                                                                                                     \
  X(REASON_PROTOCOL, "protocol")         /* an answer that is none, or an error of ours */                                         \
  X(REASON_RATE_LIMITED, "rate_limited") /* 429 */                                                                                 \
  X(REASON_SERVER_ERROR, "server_error") /* 5xx, 408, 425 */                                                                       \
  X(REASON_REDIRECT, "redirect")         /* 3xx */                                                                                 \
  X(REASON_REJECTED, "rejected")         /* other 4xx */                                                                           \
  X(REASON_NOT_ACCEPTED, "not_accepted") /* 2xx with a body that is no acknowledgement */

#define X(reason, name) reason,
enum reason { REASONS(X) REASON_COUNT };
#undef X
const char *reason_name(enum reason reason);

/* REFUSED: asking again would be answered the same. */
enum outcome { OUTCOME_DELIVERED, OUTCOME_RETRY, OUTCOME_REFUSED };

struct verdict {
  enum outcome outcome;
  enum reason reason;
  msec_t retry_after; /* what the receiver asked for; -1: nothing */
  char text[544];     /* what happened, as a sentence's end: "answered 404: no_service"; without the URL */
};

/* Writes the body into `out`, which was initialised with BODY_MAX. False with a sentence when it is larger. */
bool receiver_render(const struct receiver_config *r, const struct message *m, struct buf *out, struct fail *f) MUST_CHECK;
/* Begins to send it; see net_send(). */
bool receiver_post(const struct receiver_config *r, const struct buf *body, struct net *net,
                   void (*done)(void *context, const struct net_answer *a), void *context, struct fail *f) MUST_CHECK;
/* `attempts`: how often the message was sent before. */
void receiver_judge(const struct receiver_config *r, const struct net_answer *a, int64_t attempts, struct verdict *ret);
/* Appends the beginning of an answer's body as one line of clean text without the URL. */
void receiver_quote(const struct receiver_config *r, const struct net_answer *a, struct buf *out, size_t max);

#endif
