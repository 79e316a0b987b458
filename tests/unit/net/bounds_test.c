/* What a server may do to us: nothing beyond its bounds. */
#include "tests/unit/net/server.h"

#include <libdeflate.h>
#include <sys/resource.h>

static const struct net_answer *ask_server(struct waiting *w, void (*handle)(struct server *s, int fd), struct net_request *r) {
  struct server s;
  char url[64];
  server_start(&s, handle, NULL);
  make_url(url, sizeof url, "http", s.port, "/");
  r->url = url;
  const struct net_answer *a = ask(w, r);
  server_stop(&s);
  return a;
}

/* 64 MB of blanks in 64 KB. */
static void sends_a_bomb(struct server *s, int fd) {
  enum { SIZE = 64 << 20 };
  char request[4096], head[128];
  char *plain = mem_zero(SIZE), *packed = mem_zero(SIZE / 16);
  memset(plain, ' ', SIZE);
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
  size_t length = libdeflate_gzip_compress(c, plain, SIZE, packed, SIZE / 16);
  server_read(s, fd, request, sizeof request);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", length);
  server_puts(fd, head);
  server_say(fd, packed, length);
  libdeflate_free_compressor(c);
  free(plain), free(packed);
}

static void a_gzip_bomb_costs_answer_max(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.compressed = true;
  r.answer_max = 5000;
  const struct net_answer *a = ask_server(&w, sends_a_bomb, &r);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_int_equal(a->status, 200);
  assert_true(a->cut);
  assert_int_equal(a->length, 5000);
  assert_int_equal(strspn(a->body, " "), 5000);
  net_answer_free(w.answer);
}

static void sends_gzip(struct server *s, int fd) {
  static const char text[] = "a health endpoint's answer";
  char request[4096], head[128], packed[256];
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
  size_t length = libdeflate_gzip_compress(c, text, sizeof text - 1, packed, sizeof packed);
  server_read(s, fd, request, sizeof request);
  if (strstr(request, "/broken")) packed[length / 2] ^= 0x55;
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", length);
  server_puts(fd, head);
  server_say(fd, packed, length);
  libdeflate_free_compressor(c);
}

static void a_packed_body_is_unpacked(void **state) {
  (void)state;
  struct waiting w = WAITING;
  struct net_request r = PLAIN(NULL);
  r.compressed = true;
  assert_string_equal(ask_server(&w, sends_gzip, &r)->body, "a health endpoint's answer");
  net_answer_free(w.answer);
}

static void a_broken_packing_is_a_reason(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  char url[64];
  server_start(&s, sends_gzip, NULL);
  make_url(url, sizeof url, "http", s.port, "/broken");
  struct net_request r = PLAIN(url);
  r.compressed = true;
  assert_int_equal(ask(&w, &r)->why.kind, FAIL_PROTOCOL);
  server_stop(&s);
  net_answer_free(w.answer);
}

static void sends_headers_for_ever(struct server *s, int fd) {
  char request[4096];
  server_read(s, fd, request, sizeof request);
  bool good = server_puts(fd, "HTTP/1.1 200 OK\r\n");
  while (good) good = server_puts(fd, "X-More: and more, and more, and more\r\n");
}

