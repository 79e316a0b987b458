/* One request on its way. The sender's thread builds it whole; from then on it is the loop's. */
#ifndef SONDE_NET_TRANSFER_H
#define SONDE_NET_TRANSFER_H

#include <sys/queue.h>

#include <curl/curl.h>

#include "agent/net/answer.h"
#include "agent/net/lookups.h"

struct transfer {
  TAILQ_ENTRY(transfer) link; /* in one list at a time */
  CURL *easy;
  struct answer *answer;
  msec_t sent, deadline;
  bool urgent, insecure, certificates;
  bool connects_only, hear; /* it goes on in talk.c once connected */
  bool starttls;            /* and what it connects to speaks in the clear before it is asked for TLS */
  char *say;
  size_t say_length, said;
  int socket;                            /* while it talks */
  bool named;                            /* its host is a name, not an address */
  struct lookups *lookups;               /* the loop's; set when it begins */
  struct curl_slist *headers, *harmless; /* the caller's, and those that any server may see */
  struct curl_slist *connect_to;
  char *origin;        /* scheme://host:port of the URL */
  char *host_header;   /* "Host: …" where the URL got another host's name; NULL */
  size_t header_bytes; /* of the answer that is coming in */
  char error[CURL_ERROR_SIZE];
  void (*done)(void *context, const struct net_answer *a);
  void *context;
};
TAILQ_HEAD(transfers, transfer);

/* NULL with a sentence. */
struct transfer *transfer_new(const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
                              struct fail *f) MUST_CHECK;
void transfer_free(struct transfer *t);
/* The clock of its phases starts. */
void transfer_begin(struct transfer *t, struct lookups *lookups);
/* Calls `done` with how it ended. */
void transfer_tell(struct transfer *t, CURLcode result);

/* All of the request that is set once: what goes out, to whom, and what trust. */
bool request_apply(const struct net_request *r, struct transfer *t, struct fail *f) MUST_CHECK;
/* "https://example.org:443" of a URL; NULL when it has none. free() it. */
char *request_origin(const char *url);

#endif
