/* Rendered metric pages, kept until something new is published: a page is rendered at most once for each generation of the store, however
 * many ask for it. One thread owns a cache and every response in it. */
#ifndef SONDE_AGENT_HTTP_CACHE_H
#define SONDE_AGENT_HTTP_CACHE_H

#include "agent/http/response.h"
#include "metric/exposition.h"

struct cache;

struct cache *cache_new(struct store *store);
void cache_free(struct cache *c); /* NULL allowed */
/* The page of one target, or of all when `target` is NULL. Without a response when there is no such target. */
struct answer cache_metrics(struct cache *c, const char *target, struct negotiation how);

#endif
