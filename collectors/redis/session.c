/* Sends a batch and reads its replies, both at once: a server that cannot send its replies stops reading commands, so that whoever writes
 * everything first waits for ever. */
#include "collectors/redis/session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "collectors/redis/refusal.h"

enum { READ_SIZE = 16384 };

void redis_session_init(struct redis_session *s, const struct redis_options *o) {
  *s = (struct redis_session){.options = o, .socket = {.fd = -1}};
}

void redis_session_close(struct redis_session *s) {
  redis_socket_close(&s->socket);
  redis_reader_free(s->reader);
  s->reader = NULL;
  s->welcome = false;
}

/* ---- login ---- */

static bool wants_login(const struct redis_options *o) {
  return o->user || o->password;
}

static void append_login(struct redis_batch *b, const struct redis_options *o) {
  char db[16];
  snprintf(db, sizeof db, "%u", o->address.db);
  const char *password = o->password ? o->password : "";
  if (o->user)
    redis_ask(b, "AUTH", o->user, password, NULL);
  else if (o->password)
    redis_ask(b, "AUTH", password, NULL);
  if (o->address.db) redis_ask(b, "SELECT", db, NULL);
  redis_ask(b, "CLIENT", "SETNAME", "sonde", NULL); /* may be refused */
}

static bool judge_login(const struct redis_batch *b, const struct redis_options *o, struct fail *f) {
  ticket_t next = 0;
  if (wants_login(o)) {
    const struct reply *r = redis_reply(b, next++);
    if (!reply_is(r, "OK") && !redis_login_needless(r)) return redis_login_refused(f, r, o);
  }
  if (o->address.db) {
    const struct reply *r = redis_reply(b, next);
    if (!reply_is(r, "OK")) return redis_refused(f, "SELECT", r, o);
  }
  return true;
}

/* ---- talking ---- */

static bool connect_now(struct redis_session *s, const struct wait *w, struct fail *f) {
  double start = clock_seconds();
  if (!redis_socket_open(&s->socket, s->options, w, f)) return false;
  s->connect_seconds = clock_seconds() - start;
  s->reader = redis_reader_new();
  return true;
}

bool redis_session_begin(struct redis_session *s, struct redis_batch *b, const struct wait *w, struct fail *f) {
  s->connect_seconds = 0;
  if (s->reader && redis_socket_stale(&s->socket)) redis_session_close(s);
  if (!s->reader) {
    if (!connect_now(s, w, f)) return false;
    append_login(b, s->options);
  }
  redis_reader_begin(s->reader, b);
  return true;
}

/* How far one flush is. */
struct exchange {
  short wanted;       /* what to wait for */
  bool moved;         /* bytes were read or written in this turn */
  bool deaf;          /* the server takes no more; it may have said why */
  struct fail broken; /* how that showed */
};

static void write_some(struct redis_session *s, struct redis_batch *b, struct exchange *x) {
  size_t left = b->out.length - b->sent, count;
  short wanted;
  if (!left || x->deaf) return;
  if (!redis_socket_write(&s->socket, b->out.data + b->sent, left, &count, &wanted, &x->broken)) {
    x->deaf = true;
    return;
  }
  b->sent += count;
  if (count) x->moved = true;
  if (count < left) x->wanted |= wanted;
}

static bool read_some(struct redis_session *s, struct exchange *x, struct fail *f) {
  char bytes[READ_SIZE];
  size_t count;
  short wanted;
  if (!redis_socket_read(&s->socket, bytes, sizeof bytes, &count, &wanted, f)) return false;
  if (count) x->moved = true;
  x->wanted |= wanted;
  return redis_reader_feed(s->reader, bytes, count, f);
}

static bool exchange(struct redis_session *s, struct redis_batch *b, const struct wait *w, struct fail *f) {
  struct exchange x = {.deaf = false};
  while (!redis_batch_complete(b)) {
    x.wanted = 0;
    x.moved = false;
    write_some(s, b, &x);
    if (!read_some(s, &x, f)) return false;
    if (x.moved) continue;
    if (x.deaf) {
      *f = x.broken;
      return false;
    }
    if (!wait_fd(w, s->socket.fd, x.wanted, f)) return false;
  }
  return true;
}

/* A server that closes a new connection often says why in one reply, before it read a command. */
static bool judge_break(const struct redis_session *s, const struct redis_batch *b, struct fail *f) {
  const struct redis_options *o = s->options;
  const struct reply *first = redis_reply(b, 0);
  if (f->kind == FAIL_STOPPED) return false;
  if (f->kind != FAIL_CONNECT || s->welcome) return fail_prefix(f, "%s", o->shown);
  if (b->answered && first->type == REPLY_ERROR) return redis_refused(f, "a new connection", first, o);
  return fail(f, FAIL_CONNECT, "%s closed the connection without an answer%s", o->shown,
              o->address.tls ? "" : "; if it speaks TLS, use rediss://");
}

bool redis_session_flush(struct redis_session *s, struct redis_batch *b, const struct wait *w, struct fail *f) {
  if (b->out.overflow) {
    redis_session_close(s);
    return fail(f, FAIL_LIMIT, "the commands of one poll are longer than %u bytes", LINK_COMMANDS_MAX);
  }
  bool talked = exchange(s, b, w, f);
  if (!talked) judge_break(s, b, f);
  if (talked && !s->welcome) talked = s->welcome = judge_login(b, s->options, f);
  if (!talked) redis_session_close(s);
  return talked;
}
