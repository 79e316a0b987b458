/* What is counted over all probes of a target, for as long as the target lives: blackbox_exporter cannot, since it remembers nothing. */
#ifndef SONDE_COLLECTORS_HTTP_TALLY_H
#define SONDE_COLLECTORS_HTTP_TALLY_H

#include "collectors/collector.h"

/* Why a probe failed, as the label `reason`. */
#define REASONS(X)                                                                                                                 \
  X(REASON_NONE, "none")                                                                                                           \
  X(REASON_RESOLVE, "resolve")   /* the name has no address */                                                                     \
  X(REASON_CONNECT, "connect")   /* nobody listens, or the connection broke */                                                     \
  X(REASON_TLS, "tls")           /* certificate or handshake, or TLS where none should be */                                       \
  X(REASON_TIMEOUT, "timeout")   /* it took longer than `timeout` */                                                               \
  X(REASON_PROTOCOL, "protocol") /* what came is no HTTP, or packed in a way that was not offered */                               \
  X(REASON_LIMIT, "limit")       /* the body is too long */                                                                        \
  X(REASON_REDIRECT, "redirect") /* too many, or where none can be followed */                                                     \
  X(REASON_VERSION, "version")   /* of HTTP */                                                                                     \
  X(REASON_STATUS, "status")                                                                                                       \
  X(REASON_HEADER, "header")                                                                                                       \
  X(REASON_BODY, "body")                                                                                                           \
  X(REASON_JSON, "json")                                                                                                           \
  X(REASON_OTHER, "other")

#define X(reason, name) reason,
enum reason { REASONS(X) REASON_COUNT };
#undef X

#define TALLY_BUCKETS 12 /* without +Inf */
#define TALLY_CLASSES 5  /* 1xx to 5xx */

struct tally {
  uint64_t buckets[TALLY_BUCKETS], count, success;
  uint64_t reasons[REASON_COUNT], classes[TALLY_CLASSES];
  double seconds;
};

/* Why an answer did not come. */
enum reason tally_reason(const struct net_answer *a);

/* Counts one probe. */
void tally_add(struct tally *t, const struct net_answer *a, enum reason reason);
/* The counters; with `http` also the classes of answers. */
void tally_write(const struct tally *t, bool http, struct section *s);
void tally_catalogue(bool http, family_fn *each, const char *part, void *arg);

#endif
