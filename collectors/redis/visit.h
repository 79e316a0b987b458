/* A Redis target between its polls, and one poll of it. */
#ifndef SONDE_COLLECTORS_REDIS_VISIT_H
#define SONDE_COLLECTORS_REDIS_VISIT_H

#include "collectors/redis/info.h"
#include "collectors/redis/parts.h"
#include "collectors/redis/session.h"

struct redis {
  const struct redis_options *options;
  struct redis_session session;
  struct queues *queues;
  struct info_memory memory;
  struct info_facts facts;
  int64_t databases;               /* as CONFIG said, or the default */
  bool server_changed;             /* another run_id than before; the queues have not heard of it */
  bool plain_info;                 /* this server does not know INFO ALL */
  struct fail refused[PART_COUNT]; /* what this connection may not ask; it is not asked again */
  uint64_t polls;                  /* ended, with what they took */
  double poll_seconds;
};

extern const struct part redis_parts[PART_COUNT];

/* See struct collector. */
bool redis_visit(struct redis *r, struct poll *poll, struct fail *f) MUST_CHECK;
void redis_visit_catalogue(family_fn *each, const char *part, void *arg);

#endif