static void sends_interim_answers_for_ever(struct server *s, int fd) {
  char request[4096];
  server_read(s, fd, request, sizeof request);
  while (server_puts(fd, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) continue;
}

static void sends_one_header_for_ever(struct server *s, int fd) {
  char request[4096];
  server_read(s, fd, request, sizeof request);
  bool good = server_puts(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
  while (good) good = server_puts(fd, "and more, and more, and more");
}

static void headers_without_end_are_a_reason(void **state) {
  (void)state;
  void (*const handles[])(struct server * s, int fd) = {sends_headers_for_ever, sends_interim_answers_for_ever,
                                                        sends_one_header_for_ever};
  for (size_t i = 0; i < COUNTOF(handles); i++) {
    struct waiting w = WAITING;
    struct net_request r = PLAIN(NULL);
    const struct net_answer *a = ask_server(&w, handles[i], &r);
    if (a->why.kind != FAIL_LIMIT) fail_msg("%zu: %s: %s", i, fail_kind_name(a->why.kind), a->why.text);
    assert_true(strlen(a->headers) <= 65536);
    net_answer_free(w.answer);
  }
}

static void tells_method(struct server *s, int fd) {
  char request[4096], answer[16384];
  if (!server_read(s, fd, request, sizeof request)) return;
  size_t method = strcspn(request, " ");
  const char *body = strstr(request, "\r\n\r\n") + 4;
  snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s:%s", method + 1 + strlen(body), (int)method,
           request, body);
  if (strncmp(request, "HEAD", 4) == 0) *(strstr(answer, "\r\n\r\n") + 4) = 0;
  server_puts(fd, answer);
}

static void every_method_is_sent_as_it_is_called(void **state) {
  (void)state;
  static const struct {
    const char *method, *body, *answer;
  } cases[] = {{NULL, NULL, "GET:"},  {NULL, "b", "POST:b"},       {"POST", NULL, "POST:"},
               {"PUT", "b", "PUT:b"}, {"GET", "b", "GET:b"},       {"HEAD", NULL, ""},
               {"GET", NULL, "GET:"}, {"DELETE", NULL, "DELETE:"}, {"OPTIONS", NULL, "OPTIONS:"}};
  for (size_t i = 0; i < COUNTOF(cases); i++) {
    struct waiting w = WAITING;
    struct net_request r = PLAIN(NULL);
    r.method = cases[i].method, r.body = cases[i].body, r.body_length = cases[i].body ? 1 : 0;
    const struct net_answer *a = ask_server(&w, tells_method, &r);
    assert_int_equal(a->why.kind, FAIL_NONE);
    assert_string_equal(a->body, cases[i].answer);
    net_answer_free(w.answer);
  }
}

static void what_would_become_two_headers_is_refused(void **state) {
  (void)state;
  static const char *const headers[] = {"X-A: b\r\nX-C: d", NULL};
  const struct net_request requests[] = {{.url = "http://127.0.0.1:1/", .headers = headers},
                                         {.url = "http://127.0.0.1:1/", .bearer = "s3cret\n"},
                                         {.url = "http://127.0.0.1:1/", .method = "GET / HTTP/1.1\r\nX: y"},
                                         {.url = "tcp://127.0.0.1"}};
  struct net *net = net_new();
  for (size_t i = 0; i < COUNTOF(requests); i++) {
    struct fail why = {0};
    assert_false(net_send(net, &requests[i], take, NULL, &why));
    assert_int_equal(why.kind, FAIL_CONFIG);
    assert_null(strstr(why.text, "s3cret"));
  }
  net_free(net);
}

static void without_descriptors_a_transfer_has_a_reason_and_the_next_is_well(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  struct rlimit limit, none;
  char url[64];
  server_start(&s, server_answers, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  make_url(url, sizeof url, "http", s.port, "/");
  struct net_request r = PLAIN(url);
  r.once = true;
  struct net *net = net_new();
  assert_int_equal(ask_with(net, &w, &r)->status, 200);
  getrlimit(RLIMIT_NOFILE, &limit);
  none = limit, none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  const struct net_answer *a = ask_with(net, &w, &r);
  setrlimit(RLIMIT_NOFILE, &limit);
  assert_int_equal(a->why.kind, FAIL_SYSTEM);
  assert_non_null(strstr(a->why.text, "no socket can be opened: "));
  assert_int_equal(ask_with(net, &w, &r)->status, 200);
  net_free(net);
  server_stop(&s);
  net_answer_free(w.answer);
}

/* So few files that a loop has little room. Tells what there was before. */
static void few_files(struct rlimit *ret_before) {
  struct rlimit less;
  getrlimit(RLIMIT_NOFILE, ret_before);
  less = *ret_before;
  less.rlim_cur = 700;
  setrlimit(RLIMIT_NOFILE, &less);
}

/* 700 descriptors leave 62 places. */
static void more_than_there_is_room_for_wait_and_what_is_urgent_does_not(void **state) {
  (void)state;
  enum { PLACES = 62, WAIT = 7 };
  struct server mute, good;
  struct waiting hanging = WAITING, late = WAITING, urgent = WAITING;
  struct rlimit limit;
  struct fail why = {0};
  char url[64];
  server_start(&mute, server_is_mute, NULL);
  server_start(&good, server_answers, "HTTP/1.1 204 No\r\n\r\n");
  few_files(&limit);
  struct net *net = net_new();
  make_url(url, sizeof url, "http", mute.port, "/");
  struct net_request r = PLAIN(url);
  for (int i = 0; i < PLACES; i++) assert_true(net_send(net, &r, take, &hanging, &why));
  make_url(url, sizeof url, "http", good.port, "/");
  r.timeout = 100;
  for (int i = 0; i < WAIT; i++) assert_true(net_send(net, &r, take, &late, &why));
  r.urgent = true, r.timeout = 30000;
  assert_int_equal(ask_with(net, &urgent, &r)->status, 204);
  wait_for(&late, WAIT);
  assert_int_equal(late.answer->why.kind, FAIL_LIMIT);
  assert_int_equal(late.good, 0);
  assert_int_equal(hanging.count, 0);
  net_free(net);
  setrlimit(RLIMIT_NOFILE, &limit);
  server_stop(&mute);
  server_stop(&good);
  net_answer_free(late.answer), net_answer_free(urgent.answer);
}

static void who_had_to_wait_for_its_turn_is_not_told_to_be_slow(void **state) {
  (void)state;
  enum { PLACES = 62 };
  struct server mute;
  struct waiting hanging = WAITING, late = WAITING;
  struct rlimit limit;
  struct fail why = {0};
  char url[64];
  server_start(&mute, server_is_mute, NULL);
  few_files(&limit);
  struct net *net = net_new();
  make_url(url, sizeof url, "http", mute.port, "/");
  struct net_request r = PLAIN(url);
  r.timeout = 200;
  for (int i = 0; i < PLACES; i++) assert_true(net_send(net, &r, take, &hanging, &why));
  r.timeout = 300;
  assert_true(net_send(net, &r, take, &late, &why));
  wait_for(&late, 1);
  assert_int_equal(late.answer->why.kind, FAIL_LIMIT);
  net_free(net);
  setrlimit(RLIMIT_NOFILE, &limit);
  server_stop(&mute);
  net_answer_free(late.answer), net_answer_free(hanging.answer);
}

static void *free_answer(void *arg) {
  const struct net_answer *a = arg;
  assert_string_equal(a->body, "ok");
  net_answer_free(a);
  return NULL;
}

static void an_answer_outlives_its_loop_and_ends_on_another_thread(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  pthread_t thread;
  char url[64];
  server_start(&s, server_answers, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  make_url(url, sizeof url, "http", s.port, "/");
  struct net_request r = PLAIN(url);
  const struct net_answer *a = ask(&w, &r);
  server_stop(&s);
  assert_int_equal(pthread_create(&thread, NULL, free_answer, (void *)(uintptr_t)a), 0);
  pthread_join(thread, NULL);
  net_answer_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_gzip_bomb_costs_answer_max),
      cmocka_unit_test(a_packed_body_is_unpacked),
      cmocka_unit_test(a_broken_packing_is_a_reason),
      cmocka_unit_test(headers_without_end_are_a_reason),
      cmocka_unit_test(every_method_is_sent_as_it_is_called),
      cmocka_unit_test(what_would_become_two_headers_is_refused),
      cmocka_unit_test(without_descriptors_a_transfer_has_a_reason_and_the_next_is_well),
      cmocka_unit_test(more_than_there_is_room_for_wait_and_what_is_urgent_does_not),
      cmocka_unit_test(who_had_to_wait_for_its_turn_is_not_told_to_be_slow),
      cmocka_unit_test(an_answer_outlives_its_loop_and_ends_on_another_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
