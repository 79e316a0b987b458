/* Transfers against a scripted server on the loopback: what it answers, and what becomes of a server that does not. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/net.h"

/* Answers each connection with the same bytes and closes it; with none it keeps them all open and silent. */
struct server {
  int fd, port, silent[16];
  int count;
  pthread_t thread;
  const char *answer;
  size_t repeat; /* how often the last 1000 bytes of 'x' follow */
  char request[4096];
};

static void read_request(struct server *s, int fd) {
  size_t length = 0;
  while (length < sizeof s->request - 1) {
    ssize_t n = read(fd, s->request + length, sizeof s->request - 1 - length);
    if (n <= 0) break;
    length += (size_t)n;
    s->request[length] = 0;
    if (s->request[0] == 0x16) break; /* TLS: whatever is said next is wrong */
    char *end = strstr(s->request, "\r\n\r\n"), *body = strcasestr(s->request, "Content-Length: ");
    if (end && (size_t)(end + 4 - s->request) + (body ? strtoul(body + 16, NULL, 10) : 0) <= length) break;
  }
}

static void *serve(void *arg) {
  struct server *s = arg;
  int fd;
  char padding[1000];
  memset(padding, 'x', sizeof padding);
  while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
    if (!s->answer) {
      if (s->count < 16) s->silent[s->count++] = fd;
      continue;
    }
    read_request(s, fd);
    bool good = send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL) >= 0;
    for (size_t i = 0; good && i < s->repeat; i++) good = send(fd, padding, sizeof padding, MSG_NOSIGNAL) > 0;
    close(fd);
  }
  return NULL;
}

static void server_start(struct server *s, const char *answer, size_t repeat) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  *s = (struct server){.answer = answer, .repeat = repeat, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(s->fd, 16), 0);
  getsockname(s->fd, (struct sockaddr *)&address, &length);
  s->port = ntohs(address.sin_port);
  assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s) {
  shutdown(s->fd, SHUT_RDWR);
  pthread_join(s->thread, NULL);
  close(s->fd);
  for (int i = 0; i < s->count; i++) close(s->silent[i]);
}

/* One answer, waited for. */
struct waiting {
  pthread_mutex_t lock;
  pthread_cond_t came;
  struct net_answer answer;
  char *body;
  int count;
};

static void take(void *context, const struct net_answer *a) {
  struct waiting *w = context;
  pthread_mutex_lock(&w->lock);
  free(w->body);
  w->answer = *a;
  w->answer.body = w->body = mem_copy_bytes(a->body, a->length);
  w->count++;
  pthread_cond_signal(&w->came);
  pthread_mutex_unlock(&w->lock);
}

static void wait_for(struct waiting *w, int count) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 60;
  pthread_mutex_lock(&w->lock);
  while (w->count < count)
    if (pthread_cond_timedwait(&w->came, &w->lock, &end)) fail_msg("no answer in a minute");
  pthread_mutex_unlock(&w->lock);
}

#define WAITING                                                                                                                    \
  { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER }

static struct net_answer ask_port(struct waiting *w, const char *scheme, int port, msec_t timeout) {
  static const char *const headers[] = {"Content-Type: application/json", NULL};
  char url[128];
  struct fail why = {0};
  snprintf(url, sizeof url, "%s://127.0.0.1:%d/secret-path?token=1", scheme, port);
  struct net_request r = {.url = url,
                          .headers = headers,
                          .body = "{\"a\":1}",
                          .body_length = 7,
                          .connect_timeout = timeout,
                          .timeout = timeout,
                          .answer_max = 64};
  struct net *net = net_new();
  if (!net_send(net, &r, take, w, &why)) fail_msg("%s", why.text);
  wait_for(w, 1);
  net_free(net);
  assert_null(strstr(w->answer.why.text, "secret-path"));
  return w->answer;
}

static struct net_answer ask(struct waiting *w, const char *answer, size_t repeat) {
  struct server s;
  server_start(&s, answer, repeat);
  struct net_answer a = ask_port(w, "http", s.port, 30000);
  server_stop(&s);
  return a;
}

