/* Where a Redis server is, from the URLs that its clients understand. Pure. */
#ifndef SONDE_COLLECTORS_REDIS_ADDRESS_H
#define SONDE_COLLECTORS_REDIS_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fail.h"

struct redis_address {
  bool tls;
  const char *host, *port; /* TCP; an IPv6 address without brackets */
  const char *path;        /* of a unix socket; NULL for TCP */
  unsigned db;
  const char *user, *password; /* NULL when the URL has none */
};

/* redis://, valkey://, rediss://, valkeys:// with [user[:password]@]host[:port][/db]; unix://[user:password@]/path; host:port; /path. All may
 * end in ?db=n; other parameters are meant for other clients and are left alone. Percent-encoded characters are decoded. The strings are
 * made in `a`. False with FAIL_CONFIG and a sentence without any part of the URL that may be secret. */
bool redis_address_parse(struct redis_address *ret, const char *url, struct arena *a, struct fail *f) MUST_CHECK;
/* "cache:6379", "cache:6379/2", "[::1]:6379", "/run/redis/redis.sock": for people. */
const char *redis_address_show(const struct redis_address *address, struct arena *a);

#endif
