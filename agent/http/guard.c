/* The guard at the door: see guard.h. The tables are small and walked from end to end: only when somebody comes, or a time is over. */
#include "agent/http/guard.h"

#include <netinet/in.h>
#include <string.h>

/* How long each phase may last. An answer that a slow line takes half a minute for is more than any scraper waits. Idle connections stay
 * long enough for a scrape each minute. */
static const msec_t patience[] = {
    [GUEST_ASKING] = 5000,
    [GUEST_ANSWERING] = 30000,
    [GUEST_IDLE] = 65000,
};

void guard_init(struct guard *g) {
  memset(g, 0, sizeof *g);
  g->next = GUARD_NEVER;
}

static bool is_loopback(const struct in6_addr *a) {
  return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* The address as IPv6; all unix sockets are one peer, "::". */
static struct in6_addr address_of(const struct sockaddr *peer) {
  struct in6_addr a = IN6ADDR_ANY_INIT;
  if (peer->sa_family == AF_INET6) memcpy(&a, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, sizeof a);
  if (peer->sa_family == AF_INET) {
    memset(a.s6_addr + 10, 0xFF, 2);
    memcpy(a.s6_addr + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
  }
  return a;
}

/* One host may use a whole IPv6 /64: it counts as one. */
static void peer_key(const struct in6_addr *a, unsigned char *key) {
  memcpy(key, a->s6_addr, 16);
  if (!IN6_IS_ADDR_V4MAPPED(a)) memset(key + 8, 0, 8);
}

static void cut(struct guest *guest) {
  shutdown(guest->fd, SHUT_RDWR);
  guest->phase = GUEST_CUT;
}

static bool waits(const struct guest *guest) {
  return guest->phase == GUEST_ASKING || guest->phase == GUEST_IDLE;
}

/* Cuts the guest that has been waiting longest, of `key` or, if that is NULL, of all. */
static bool cut_oldest_of(struct guard *g, const unsigned char *key) {
  struct guest *oldest = NULL;
  for (struct guest *i = g->guests; i < g->guests + COUNTOF(g->guests); i++) {
    if (!waits(i) || (key && memcmp(i->peer, key, sizeof i->peer) != 0)) continue;
    if (!oldest || i->since < oldest->since) oldest = i;
  }
  if (oldest) cut(oldest);
  return oldest;
}

bool guard_cut_oldest(struct guard *g) {
  return cut_oldest_of(g, NULL);
}

bool guard_make_room(struct guard *g, const struct sockaddr *peer) {
  unsigned char key[16];
  struct in6_addr address = address_of(peer);
  peer_key(&address, key);
  size_t all = 0, same = 0;
  for (struct guest *i = g->guests; i < g->guests + COUNTOF(g->guests); i++) {
    if (i->phase == GUEST_ABSENT || i->phase == GUEST_CUT) continue;
    all++;
    if (!memcmp(i->peer, key, sizeof key)) same++;
  }
  if (same >= GUESTS_OF_PEER) return cut_oldest_of(g, key);
  return all < GUESTS_MAX || guard_cut_oldest(g);
}

struct guest *guard_enter(struct guard *g, int fd, const struct sockaddr *peer, msec_t now) {
  for (struct guest *i = g->guests; i < g->guests + COUNTOF(g->guests); i++) {
    if (i->phase != GUEST_ABSENT) continue;
    struct in6_addr address = address_of(peer);
    *i = (struct guest){.fd = fd, .local = peer->sa_family == AF_UNIX || is_loopback(&address)};
    peer_key(&address, i->peer);
    guard_phase(g, i, GUEST_ASKING, now);
    return i;
  }
  return NULL;
}

void guard_leave(struct guest *guest) {
  if (guest) *guest = (struct guest){.phase = GUEST_ABSENT, .fd = -1};
}

void guard_phase(struct guard *g, struct guest *guest, enum guest_phase phase, msec_t now) {
  if (guest->phase == GUEST_CUT) return;
  guest->phase = phase;
  guest->since = now;
  guest->until = now + patience[phase];
  g->next = MIN(g->next, guest->until);
}

void guard_sweep(struct guard *g, msec_t now) {
  g->next = GUARD_NEVER;
  for (struct guest *i = g->guests; i < g->guests + COUNTOF(g->guests); i++) {
    if (i->phase == GUEST_ABSENT || i->phase == GUEST_CUT) continue;
    if (i->until <= now)
      cut(i);
    else
      g->next = MIN(g->next, i->until);
  }
}
