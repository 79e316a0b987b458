/* What came back, while it comes and after. */
#ifndef SONDE_NET_ANSWER_H
#define SONDE_NET_ANSWER_H

#include <stdatomic.h>

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/net.h"

enum { HEADERS_MAX = 65536 }; /* bytes of one answer's headers, interim answers counted */

struct answer {
  struct net_answer told; /* the first member: what callers hold */
  atomic_uint references;
  double since;       /* when told.last began */
  double waited;      /* seconds, for its turn */
  struct arena arena; /* of all text but these */
  struct buf body, headers;
};

struct answer *answer_new(size_t body_max);
/* The phase that was on ends, this one begins; more than once after a redirect. */
void answer_enter(struct answer *a, enum net_phase phase);
/* Closes the books: all that libcurl knows of the transfer, and its result unless told.why holds one already. `error` is libcurl's sentence or "". */
void answer_complete(struct answer *a, CURL *easy, CURLcode result, const char *error);

#endif
