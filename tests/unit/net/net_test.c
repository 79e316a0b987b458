/* Transfers against a scripted server on the loopback: what it answers, and what becomes of a server that does not. */
#include "tests/unit/net/server.h"

/* After the answer come `x` without end, or as much as the reader takes. */
static void pours(struct server *s, int fd) {
  char request[4096], padding[1000];
  memset(padding, 'x', sizeof padding);
  server_read(s, fd, request, sizeof request);
  bool good = server_puts(fd, s->answer);
  while (good) good = server_say(fd, padding, sizeof padding);
}

static const struct net_answer *ask_port(struct waiting *w, const char *scheme, int port, msec_t timeout) {
  static const char *const headers[] = {"Content-Type: application/json", NULL};
  char url[128];
  make_url(url, sizeof url, scheme, port, "/secret-path?token=1");
  struct net_request r = {.url = url,
                          .headers = headers,
                          .body = "{\"a\":1}",
                          .body_length = 7,
                          .connect_timeout = timeout,
                          .timeout = timeout,
                          .answer_max = 64};
  const struct net_answer *a = ask(w, &r);
  assert_null(strstr(a->why.text, "secret-path"));
  return a;
}

static const struct net_answer *ask_server(struct waiting *w, void (*handle)(struct server *s, int fd), const char *answer) {
  struct server s;
  server_start(&s, handle, answer);
  const struct net_answer *a = ask_port(w, "http", s.port, 30000);
  server_stop(&s);
  return a;
}

