/* tcp://: connect, say, hear. */
#include "tests/unit/net/server.h"

static const struct net_answer *talk(struct waiting *w, void (*handle)(struct server *s, int fd), struct net_request *r) {
  struct server s;
  char url[64];
  server_start(&s, handle, NULL);
  make_url(url, sizeof url, "tcp", s.port, "");
  r->url = url;
  const struct net_answer *a = ask(w, r);
  server_stop(&s);
  assert_int_equal(a->status, 0);
  assert_string_equal(a->ip, "127.0.0.1");
  return a;
}

static void echoes_a_line(struct server *s, int fd) {
  char line[64];
  (void)s;
  ssize_t n = read(fd, line, sizeof line);
  server_puts(fd, "you ");
  if (n > 0) server_say(fd, line, (size_t)n);
  server_puts(fd, "and another line\n");
}

static void pours(struct server *s, int fd) {
  (void)s;
  while (server_puts(fd, "without an end ")) continue;
}

static void leaves(struct server *s, int fd) {
  (void)s, (void)fd;
}

static void says_half(struct server *s, int fd) {
  (void)s;
  server_puts(fd, "half a li");
}

static void says_half_and_waits(struct server *s, int fd) {
  server_puts(fd, "half a li");
  server_is_mute(s, fd);
}

static void a_port_that_listens_is_enough_when_nothing_is_to_be_heard(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  const struct net_answer *a = talk(&w, server_is_mute, &r);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_int_equal(a->length, 0);
  assert_true(a->phases[NET_CONNECT] > 0);
  net_answer_free(w.answer);
}

static void what_is_said_is_answered_with_a_line(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.say = "PING\n", r.hear = r.once = true;
  const struct net_answer *a = talk(&w, echoes_a_line, &r);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_string_equal(a->body, "you PING\n");
  assert_int_equal(a->last, NET_TRANSFER);
  net_answer_free(w.answer);
}

static void a_line_without_end_is_cut(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.hear = true;
  const struct net_answer *a = talk(&w, pours, &r);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_int_equal(a->length, r.answer_max);
  net_answer_free(w.answer);
}

static void who_leaves_without_a_word_is_a_reason(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.hear = true;
  const struct net_answer *a = talk(&w, leaves, &r);
  assert_int_equal(a->why.kind, FAIL_CONNECT);
  net_answer_free(w.answer);
}

static void half_a_line_before_the_end_is_what_was_heard(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.hear = true;
  const struct net_answer *a = talk(&w, says_half, &r);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_string_equal(a->body, "half a li");
  net_answer_free(w.answer);
}

static void who_never_ends_the_line_runs_out_of_time(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.hear = true, r.timeout = 200;
  const struct net_answer *a = talk(&w, says_half_and_waits, &r);
  assert_int_equal(a->why.kind, FAIL_TIMEOUT);
  assert_int_equal(a->last, NET_TRANSFER);
  assert_string_equal(a->body, "half a li");
  net_answer_free(w.answer);
}

static void who_says_nothing_runs_out_of_time(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.hear = true, r.timeout = 100;
  const struct net_answer *a = talk(&w, server_is_mute, &r);
  assert_int_equal(a->why.kind, FAIL_TIMEOUT);
  assert_int_equal(a->last, NET_PROCESSING);
  net_answer_free(w.answer);
}

/* The peer reads nothing, so that what is said does not fit on the way. */
static void who_does_not_listen_runs_out_of_time(void **state) {
  (void)state;
  enum { SIZE = 32 << 20 };
  struct waiting w = WAITING;
  int port, fd = server_listen(&port, 8);
  char url[64], *say = mem_zero(SIZE + 1);
  memset(say, 'x', SIZE);
  make_url(url, sizeof url, "tcp", port, "");
  struct net_request r = PLAIN(url);
  r.say = say, r.timeout = 300;
  const struct net_answer *a = ask(&w, &r);
  assert_int_equal(a->why.kind, FAIL_TIMEOUT);
  close(fd);
  free(say);
  net_answer_free(w.answer);
}

/* Many at a time, of which some hang: each hears its own. */
static void many_talk_at_a_time(void **state) {
  (void)state;
  enum { EACH = 40 };
  struct server echo, mute;
  struct waiting heard = WAITING, hanging = WAITING;
  struct fail why = {0};
  char url[64];
  server_start(&echo, echoes_a_line, NULL);
  server_start(&mute, server_is_mute, NULL);
  struct net *net = net_new();
  struct net_request r = PLAIN(url);
  r.say = "x\n", r.hear = true;
  for (int i = 0; i < EACH; i++) {
    make_url(url, sizeof url, "tcp", mute.port, "");
    assert_true(net_send(net, &r, take, &hanging, &why));
    make_url(url, sizeof url, "tcp", echo.port, "");
    assert_true(net_send(net, &r, take, &heard, &why));
  }
  wait_for(&heard, EACH);
  assert_int_equal(heard.good, EACH);
  net_free(net);
  assert_int_equal(hanging.count, 0);
  server_stop(&echo);
  server_stop(&mute);
  net_answer_free(heard.answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_port_that_listens_is_enough_when_nothing_is_to_be_heard),
      cmocka_unit_test(what_is_said_is_answered_with_a_line),
      cmocka_unit_test(a_line_without_end_is_cut),
      cmocka_unit_test(who_leaves_without_a_word_is_a_reason),
      cmocka_unit_test(half_a_line_before_the_end_is_what_was_heard),
      cmocka_unit_test(who_never_ends_the_line_runs_out_of_time),
      cmocka_unit_test(who_says_nothing_runs_out_of_time),
      cmocka_unit_test(who_does_not_listen_runs_out_of_time),
      cmocka_unit_test(many_talk_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
