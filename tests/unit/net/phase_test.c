/* Where the time went, and where it ran out; names that are looked up here by a getaddrinfo() of our own, which hangs when it is to. */
#include "tests/unit/net/server.h"

#include <netdb.h>

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool hangs;
  int lookups, hanging, family;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* What libcurl's threads call: every name is this machine, but for those of "hangs.test" while the resolver hangs. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
  pthread_mutex_lock(&resolver.lock);
  resolver.lookups++;
  resolver.hanging++;
  resolver.family = hints->ai_family;
  while (resolver.hangs && strcmp(name, "hangs.test") == 0) pthread_cond_wait(&resolver.changed, &resolver.lock);
  resolver.hanging--;
  pthread_cond_broadcast(&resolver.changed);
  pthread_mutex_unlock(&resolver.lock);
  if (strcmp(name, "nowhere.test") == 0 || hints->ai_family == AF_INET6) return EAI_NONAME;
  struct sockaddr_in *address = mem_zero(sizeof *address);
  struct addrinfo *info = mem_zero(sizeof *info);
  *address = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(service))};
  *info = (struct addrinfo){
      .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = (struct sockaddr *)address, .ai_addrlen = sizeof *address};
  *ret = info;
  return 0;
}

void freeaddrinfo(struct addrinfo *info) {
  if (!info) return;
  free(info->ai_addr);
  free(info);
}

/* How many there were since it was last asked. */
static int resolver_lookups(void) {
  pthread_mutex_lock(&resolver.lock);
  int lookups = resolver.lookups;
  resolver.lookups = 0;
  pthread_mutex_unlock(&resolver.lock);
  return lookups;
}

static void resolver_hang(void) {
  pthread_mutex_lock(&resolver.lock);
  resolver.hangs = true;
  pthread_mutex_unlock(&resolver.lock);
}

