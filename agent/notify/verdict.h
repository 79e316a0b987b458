/* What an answer means for the message it answers. */
#ifndef SONDE_NOTIFY_VERDICT_H
#define SONDE_NOTIFY_VERDICT_H

#include "agent/notify/address.h"
#include "notify/format.h"

/* How much of an answer is read: what of it is shown may begin with the whole URL, which must be seen whole to be taken out. */
#define ANSWER_MAX (2 * URL_BYTES_MAX)

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

/* `attempts`: how often the message was sent before. */
void verdict_of(struct verdict *ret, const struct answer *a, const struct format *format, const char *url, int64_t attempts);
/* Appends the beginning of an answer's body as one line of clean text without the URL. */
void verdict_quote(struct buf *out, const struct answer *a, const char *url, size_t max);

#endif
