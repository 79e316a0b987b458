/* A flush over a socket pair, the other end played by a thread: what is talked, and what a server that leaves is understood to have said. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/redis/session.h"

static const struct redis_options options = {.shown = "cache:6379"};

struct stage {
  int server; /* the other end */
  struct arena arena;
  struct redis_batch batch;
  struct redis_session session;
  struct wait wait;
  struct fail why;
};

static void begin(struct stage *t, bool welcome) {
  int pair[2];
  memset(t, 0, sizeof *t);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  t->server = pair[1];
  t->wait = (struct wait){.deadline = clock_now() + 60000, .stop_fd = -1};
  arena_init(&t->arena);
  redis_batch_init(&t->batch, &t->arena);
  redis_session_init(&t->session, &options);
  t->session.socket.fd = pair[0];
  t->session.reader = redis_reader_new();
  t->session.welcome = welcome;
  redis_reader_begin(t->session.reader, &t->batch);
}

static void end(struct stage *t) {
  redis_session_close(&t->session);
  redis_batch_done(&t->batch);
  arena_done(&t->arena);
  close(t->server);
}

enum { COMMANDS = 12000, REPLY = 1000 };

/* Reads no further command before its reply is written: a client that only writes would fill both directions. */
static void *stubborn_server(void *arg) {
  struct stage *t = arg;
  static char reply[REPLY + 16], command[14]; /* *1 $4 PING */
  int head = snprintf(reply, sizeof reply, "$%d\r\n", REPLY);
  memset(reply + head, 'x', REPLY);
  memcpy(reply + head + REPLY, "\r\n", 2);
  for (int i = 0; i < COMMANDS; i++) {
    if (recv(t->server, command, sizeof command, MSG_WAITALL) != sizeof command) return NULL;
    if (send(t->server, reply, (size_t)head + REPLY + 2, 0) < 0) return NULL;
  }
  return NULL;
}

static void a_large_pipeline_does_not_block_both_sides(void **state) {
  (void)state;
  struct stage t;
  pthread_t server;
  begin(&t, true);
  (void)fcntl(t.server, F_SETFL, 0);
  int small = 4096; /* so that neither side's commands or replies fit between them */
  assert_int_equal(setsockopt(t.server, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  assert_int_equal(setsockopt(t.session.socket.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  for (int i = 0; i < COMMANDS; i++) redis_ask(&t.batch, "PING", NULL);
  assert_int_equal(pthread_create(&server, NULL, stubborn_server, &t), 0);
  assert_true(redis_session_flush(&t.session, &t.batch, &t.wait, &t.why));
  pthread_join(server, NULL);
  assert_int_equal(t.batch.answered, COMMANDS);
  assert_int_equal(redis_reply(&t.batch, COMMANDS - 1)->length, REPLY);
  end(&t);
}

static void a_batch_is_flushed_again_for_what_is_new(void **state) {
  (void)state;
  struct stage t;
  char got[64];
  begin(&t, true);
  redis_ask(&t.batch, "PING", NULL);
  assert_int_equal(send(t.server, "+1\r\n", 4, 0), 4);
  assert_true(redis_session_flush(&t.session, &t.batch, &t.wait, &t.why));
  ticket_t second = redis_ask(&t.batch, "TIME", NULL);
  assert_int_equal(send(t.server, "+2\r\n", 4, 0), 4);
  assert_true(redis_session_flush(&t.session, &t.batch, &t.wait, &t.why));
  assert_true(reply_is(redis_reply(&t.batch, 0), "1") && reply_is(redis_reply(&t.batch, second), "2"));
  assert_int_equal(recv(t.server, got, sizeof got, 0), 28); /* each command once */
  end(&t);
}

static enum fail_kind flush_to(const char *says, bool welcome, char *text, size_t size) {
  struct stage t;
  begin(&t, welcome);
  redis_ask(&t.batch, "INFO", NULL);
  redis_ask(&t.batch, "TIME", NULL);
  if (says) assert_int_equal(send(t.server, says, strlen(says), 0), strlen(says));
  shutdown(t.server, SHUT_RDWR);
  assert_false(redis_session_flush(&t.session, &t.batch, &t.wait, &t.why));
  assert_null(t.session.reader); /* the connection is gone */
  snprintf(text, size, "%s", t.why.text);
  end(&t);
  return t.why.kind;
}

static void a_server_that_leaves_is_taken_at_its_word(void **state) {
  (void)state;
  char text[512];
  assert_int_equal(flush_to("-ERR max number of clients reached\r\n", false, text, sizeof text), FAIL_TOO_MANY);
  assert_int_equal(flush_to("-DENIED Redis is running in protected mode\r\n", false, text, sizeof text), FAIL_PERMISSION);
  assert_int_equal(flush_to(NULL, false, text, sizeof text), FAIL_CONNECT);
  assert_non_null(strstr(text, "closed the connection without an answer; if it speaks TLS, use rediss://"));
  assert_int_equal(flush_to("+OK\r\n", true, text, sizeof text), FAIL_CONNECT);
  assert_int_equal(flush_to("\x15\x03\x01", false, text, sizeof text), FAIL_PROTOCOL);
  assert_non_null(strstr(text, "it speaks TLS: use rediss://"));
}

static void a_login_is_judged_once_and_needless_ones_pass(void **state) {
  (void)state;
  static const struct redis_options secret = {.shown = "cache:6379", .password = "x", .address = {.db = 3}};
  static const struct {
    const char *says;
    bool good;
    enum fail_kind kind;
  } rows[] = {
      {"+OK\r\n+OK\r\n+OK\r\n", true, FAIL_NONE},
      {"+OK\r\n+OK\r\n-NOPERM no client command\r\n", true, FAIL_NONE},
      {"-ERR Client sent AUTH, but no password is set\r\n+OK\r\n+OK\r\n", true, FAIL_NONE},
      {"-WRONGPASS no\r\n+OK\r\n+OK\r\n", false, FAIL_AUTH},
      {"+OK\r\n-ERR DB index is out of range\r\n+OK\r\n", false, FAIL_CONFIG},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct stage t;
    begin(&t, false);
    t.session.options = &secret;
    for (int k = 0; k < 3; k++) redis_ask(&t.batch, "PING", NULL); /* in the places of AUTH, SELECT and SETNAME */
    assert_int_equal(send(t.server, rows[i].says, strlen(rows[i].says), 0), strlen(rows[i].says));
    assert_int_equal(redis_session_flush(&t.session, &t.batch, &t.wait, &t.why), rows[i].good);
    if (!rows[i].good) assert_int_equal(t.why.kind, rows[i].kind);
    assert_int_equal(t.session.welcome, rows[i].good);
    end(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_pipeline_does_not_block_both_sides),
      cmocka_unit_test(a_batch_is_flushed_again_for_what_is_new),
      cmocka_unit_test(a_server_that_leaves_is_taken_at_its_word),
      cmocka_unit_test(a_login_is_judged_once_and_needless_ones_pass),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