/* Lets all lookups go, and waits until none is left. */
static void resolver_release(void) {
  pthread_mutex_lock(&resolver.lock);
  resolver.hangs = false;
  pthread_cond_broadcast(&resolver.changed);
  while (resolver.hanging > 0) pthread_cond_wait(&resolver.changed, &resolver.lock);
  pthread_mutex_unlock(&resolver.lock);
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static double sum_of(const struct net_answer *a) {
  double sum = 0;
  for (int i = 0; i < NET_PHASE_COUNT; i++) sum += a->phases[i];
  return sum;
}

static void a_connection_used_again_has_no_connect_phase(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  char url[64];
  server_start(&s, server_answers, ok);
  make_url(url, sizeof url, "http", s.port, "/");
  struct net *net = net_new();
  struct net_request r = PLAIN(url);
  assert_true(ask_with(net, &w, &r)->phases[NET_CONNECT] > 0);
  for (int i = 0; i < 3; i++) {
    const struct net_answer *a = ask_with(net, &w, &r);
    assert_true(a->phases[NET_CONNECT] == 0);
    assert_true(a->phases[NET_PROCESSING] > 0);
    assert_true(sum_of(a) <= a->seconds * 1.0001 && sum_of(a) >= a->seconds * 0.9999);
    assert_string_equal(a->ip, "127.0.0.1");
    assert_true(a->http_version > 1.05 && a->http_version < 1.15);
  }
  net_free(net);
  server_stop(&s);
  assert_int_equal(s.count, 1);
  net_answer_free(w.answer);
}

static void a_probe_that_measures_all_connects_each_time(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  char url[64];
  server_start(&s, server_answers, ok);
  snprintf(url, sizeof url, "http://good.test:%d/", s.port);
  struct net *net = net_new();
  struct net_request r = PLAIN(url);
  r.once = true;
  resolver_lookups();
  for (int i = 0; i < 3; i++) {
    const struct net_answer *a = ask_with(net, &w, &r);
    assert_int_equal(a->status, 200);
    assert_true(a->phases[NET_RESOLVE] > 0 && a->phases[NET_CONNECT] > 0);
  }
  net_free(net);
  server_stop(&s);
  assert_int_equal(s.count, 3);
  assert_int_equal(resolver_lookups(), 3);
  net_answer_free(w.answer);
}

static void an_ip_version_that_is_asked_for_is_used_alone(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  char url[64];
  server_start(&s, server_answers, ok);
  snprintf(url, sizeof url, "http://good.test:%d/", s.port);
  struct net_request r = PLAIN(url);
  r.ip = 4;
  assert_int_equal(ask(&w, &r)->status, 200);
  assert_int_equal(resolver.family, AF_INET);
  r.ip = 6;
  assert_int_equal(ask(&w, &r)->why.kind, FAIL_RESOLVE);
  server_stop(&s);
  net_answer_free(w.answer);
}

static void dribbles(struct server *s, int fd) {
  char request[4096];
  server_read(s, fd, request, sizeof request);
  server_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  server_is_mute(s, fd);
}

static void expect_timeout(const struct net_answer *a, enum net_phase phase, const char *where) {
  assert_int_equal(a->why.kind, FAIL_TIMEOUT);
  assert_int_equal(a->last, phase);
  if (!strstr(a->why.text, where)) fail_msg("%s", a->why.text);
  for (int i = (int)phase + 1; i < NET_PHASE_COUNT; i++) assert_true(a->phases[i] == 0);
  assert_true(a->phases[phase] > 0.05);
}

static void a_timeout_names_its_phase(void **state) {
  (void)state;
  struct server mute, slow;
  struct waiting w = WAITING;
  char url[64];
  server_start(&mute, server_is_mute, NULL);
  server_start(&slow, dribbles, NULL);
  struct net_request r = PLAIN(url);
  r.timeout = 150;
  make_url(url, sizeof url, "http", mute.port, "/");
  expect_timeout(ask(&w, &r), NET_PROCESSING, "waiting for the answer");
  make_url(url, sizeof url, "https", mute.port, "/");
  expect_timeout(ask(&w, &r), NET_TLS, "TLS handshake");
  make_url(url, sizeof url, "http", slow.port, "/");
  const struct net_answer *a = ask(&w, &r);
  expect_timeout(a, NET_TRANSFER, "reading the answer");
  assert_int_equal(a->status, 200);
  assert_string_equal(a->body, "part");
  server_stop(&mute);
  server_stop(&slow);
  net_answer_free(w.answer);
}

/* A listener whose queue is full takes no further connection. */
static void a_peer_that_takes_no_connection_is_told_as_such(void **state) {
  (void)state;
  struct waiting w = WAITING;
  int port, fd = server_listen(&port, 0), fillers[4];
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  for (size_t i = 0; i < COUNTOF(fillers); i++) {
    fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)!connect(fillers[i], (struct sockaddr *)&address, sizeof address);
  }
  char url[64];
  make_url(url, sizeof url, "http", port, "/");
  struct net_request r = PLAIN(url);
  r.timeout = 150;
  expect_timeout(ask(&w, &r), NET_CONNECT, "connecting");
  r.timeout = 30000, r.connect_timeout = 100;
  expect_timeout(ask(&w, &r), NET_CONNECT, "connecting");
  for (size_t i = 0; i < COUNTOF(fillers); i++) close(fillers[i]);
  close(fd);
  net_answer_free(w.answer);
}

static void a_name_without_address_and_a_port_without_listener_are_told_apart(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN("http://nowhere.test/");
  const struct net_answer *a = ask(&w, &r);
  assert_int_equal(a->why.kind, FAIL_RESOLVE);
  assert_int_equal(a->last, NET_RESOLVE);
  r.url = "http://127.0.0.1:1/";
  a = ask(&w, &r);
  assert_int_equal(a->why.kind, FAIL_CONNECT);
  assert_memory_equal(a->why.text, "Failed to connect to 127.0.0.1 port 1 ", 38);
  assert_non_null(strstr(a->why.text, ": Connection refused"));
  assert_int_equal(a->last, NET_CONNECT);
  assert_string_equal(a->ip, "127.0.0.1");
  net_answer_free(w.answer);
}

