/* From a path to an answer. */
#ifndef SONDE_AGENT_HTTP_ROUTES_H
#define SONDE_AGENT_HTTP_ROUTES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "agent/http/cache.h"

/* What is served. */
struct site {
  struct store *store;
  struct cache *cache;
  _Atomic(struct evaluator *) evaluator; /* NULL: no rules */
  char *telemetry_path;
  msec_t started;
  atomic_size_t expected; /* targets that are configured */
  atomic_ullong digest;   /* of the configuration */
};

/* Who asks for what. The header fields are NULL when absent. */
struct request {
  const char *method, *path;
  const char *accept, *accept_encoding;
  const char *asked; /* the parameter `target`, still encoded */
  const char *host;  /* host:port under which the client reached us */
  bool local;        /* the client is on this machine … */
  bool own;          /* … and this agent's user, or root: it came through the agent's own socket */
  msec_t now;
  /* Set by route(): */
  char decoded[2048]; /* the path */
  const char *target; /* the name in it; NULL when it names none */
};

/* Never without a response. */
struct answer route(const struct site *site, struct request *request);

#endif
