/* What a probe asks: a URL, or host:port. */
#ifndef SONDE_COLLECTORS_HTTP_ADDRESS_H
#define SONDE_COLLECTORS_HTTP_ADDRESS_H

#include "base/arena.h"
#include "config/option.h"

struct probe_address {
  const char *url;             /* as it is asked: without user and password */
  const char *user, *password; /* out of the URL; NULL for none */
  const char *shown; /* for people: without a login, and without values in the query that look secret; a tcp address is host:port */
  bool secure;       /* https, tls */
  struct strings hidden; /* what is not shown of the query, as it stands there and as it is meant */
};

/* "http://localhost:5000/health"; a missing scheme is http. The sentences repeat nothing of it. */
bool address_parse_http(const char *text, struct arena *a, struct probe_address *ret, struct fail *f) MUST_CHECK;
/* "db-1:5432", "[::1]:22", also with tcp:// or tls:// before it. */
bool address_parse_tcp(const char *text, struct arena *a, struct probe_address *ret, struct fail *f) MUST_CHECK;
/* Whether `text` can be the name of a server. */
bool address_is_host(const char *text, size_t length);

#endif
