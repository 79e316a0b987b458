/* The keys of a Redis target. */
#ifndef SONDE_COLLECTORS_REDIS_OPTIONS_H
#define SONDE_COLLECTORS_REDIS_OPTIONS_H

#include "collectors/queue_layout.h"
#include "collectors/redis/address.h"

struct redis_options {
  struct queue_options queues; /* first, see queue_option_rows */
  const char *url, *user, *password;
  const char *ca_file, *cert_file, *key_file, *server_name;
  bool insecure_skip_verify;
  struct redis_address address; /* from the above, by redis_prepare() */
  const char *shown;            /* the address for people */
};

extern const struct option redis_option_rows[];
bool redis_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f);

#endif
