/* Who is connected, and for how long they may stay. libmicrohttpd's own timeout counts silence, so that one byte a second holds a connection
 * for ever, and its limits refuse the newcomer, so that hangers-on lock out the scrape. Here each phase of a request has an absolute end, and
 * when there is no room the connection that has been waiting longest makes it.
 *
 * One thread owns a guard. A connection is cut by shutdown(): libmicrohttpd sees its end and closes it, and guard_leave() is called. */
#ifndef SONDE_AGENT_HTTP_GUARD_H
#define SONDE_AGENT_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/clock.h"

#define GUESTS_MAX     256 /* connections at a time */
#define GUESTS_OF_PEER 64  /* of one address, or one IPv6 /64 network */
#define GUESTS_LEAVING 256 /* cut, and not yet closed by libmicrohttpd */
#define GUARD_NEVER    INT64_MAX

enum guest_phase {
  GUEST_ABSENT,
  GUEST_ASKING,    /* the request has not arrived whole */
  GUEST_ANSWERING, /* the answer is under way */
  GUEST_IDLE,      /* kept alive after an answer */
  GUEST_CUT,
};

struct guest {
  enum guest_phase phase;
  int fd;
  msec_t since, until;    /* of the phase */
  unsigned char peer[16]; /* the address as IPv6; of IPv6 the network */
  bool local;             /* loopback or a unix socket */
};

struct guard {
  struct guest guests[GUESTS_MAX + GUESTS_LEAVING];
  msec_t next; /* when guard_sweep() has something to do, or earlier */
};

void guard_init(struct guard *g);
/* Before a connection of `peer` is added: when there is no room, cuts one that waits. False when none waits: refuse the new one. */
bool guard_make_room(struct guard *g, const struct sockaddr *peer) MUST_CHECK;
/* For want of something else than room. False when none waits. */
bool guard_cut_oldest(struct guard *g) MUST_CHECK;
/* A new guest, asking. NULL when the table is full. */
struct guest *guard_enter(struct guard *g, int fd, const struct sockaddr *peer, msec_t now);
/* The descriptor is about to be closed. NULL allowed. */
void guard_leave(struct guest *guest);
/* The guest begins a phase; its time starts afresh. One that is cut stays so. */
void guard_phase(struct guard *g, struct guest *guest, enum guest_phase phase, msec_t now);
/* Cuts all whose time is over and sets g->next. */
void guard_sweep(struct guard *g, msec_t now);

#endif
