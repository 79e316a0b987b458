/* Redirects: what is followed, what is told of it, and what never reaches another server. */
#include "tests/unit/net/server.h"

/* "/" leads to "/there" on other_port, "/loop" to itself, "/file" to a file; all else is the goal. */
static void leads_on(struct server *s, int fd) {
  char request[4096], answer[512];
  while (server_read(s, fd, request, sizeof request)) {
    const char *path = strchr(request, ' ') + 1;
    if (strncmp(path, "/ ", 2) == 0)
      snprintf(answer, sizeof answer,
               "HTTP/1.1 302 Found\r\nX-Hop: first\r\nSet-Cookie: a=b\r\nLocation: http://127.0.0.1:%d/there\r\nContent-Length: "
               "3\r\n\r\nhop",
               s->other_port ? s->other_port : s->port);
    else if (strncmp(path, "/loop ", 6) == 0)
      snprintf(answer, sizeof answer, "HTTP/1.1 301 Moved\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
    else if (strncmp(path, "/file ", 6) == 0)
      snprintf(answer, sizeof answer, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    else
      snprintf(answer, sizeof answer,
               "HTTP/1.1 200 OK\r\nX-Hop: last\r\nContent-Type: text/x-goal\r\nContent-Length: 4\r\n\r\ngoal");
    server_puts(fd, answer);
  }
}

struct pair {
  struct server first, other;
};

static void pair_start(struct pair *p) {
  server_start(&p->first, leads_on, NULL);
  server_start(&p->other, leads_on, NULL);
  p->first.other_port = p->other.port;
}

static void pair_stop(struct pair *p) {
  server_stop(&p->first);
  server_stop(&p->other);
}

static void a_redirect_leads_to_the_last_answer(void **state) {
  (void)state;
  struct pair p;
  struct waiting w = WAITING;
  char url[64];
  pair_start(&p);
  make_url(url, sizeof url, "http", p.first.port, "/");
  struct net_request r = PLAIN(url);
  r.redirects_max = 1;
  const struct net_answer *a = ask(&w, &r);
  pair_stop(&p);
  assert_int_equal(a->why.kind, FAIL_NONE);
  assert_int_equal(a->status, 200);
  assert_int_equal(a->redirects, 1);
  assert_string_equal(a->body, "goal");
  assert_string_equal(a->content_type, "text/x-goal");
  assert_true(a->content_length == 4);
  assert_non_null(strstr(a->headers, "X-Hop: last"));
  assert_null(strstr(a->headers, "X-Hop: first"));
  net_answer_free(w.answer);
}

static void a_redirect_loop_ends_with_a_sentence(void **state) {
  (void)state;
  struct pair p;
  struct waiting w = WAITING;
  char url[64];
  pair_start(&p);
  make_url(url, sizeof url, "http", p.first.port, "/loop");
  struct net_request r = PLAIN(url);
  r.redirects_max = 5;
  const struct net_answer *a = ask(&w, &r);
  pair_stop(&p);
  assert_int_equal(a->why.kind, FAIL_PROTOCOL);
  assert_string_equal(a->why.text, "redirected more than 5 times");
  assert_int_equal(p.first.requests, 6);
  net_answer_free(w.answer);
}

static void a_redirect_to_a_file_is_not_read(void **state) {
  (void)state;
  struct pair p;
  struct waiting w = WAITING;
  char url[64];
  pair_start(&p);
  make_url(url, sizeof url, "http", p.first.port, "/file");
  struct net_request r = PLAIN(url);
  r.redirects_max = 5;
  const struct net_answer *a = ask(&w, &r);
  pair_stop(&p);
  assert_int_equal(a->why.kind, FAIL_PROTOCOL);
  assert_string_equal(a->why.text, "only redirects to http and https are followed");
  assert_int_equal(a->length, 0);
  net_answer_free(w.answer);
}

static void what_fails_behind_a_redirect_names_the_place_and_is_no_answer_of_the_first(void **state) {
  (void)state;
  struct pair p;
  struct waiting w = WAITING;
  char url[64], begin[80];
  pair_start(&p);
  server_stop(&p.other);
  make_url(url, sizeof url, "http", p.first.port, "/");
  struct net_request r = PLAIN(url);
  r.redirects_max = 1;
  const struct net_answer *a = ask(&w, &r);
  server_stop(&p.first);
  snprintf(begin, sizeof begin, "redirected to http://127.0.0.1:%d: Failed to connect", p.first.other_port);
  assert_int_equal(a->why.kind, FAIL_CONNECT);
  if (strncmp(a->why.text, begin, strlen(begin)) != 0) fail_msg("%s", a->why.text);
  assert_true(a->unanswered);
  assert_int_equal(a->redirects, 1);
  net_answer_free(w.answer);
}

/* One request with each way to be somebody; the first server is to see the secret, the other never. */
static void no_secret_reaches_another_server(void **state) {
  (void)state;
  static const char *const given[] = {"Authorization: Secret s3cret", "X-Api-Key: s3cret",  "Cookie: s=s3cret",
                                      "Proxy-Authorization: s3cret",  "X-Accepted: s3cret", "authorization:s3cret"};
  static const char basic[] = "dTpzM2NyZXQ="; /* u:s3cret */
  enum { WAYS = 9 };
  for (size_t way = 0; way < WAYS; way++) {
    struct pair p;
    struct waiting w = WAITING;
    char url[128];
    const char *headers[] = {way < 6 ? given[way] : "Accept: text/plain", "Accept-Language: sv", NULL};
    pair_start(&p);
    snprintf(url, sizeof url, "http://%s127.0.0.1:%d/", way == 8 ? "u:s3cret@" : "", p.first.port);
    struct net_request r = PLAIN(url);
    r.headers = headers;
    r.redirects_max = 3;
    if (way == 6) r.bearer = "s3cret";
    if (way == 7) r.user = "u", r.password = "s3cret";
    const struct net_answer *a = ask(&w, &r);
    pair_stop(&p);
    assert_int_equal(a->status, 200);
    if (!strstr(p.first.seen, way < 7 ? "s3cret" : basic)) fail_msg("way %zu: was not sent at all: %s", way, p.first.seen);
    if (strstr(p.other.seen, "s3cret") || strstr(p.other.seen, basic)) fail_msg("way %zu: was sent on: %s", way, p.other.seen);
    assert_non_null(strstr(p.other.seen, "Accept-Language: sv"));
    assert_null(strstr(p.other.seen, "a=b"));
    net_answer_free(w.answer);
  }
}

static void who_redirects_to_itself_is_given_the_login_again(void **state) {
  (void)state;
  struct server s;
  struct waiting w = WAITING;
  static const char *const headers[] = {"X-Api-Key: k3y", NULL};
  char url[64];
  server_start(&s, leads_on, NULL);
  make_url(url, sizeof url, "http", s.port, "/");
  struct net_request r = PLAIN(url);
  r.headers = headers;
  r.bearer = "s3cret";
  r.redirects_max = 3;
  const struct net_answer *a = ask(&w, &r);
  server_stop(&s);
  assert_int_equal(a->status, 200);
  const char *second = strstr(s.seen, "GET /there");
  assert_non_null(second);
  assert_non_null(strstr(second, "Authorization: Bearer s3cret"));
  assert_non_null(strstr(second, "X-Api-Key: k3y"));
  assert_null(strstr(second, "a=b"));
  assert_int_equal(s.count, 1);
  net_answer_free(w.answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_redirect_leads_to_the_last_answer),
      cmocka_unit_test(a_redirect_loop_ends_with_a_sentence),
      cmocka_unit_test(a_redirect_to_a_file_is_not_read),
      cmocka_unit_test(what_fails_behind_a_redirect_names_the_place_and_is_no_answer_of_the_first),
      cmocka_unit_test(no_secret_reaches_another_server),
      cmocka_unit_test(who_redirects_to_itself_is_given_the_login_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