static void a_request_arrives_as_it_was_given(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  server_start(&s, server_answers, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const struct net_answer *a = ask_port(&w, "http", s.port, 30000);
  server_stop(&s);
  assert_int_equal(a->status, 200);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_string_equal(a->body, "ok");
  assert_int_equal(a->retry_after, -1);
  assert_true(a->seconds > 0);
  assert_memory_equal(s.seen, "POST /secret-path?token=1 HTTP/1.1\r\n", 36);
  assert_non_null(strstr(s.seen, "Content-Type: application/json\r\n"));
  assert_non_null(strstr(s.seen, "User-Agent: sonde/"));
  assert_string_equal(strstr(s.seen, "\r\n\r\n") + 4, "{\"a\":1}");
  net_answer_free(w.answer);
}

static void a_receiver_that_asks_for_patience_is_understood(void **state) {
  (void)state;
  static const struct {
    const char *value;
    msec_t least, most;
  } cases[] = {
      {"120", 120000, 120000},
      {"7", 7000, 7000},
      {"0", -1, -1},
      {"-5", -1, -1},
      {"soon", -1, -1},
      {"Fri, 31 Dec 1999 23:59:59 GMT", -1, -1},
      {"Fri, 31 Dec 2999 23:59:59 GMT", 1000000000, INT64_MAX},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct waiting w = WAITING;
    char answer[256];
    snprintf(answer, sizeof answer, "HTTP/1.1 429 Slow\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", cases[i].value);
    const struct net_answer *a = ask_server(&w, server_answers_once, answer);
    assert_int_equal(a->status, 429);
    if (a->retry_after < cases[i].least || a->retry_after > cases[i].most)
      fail_msg("Retry-After %s is %ld", cases[i].value, (long)a->retry_after);
    net_answer_free(w.answer);
  }
}

static void an_answer_without_end_is_cut_and_its_status_counts(void **state) {
  (void)state;
  struct waiting w = WAITING;
  const struct net_answer *a = ask_server(&w, pours, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  assert_int_equal(a->status, 200);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_int_equal(a->length, 64);
  net_answer_free(w.answer);
}

static void a_redirect_is_not_followed(void **state) {
  (void)state;
  struct waiting w = WAITING;
  const struct net_answer *a = ask_server(
      &w, server_answers_once, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n");
  assert_int_equal(a->status, 302);
  assert_int_equal(a->why.kind, FAIL_NONE);
  net_answer_free(w.answer);
}

static void an_answer_that_breaks_off_is_a_status_with_a_reason(void **state) {
  (void)state;
  struct waiting w = WAITING;
  const struct net_answer *a = ask_server(&w, server_answers_once, "HTTP/1.1 500 Bad\r\nContent-Length: 100\r\n\r\npart");
  assert_int_equal(a->status, 500);
  assert_int_equal(a->why.kind, FAIL_CONNECT);
  assert_string_equal(a->body, "part");
  net_answer_free(w.answer);
}

static void what_is_no_answer_has_a_kind(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    enum fail_kind kind;
  } cases[] = {{"", FAIL_CONNECT}, {"garbage\r\n\r\n", FAIL_PROTOCOL}, {"HTTP/1.1 abc\r\n\r\n", FAIL_PROTOCOL}};
  static const char chunk[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n";
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct waiting w = WAITING;
    const struct net_answer *a = ask_server(&w, server_answers_once, cases[i].answer);
    if (a->status != 0 || a->why.kind != cases[i].kind)
      fail_msg("%s: status %ld, kind %s: %s", cases[i].answer, a->status, fail_kind_name(a->why.kind), a->why.text);
    net_answer_free(w.answer);
  }
  struct waiting w = WAITING;
  assert_int_equal(ask_server(&w, server_answers_once, chunk)->why.kind, FAIL_PROTOCOL);
  net_answer_free(w.answer);
}

static void who_does_not_answer_has_a_kind(void **state) {
  (void)state;
  struct server s;
  struct waiting silent = WAITING, closed = WAITING, plain = WAITING;
  server_start(&s, server_is_mute, NULL);
  assert_int_equal(ask_port(&silent, "http", s.port, 50)->why.kind, FAIL_TIMEOUT);
  server_stop(&s);
  assert_int_equal(ask_port(&closed, "http", s.port, 30000)->why.kind, FAIL_CONNECT);
  server_start(&s, server_answers, "HTTP/1.1 200 OK\r\n\r\n");
  assert_int_equal(ask_port(&plain, "https", s.port, 30000)->why.kind, FAIL_TLS);
  assert_string_equal(plain.answer->why.text, "TLS handshake: the answer is no TLS");
  server_stop(&s);
  net_answer_free(silent.answer), net_answer_free(closed.answer), net_answer_free(plain.answer);
}

static void other_schemes_are_refused(void **state) {
  (void)state;
  static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    struct waiting w = WAITING;
    struct fail why = {0};
    struct net_request r = {.url = urls[i], .connect_timeout = 1000, .timeout = 1000, .answer_max = 64};
    struct net *net = net_new();
    if (!net_send(net, &r, take, &w, &why)) fail_msg("%s", why.text);
    wait_for(&w, 1);
    assert_int_equal(w.answer->status, 0);
    assert_true(w.answer->why.kind != FAIL_NONE);
    net_free(net);
    net_answer_free(w.answer);
  }
}

/* Twenty hang, one does not; then all are left without a word. */
static void what_hangs_holds_up_neither_the_others_nor_the_end(void **state) {
  (void)state;
  struct server mute, good;
  struct waiting hanging = WAITING, answered = WAITING;
  struct fail why = {0};
  char url[64];
  server_start(&mute, server_is_mute, NULL);
  server_start(&good, server_answers, "HTTP/1.1 204 No\r\n\r\n");
  struct net *net = net_new();
  struct net_request r = {.url = url, .body = "", .connect_timeout = 600000, .timeout = 600000, .answer_max = 64};
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", mute.port);
  for (int i = 0; i < 10; i++) assert_true(net_send(net, &r, take, &hanging, &why));
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", good.port);
  for (int i = 0; i < 10; i++) assert_true(net_send(net, &r, take, &answered, &why));
  wait_for(&answered, 10);
  net_stop(net);
  assert_int_equal(hanging.count, 0);
  assert_false(net_send(net, &r, take, &answered, &why));
  assert_int_equal(why.kind, FAIL_STOPPED);
  net_free(net);
  assert_int_equal(hanging.count, 0);
  server_stop(&mute);
  server_stop(&good);
  net_answer_free(answered.answer);
}

static void an_agent_that_sends_nothing_has_no_thread(void **state) {
  (void)state;
  struct net *net = net_new();
  net_stop(net);
  net_free(net);
  net_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_arrives_as_it_was_given),
      cmocka_unit_test(a_receiver_that_asks_for_patience_is_understood),
      cmocka_unit_test(an_answer_without_end_is_cut_and_its_status_counts),
      cmocka_unit_test(a_redirect_is_not_followed),
      cmocka_unit_test(an_answer_that_breaks_off_is_a_status_with_a_reason),
      cmocka_unit_test(what_is_no_answer_has_a_kind),
      cmocka_unit_test(who_does_not_answer_has_a_kind),
      cmocka_unit_test(other_schemes_are_refused),
      cmocka_unit_test(what_hangs_holds_up_neither_the_others_nor_the_end),
      cmocka_unit_test(an_agent_that_sends_nothing_has_no_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
