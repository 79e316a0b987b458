/* HTTP and TCP out: the only module that knows libcurl. One thread with one multi loop carries every transfer of the agent; it starts with the first of
 * them. No proxy is used and no cookie kept. At a redirect to another scheme, host or port neither credentials go along nor the caller's headers, but
 * for Accept…, Content-Type and User-Agent. A failed transfer touches no other. */
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

/* How a server is to be trusted, and we by it. All zero: verified against the system's authorities. */
struct net_tls {
  const char *ca_file, *cert_file, *key_file; /* PEM; NULL for none */
  const char *server_name; /* asked for and verified instead of the URL's host, which is connected to all the same; NULL */
  bool insecure;           /* any certificate will do */
};

struct net_request {
  const char
      *url; /* http, https; tcp://host:port and tls://host:port connect only, and say and hear what follows; smtp://host:port,
                    * imap:// and pop3:// connect and ask for TLS with STARTTLS */
  const char *method;         /* NULL: GET, or POST with a body */
  const char *const *headers; /* "Name: value", ended by NULL; NULL for none */
  const char *body;           /* of HTTP; NULL for none */
  size_t body_length;
  const char *say; /* tcp and tls: what is written once connected; NULL for nothing … */
  bool hear;       /* … and whether an answer is read: to the first line's end, answer_max bytes, or the end */
  const char *user, *password, *bearer; /* NULL for none */
  struct net_tls tls;
  msec_t connect_timeout, timeout; /* the latter of the whole, with what it waits for its turn */
  size_t answer_max;               /* more of the answer's body, unpacked, is not read */
  unsigned redirects_max;          /* that are followed, to http and https; 0: an answer 3xx is the answer */
  int ip;                          /* 4 or 6: this family alone; 0: any */
  bool compressed;                 /* offers gzip and deflate, and unpacks */
  bool once;                       /* a connection of its own, not used again, its name resolved anew: every phase is measured */
  bool certificates;               /* tells the peer's, also when they are not accepted */
  bool urgent;                     /* takes no turn when too much is under way: for what is rare and matters (notifications) */
};

/* One certificate that the peer showed. */
struct net_certificate {
  const char *subject, *issuer; /* "CN=example.org,O=Example", never NULL */
  const char *serial;           /* hexadecimal */
  const char *alternatives;     /* its DNS names, joined by commas */
  char sha256[65];              /* its fingerprint, hexadecimal */
  double not_after;             /* seconds since 1970 */
};

#define NET_PHASES(X)                                                                                                              \
  X(NET_RESOLVE, "resolve")                                                                                                        \
  X(NET_CONNECT, "connect")                                                                                                        \
  X(NET_TLS, "tls")                                                                                                                \
  X(NET_PROCESSING, "processing")                                                                                                  \
  X(NET_TRANSFER, "transfer")

#define X(phase, name) phase,
enum net_phase { NET_PHASES(X) NET_PHASE_COUNT };
#undef X

struct net_answer {
  long status;      /* of the last answer; 0: none came, `why` says why; of what only connects 0. Beside a `why` it is no success */
  const char *body; /* NUL-terminated, at most answer_max bytes; never NULL */
  size_t length;
  bool cut;           /* there was more than answer_max */
  msec_t retry_after; /* of the header Retry-After; -1 when there is none */
  double seconds;
  double phases[NET_PHASE_COUNT]; /* seconds, summed over redirects; 0 for those not begun */
  enum net_phase last;            /* the one it ended in */
  const char *headers;            /* of the last answer: its lines as they came; never NULL */
  const char *content_type;       /* "" when there is none */
  double content_length;          /* as the header says; -1 */
  double http_version;            /* 1.1, 2; 0 when unknown */
  unsigned redirects;             /* that were followed */
  bool unanswered;                /* the last of them led to no answer: status and headers are of the one that asked for it */
  char ip[46];                    /* that was connected to, or tried last; "" for none */
  bool secure;                    /* the last connection was TLS, or began to be */
  const char *tls_version;        /* "TLS 1.3"; "" */
  const char *tls_cipher;         /* "TLS_AES_128_GCM_SHA256"; "" when unknown */
  bool verified;                  /* the chain and the name were accepted; never with `insecure`, which asks nobody */
  double chain_not_after;         /* when the first of the accepted chain, its authority included, expires; 0 unless verified */
  const struct net_certificate *certificates; /* as shown, leaf first */
  size_t certificate_count;
  /* Kind NONE when the answer came whole or was cut at answer_max. Without the URL, which the caller knows how to call; what went wrong behind a
   * redirect begins with the origin that it led to. */
  struct fail why;
};
/* Copies the request and begins. `done` is called on the loop's thread, once, unless the loop is stopped before; the answer lives until it returns, or,
 * taken with net_answer_keep(), until net_answer_free(). False with a sentence when it cannot begin; then `done` is not called. */
bool net_send(struct net *n, const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
              struct fail *f) MUST_CHECK;
/* Only of the answer that `done` was given, not of a copy. */
const struct net_answer *net_answer_keep(const struct net_answer *a);
void net_answer_free(const struct net_answer *a); /* any thread; NULL allowed */

#endif