static void a_resolver_that_hangs_holds_up_nobody(void **state) {
  (void)state;
  struct server s;
  struct waiting hanging = WAITING, well = WAITING;
  struct fail why = {0};
  char url[64];
  server_start(&s, server_answers, ok);
  make_url(url, sizeof url, "http", s.port, "/");
  resolver_hang();
  struct net *net = net_new();
  struct net_request hangs = PLAIN("http://hangs.test/"), r = PLAIN(url);
  hangs.timeout = 600000;
  assert_true(net_send(net, &hangs, take, &hanging, &why));
  assert_int_equal(ask_with(net, &well, &r)->status, 200);
  hangs.timeout = 100;
  expect_timeout(ask_with(net, &well, &hangs), NET_RESOLVE, "its name was looked up");
  net_free(net);
  assert_int_equal(hanging.count, 0);
  resolver_release();
  server_stop(&s);
  net_answer_free(well.answer);
}

/* Each lookup that hangs is a thread. */
static void a_dead_resolver_does_not_fill_the_machine_with_threads(void **state) {
  (void)state;
  enum { SENT = 300, LEFT_MAX = 256 };
  struct server s;
  struct waiting w = WAITING;
  struct fail why = {0};
  char url[64];
  server_start(&s, server_answers, ok);
  snprintf(url, sizeof url, "http://good.test:%d/", s.port);
  resolver_hang();
  resolver_lookups();
  struct net *net = net_new();
  struct net_request hangs = PLAIN("http://hangs.test/"), named = PLAIN(url), literal = PLAIN(url);
  hangs.timeout = 50;
  for (int i = 0; i < LEFT_MAX; i++) assert_true(net_send(net, &hangs, take, &w, &why));
  wait_for(&w, LEFT_MAX);
  for (int i = LEFT_MAX; i < SENT; i++) assert_true(net_send(net, &hangs, take, &w, &why));
  wait_for(&w, SENT);
  assert_true(resolver_lookups() <= LEFT_MAX);
  assert_int_equal(w.answer->why.kind, FAIL_RESOLVE);
  assert_int_equal(ask_with(net, &w, &named)->why.kind, FAIL_RESOLVE);
  make_url(url, sizeof url, "http", s.port, "/");
  assert_int_equal(ask_with(net, &w, &literal)->status, 200);
  net_free(net);
  resolver_release();
  server_stop(&s);
  net_answer_free(w.answer);
}

static void leads_to_a_name_that_hangs(struct server *s, int fd) {
  char request[4096];
  server_read(s, fd, request, sizeof request);
  server_puts(fd, "HTTP/1.1 302 Found\r\nLocation: http://hangs.test/\r\nContent-Length: 0\r\n\r\n");
}

static void what_hangs_behind_a_redirect_is_told_as_what_it_is(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  char url[64];
  server_start(&s, leads_to_a_name_that_hangs, NULL);
  make_url(url, sizeof url, "http", s.port, "/");
  resolver_hang();
  struct net_request r = PLAIN(url);
  r.redirects_max = 3, r.timeout = 200;
  const struct net_answer *a = ask(&w, &r);
  assert_int_equal(a->why.kind, FAIL_TIMEOUT);
  assert_int_equal(a->last, NET_RESOLVE);
  assert_true(a->phases[NET_RESOLVE] > 0.05 && a->phases[NET_CONNECT] > 0);
  assert_int_equal(a->redirects, 1);
  resolver_release();
  server_stop(&s);
  net_answer_free(w.answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_connection_used_again_has_no_connect_phase),
      cmocka_unit_test(a_probe_that_measures_all_connects_each_time),
      cmocka_unit_test(an_ip_version_that_is_asked_for_is_used_alone),
      cmocka_unit_test(a_timeout_names_its_phase),
      cmocka_unit_test(a_peer_that_takes_no_connection_is_told_as_such),
      cmocka_unit_test(a_name_without_address_and_a_port_without_listener_are_told_apart),
      cmocka_unit_test(a_resolver_that_hangs_holds_up_nobody),
      cmocka_unit_test(a_dead_resolver_does_not_fill_the_machine_with_threads),
      cmocka_unit_test(what_hangs_behind_a_redirect_is_told_as_what_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
