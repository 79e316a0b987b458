/* One request on its way, and what came back. */
#ifndef SONDE_NET_TRANSFER_H
#define SONDE_NET_TRANSFER_H

#include <curl/curl.h>

#include "base/buf.h"
#include "net/net.h"

struct transfer {
  struct transfer *next;
  CURL *easy;
  struct curl_slist *headers;
  struct buf body; /* of the answer */
  bool cut;        /* there was more than answer_max */
  char error[CURL_ERROR_SIZE];
  void (*done)(void *context, const struct net_answer *a);
  void *context;
};

/* NULL with a sentence. */
struct transfer *transfer_new(const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
                              struct fail *f) MUST_CHECK;
/* Calls `done` with how it ended. */
void transfer_tell(struct transfer *t, CURLcode result);
void transfer_free(struct transfer *t);

#endif