static void a_request_arrives_as_it_was_given(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0);
  struct net_answer a = ask_port(&w, "http", s.port, 30000);
  server_stop(&s);
  assert_int_equal(a.status, 200);
  assert_int_equal(a.why.kind, FAIL_NONE);
  assert_string_equal(a.body, "ok");
  assert_int_equal(a.retry_after, -1);
  assert_true(a.seconds > 0);
  assert_memory_equal(s.request, "POST /secret-path?token=1 HTTP/1.1\r\n", 36);
  assert_non_null(strstr(s.request, "Content-Type: application/json\r\n"));
  assert_non_null(strstr(s.request, "User-Agent: sonde/"));
  assert_string_equal(strstr(s.request, "\r\n\r\n") + 4, "{\"a\":1}");
  free(w.body);
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
    struct net_answer a = ask(&w, answer, 0);
    assert_int_equal(a.status, 429);
    if (a.retry_after < cases[i].least || a.retry_after > cases[i].most)
      fail_msg("Retry-After %s is %ld", cases[i].value, (long)a.retry_after);
    free(w.body);
  }
}

static void an_answer_without_end_is_cut_and_its_status_counts(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_answer a = ask(&w, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", 100000);
  assert_int_equal(a.status, 200);
  assert_int_equal(a.why.kind, FAIL_NONE);
  assert_int_equal(a.length, 64);
  free(w.body);
}

static void a_redirect_is_not_followed(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_answer a = ask(&w, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n", 0);
  assert_int_equal(a.status, 302);
  assert_int_equal(a.why.kind, FAIL_NONE);
  free(w.body);
}

static void an_answer_that_breaks_off_is_a_status_with_a_reason(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_answer a = ask(&w, "HTTP/1.1 500 Bad\r\nContent-Length: 100\r\n\r\npart", 0);
  assert_int_equal(a.status, 500);
  assert_int_equal(a.why.kind, FAIL_CONNECT);
  assert_string_equal(a.body, "part");
  free(w.body);
}

static void what_is_no_answer_has_a_kind(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    enum fail_kind kind;
  } cases[] = {{"", FAIL_CONNECT}, {"garbage\r\n\r\n", FAIL_PROTOCOL}, {"HTTP/1.1 abc\r\n\r\n", FAIL_PROTOCOL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct waiting w = WAITING;
    struct net_answer a = ask(&w, cases[i].answer, 0);
    if (a.status != 0 || a.why.kind != cases[i].kind)
      fail_msg("%s: status %ld, kind %s: %s", cases[i].answer, a.status, fail_kind_name(a.why.kind), a.why.text);
    free(w.body);
  }
}

static void who_does_not_answer_has_a_kind(void **state) {
  (void)state;
  struct server s;
  struct waiting silent = WAITING, closed = WAITING, plain = WAITING;
  server_start(&s, NULL, 0);
  assert_int_equal(ask_port(&silent, "http", s.port, 50).why.kind, FAIL_TIMEOUT);
  server_stop(&s);
  assert_int_equal(ask_port(&closed, "http", s.port, 30000).why.kind, FAIL_CONNECT);
  server_start(&s, "HTTP/1.1 200 OK\r\n\r\n", 0);
  assert_int_equal(ask_port(&plain, "https", s.port, 30000).why.kind, FAIL_TLS);
  server_stop(&s);
  free(silent.body), free(closed.body), free(plain.body);
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
    assert_int_equal(w.answer.status, 0);
    assert_true(w.answer.why.kind != FAIL_NONE);
    net_free(net);
    free(w.body);
  }
}

/* Twenty hang, one does not; then all are left without a word. */
static void what_hangs_holds_up_neither_the_others_nor_the_end(void **state) {
  (void)state;
  struct server mute, good;
  struct waiting hanging = WAITING, answered = WAITING;
  struct fail why = {0};
  char url[64];
  server_start(&mute, NULL, 0);
  server_start(&good, "HTTP/1.1 204 No\r\n\r\n", 0);
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
  free(answered.body);
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
