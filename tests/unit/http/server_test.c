/* The whole server over loopback and a unix socket: what scrapers get, and what hostile clients do not. */
#include "../test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "fixture.h"
#include "http/server.h"

#define ANSWER_MAX (4u << 20)
#define SCRAPERS   4
#define SCRAPES    150

static struct fixture fixture;
static struct server *server;
static struct slot *postgres;
static uint16_t port;
static char folder[] = "/tmp/sonde-server-XXXXXX";
static char unix_address[64], own_path[64];

static int start(void **state) {
  (void)state;
  fixture_open(&fixture);
  postgres = fixture_publish(&fixture, "main", FIXTURE_UP, 1);
  fixture_publish(&fixture, "cache/10.0.0.1:6379", FIXTURE_DOWN, 1);
  fixture_publish(&fixture, "sonde", FIXTURE_UP, 1);
  const char *listen[] = {unix_address, "127.0.0.1:0"};
  struct fail why;
  server = server_start(&(struct server_config){&(struct strings){listen, 2}, "/metrics", own_path, fixture.store}, &why);
  if (!server) return print_error("%s\n", why.text), -1;
  server_expect(server, 2, 7);
  port = (uint16_t)atoi(strrchr(server_address(server, 1), ':') + 1);
  return 0;
}

static int stop(void **state) {
  (void)state;
  server_stop(server);
  fixture_close(&fixture);
  return 0;
}

/* A client. */

/* Connected from 127.0.0.`from`. A test that waits for an answer in vain fails after a minute. */
static int dial(unsigned from) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000000u + from)};
  struct sockaddr_in remote = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  struct timeval minute = {.tv_sec = 60};
  assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&remote, sizeof remote), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute), 0);
  return fd;
}

static int dial_path(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un remote = {.sun_family = AF_UNIX};
  snprintf(remote.sun_path, sizeof remote.sun_path, "%s", path);
  assert_int_equal(connect(fd, (struct sockaddr *)&remote, sizeof remote), 0);
  return fd;
}

static int dial_unix(void) {
  return dial_path(unix_address + 5);
}

/* Sends bytes and reads until the server closes; a refusal may come before all is sent. free() the result. */
static char *talk(int fd, const void *bytes, size_t length) {
  send(fd, bytes, length, MSG_NOSIGNAL);
  struct buf answer;
  buf_init(&answer, ANSWER_MAX);
  buf_puts(&answer, "");
  for (;;) {
    ssize_t n = recv(fd, buf_room(&answer, 65536), 65536, 0);
    if (n <= 0) break;
    buf_added(&answer, (size_t)n);
  }
  close(fd);
  return answer.data;
}

static char *ask(int fd, const char *request) {
  return talk(fd, request, strlen(request));
}

/* The whole answer to a GET with these header lines. */
static char *get(const char *path, const char *headers) {
  char request[1024];
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: web-1:80\r\nConnection: close\r\n%s\r\n", path, headers);
  return ask(dial(1), request);
}

static int status_of(const char *answer) {
  return strncmp(answer, "HTTP/1.1 ", 9) ? 0 : atoi(answer + 9);
}

static const char *body_of(const char *answer) {
  const char *end = strstr(answer, "\r\n\r\n");
  return end ? end + 4 : "";
}

static bool says(const char *path, const char *headers, int status, const char *text) {
  char *answer = get(path, headers);
  bool ok = status_of(answer) == status && strstr(answer, text);
  if (!ok) print_error("%s: %s\n", path, answer);
  free(answer);
  return ok;
}

static bool still_serves(void) {
  return says("/metrics", "", 200, "fixture_value{target=\"main\"} 1\n");
}

/* The tests. */

static void every_page_is_there(void **state) {
  (void)state;
  assert_true(still_serves());
  assert_true(says("/metrics?x=1", "", 200, "text/plain; version=0.0.4; charset=utf-8"));
  assert_true(says("/metrics", "Accept: application/openmetrics-text\r\n", 200, "# EOF\n"));
  assert_true(says("/metrics", "Accept-Encoding: gzip\r\n", 200, "Content-Encoding: gzip"));
  assert_true(says("/targets/main/metrics", "", 200, "\nfixture_value 1\n"));
  assert_true(says("/targets/main/health", "", 200, "\r\n\r\nok\n"));
  assert_true(says("/targets/cache/10.0.0.1:6379/metrics", "", 200, "\nfixture_value 1\n"));
  assert_true(says("/targets/cache%2F10.0.0.1%3A6379/health", "", 503, "\r\n\r\ndown: cache/10.0.0.1:6379: the login"));
  assert_true(says("/sd", "", 200, "application/json"));
  assert_true(says("/health", "", 503, "\"status\":\"down\""));
  assert_true(says("/-/healthy", "", 200, "healthy"));
  assert_true(says("/-/ready", "", 200, "ready"));
  assert_true(says("/", "", 200, "Content-Security-Policy: default-src 'none'"));
}

static void what_is_not_there_says_where_to_look(void **state) {
  (void)state;
  assert_true(says("/metric", "", 404, "no such page; /"));
  assert_true(says("/targets/nobody/metrics", "", 404, "/sd"));
  assert_true(says("/targets/nobody/health", "", 404, "/sd"));
  assert_true(says("/metrics/", "", 404, "no such page"));
  assert_true(says("/metrics%00", "", 400, "cannot be read"));
  assert_true(says("/%zz", "", 400, "cannot be read"));
}

static void publish_probe(const char *name, const char *instance) {
  struct identity *id = identity_new(name, "http", "blackbox", instance);
  struct batch *b = batch_new(id, 1);
  identity_unref(id);
  b->sections[0] = fixture_section("probe", &fixture_value, 5);
  b->polled = b->up = true;
  slot_publish(fixture.slots[fixture.count++] = store_add(fixture.store), b);
}

static void blackbox_users_find_what_is_configured_by_name_and_by_url(void **state) {
  (void)state;
  publish_probe("shop", "https://shop.example/health?deep=1");
  assert_true(says("/probe?target=shop", "", 200, "\nfixture_value 5\n"));
  assert_true(says("/probe?module=http_2xx&target=https%3A%2F%2Fshop.example%2Fhealth%3Fdeep%3D1", "", 200, "\nfixture_value 5\n"));
  assert_true(says("/probe?target=https://shop.example/health%3Fdeep=1&debug=true", "", 200, "\nfixture_value 5\n"));
  assert_true(says("/probe?target=shop", "Accept: application/openmetrics-text\r\n", 200, "# EOF\n"));
  assert_true(says("/probe?target=main", "", 200, "\nfixture_value 1\n"));
}

static void nobody_can_make_us_probe_what_is_not_configured(void **state) {
  (void)state;
  assert_true(says("/probe?target=http://127.0.0.1:80/", "", 404, "no other is probed"));
  assert_true(says("/probe?target=https://shop.example/health", "", 404, "no other is probed"));
  assert_true(says("/probe?target=", "", 404, "no other is probed"));
  assert_true(says("/probe", "", 400, "/probe?target=NAME"));
  assert_true(says("/probe?target", "", 400, "/probe?target=NAME"));
  assert_true(says("/probe?target=a%00b", "", 400, "cannot be read"));
  assert_true(says("/probe?target=%zz", "", 400, "cannot be read"));
}

static void not_ready_until_every_target_was_polled(void **state) {
  (void)state;
  server_expect(server, 3, 7);
  assert_true(says("/-/ready", "", 503, "not ready"));
  fixture_publish(&fixture, "third", FIXTURE_STARTING, 1);
  assert_true(says("/-/ready", "", 503, "not ready"));
  assert_true(says("/targets/third/health", "", 503, "starting: "));
  slot_publish(fixture.slots[fixture.count - 1], fixture_batch("third", FIXTURE_DOWN, 1));
  assert_true(says("/-/ready", "", 200, "ready"));
}

static void a_target_shows_the_process_that_is_asked_once(void **state) {
  (void)state;
  assert_true(says("/targets/main/metrics", "", 200, "\nprocess_open_fds 7\n"));
  char *self = get("/targets/sonde/metrics", "");
  char *first = strstr(self, "\nprocess_open_fds 7\n");
  assert_non_null(first);
  assert_null(strstr(first + 1, "\nprocess_open_fds "));
  free(self);
}

static void head_tells_the_length_and_sends_nothing(void **state) {
  (void)state;
  char *whole = get("/metrics", "");
  char *head = ask(dial(1), "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  char length[64];
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body_of(whole)));
  assert_int_equal(status_of(head), 200);
  assert_non_null(strstr(head, length));
  assert_string_equal(body_of(head), "");
  free(whole);
  free(head);
}

static void other_methods_are_told_what_is_allowed(void **state) {
  (void)state;
  static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "get"};
  for (size_t i = 0; i < COUNTOF(methods); i++) {
    char request[128];
    snprintf(request, sizeof request, "%s /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
             methods[i]);
    char *answer = ask(dial(1), request);
    assert_int_equal(status_of(answer), 405);
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    free(answer);
  }
}

static void pipelined_requests_are_answered_in_order(void **state) {
  (void)state;
  char *answer = ask(dial(1), "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const char *first = strstr(answer, "\r\n\r\nhealthy\n"), *last = strstr(answer, "\r\n\r\nready\n");
  const char *middle = strstr(answer, "404");
  assert_true(first && middle && last && first < middle && middle < last);
  free(answer);
}

static void a_body_is_not_taken_for_a_request(void **state) {
  (void)state;
  static const char inner[] = "GET /sd HTTP/1.1\r\nHost: x\r\n\r\n";
  char request[256];
  snprintf(request, sizeof request, "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
           strlen(inner), inner);
  char *answer = ask(dial(1), request);
  assert_int_equal(status_of(answer), 200);
  assert_null(strstr(answer, "application/json"));
  free(answer);
}

static void garbage_is_refused_and_harms_nobody(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
  } rows[] = {
#define ROW(text) {text, sizeof(text) - 1}
      ROW("GET\r\n\r\n"),
      ROW("GET /metrics\r\n\r\n"),
      ROW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS for a plain server\r\n\r\n"),
      ROW("GET /met\0rics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
      ROW("GET /nope HTTP/1.1\r\nHost: x\0y\r\nX\0: y\r\nConnection: close\r\n\r\n"),
      ROW("GET http://x/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
      ROW("GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
      ROW("GET /nope HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n"),
      ROW("POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n"),
      ROW("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n"),
      ROW("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n"),
#undef ROW
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    int fd = dial(1);
    send(fd, rows[i].bytes, rows[i].length, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char *answer = talk(fd, "", 0);
    int status = status_of(answer);
    if (*answer && (status < 400 || status >= 600)) print_error("row %zu: %s\n", i, answer);
    assert_true(!*answer || (status >= 400 && status < 600));
    free(answer);
  }
  assert_true(still_serves());
}

static void an_endless_header_is_refused(void **state) {
  (void)state;
  static char request[65536 + 64];
  int n = snprintf(request, sizeof request, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ");
  memset(request + n, 'a', 65536);
  char *answer = talk(dial(1), request, (size_t)n + 65536);
  assert_true(!*answer || status_of(answer) == 431);
  free(answer);
  n = snprintf(request, sizeof request, "GET /");
  memset(request + n, 'a', 65536);
  answer = talk(dial(1), request, (size_t)n + 65536);
  assert_true(!*answer || status_of(answer) == 414 || status_of(answer) == 431);
  free(answer);
  assert_true(still_serves());
}

static void tricklers_do_not_stop_a_scrape(void **state) {
  (void)state;
  int fds[200];
  for (size_t i = 0; i < COUNTOF(fds); i++) {
    fds[i] = dial(i % 2 ? 1 : 2); /* the scraper's own address too */
    assert_true(send(fds[i], "GET /metrics HTTP/1.1\r\nX: ", 26, MSG_NOSIGNAL) == 26);
  }
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < COUNTOF(fds); i++) send(fds[i], "a", 1, MSG_NOSIGNAL);
    assert_true(still_serves());
  }
  for (size_t i = 0; i < COUNTOF(fds); i++) close(fds[i]);
}

static void a_request_in_single_bytes_is_answered(void **state) {
  (void)state;
  static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  int fd = dial(1);
  for (size_t i = 0; i + 1 < strlen(request); i++) assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
  char *answer = talk(fd, request + strlen(request) - 1, 1);
  assert_int_equal(status_of(answer), 200);
  free(answer);
}

static void a_client_that_leaves_early_harms_nobody(void **state) {
  (void)state;
  static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
  struct linger reset = {.l_onoff = 1};
  for (int i = 0; i < 50; i++) {
    int fd = dial(1);
    send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    if (i % 2) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
  }
  assert_true(still_serves());
}

static void discovery_answers_with_the_host_the_client_used(void **state) {
  (void)state;
  char bound[64];
  snprintf(bound, sizeof bound, "\"targets\":[\"%s\"]", server_address(server, 1));
  assert_true(says("/sd", "", 200, "\"targets\":[\"web-1:80\"]"));
  char *answer = ask(dial(1), "GET /sd HTTP/1.1\r\nHost: \"],evil\r\nConnection: close\r\n\r\n");
  assert_non_null(strstr(answer, bound));
  free(answer);
  answer = ask(dial_unix(), "GET /sd HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n");
  assert_non_null(strstr(answer, bound));
  free(answer);
}

static void a_proxy_does_not_make_strangers_local(void **state) {
  (void)state;
  assert_true(says("/targets/cache/10.0.0.1:6379/health", "", 503, "refused"));
  assert_true(says("/targets/cache/10.0.0.1:6379/health", "X-Forwarded-For: 203.0.113.7\r\n", 503, "\r\n\r\ndown: auth\n"));
  assert_true(says("/targets/cache/10.0.0.1:6379/health", "Forwarded: for=203.0.113.7\r\n", 503, "\r\n\r\ndown: auth\n"));
  char *answer = ask(dial_unix(), "GET /targets/cache/10.0.0.1:6379/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert_non_null(strstr(answer, "refused"));
  free(answer);
}

static void the_status_is_for_who_owns_the_agent(void **state) {
  (void)state;
  static const char request[] = "GET /api/agent/status HTTP/1.0\r\nHost: sonde\r\n\r\n";
  char *answer = ask(dial_path(own_path), request);
  assert_non_null(strstr(answer, "\"sentence\":\"cache/10.0.0.1:6379: the login"));
  assert_non_null(strstr(answer, "\"digest\":\"0000000000000007\""));
  free(answer);
  answer = ask(dial_unix(), request);
  assert_int_equal(status_of(answer), 403);
  free(answer);
  assert_true(says("/api/agent/status", "", 403, "sonde check"));
}

/* Two agents with one folder: the second must go on, and must not take the first one's socket along when it ends. */
static void a_second_agent_goes_on_without_the_socket(void **state) {
  (void)state;
  const char *listen[] = {"127.0.0.1:0"};
  struct fail why;
  struct server *second =
      server_start(&(struct server_config){&(struct strings){listen, 1}, "/metrics", own_path, fixture.store}, &why);
  assert_non_null(second);
  server_stop(second);
  close(dial_path(own_path));
}

static void an_address_in_use_leaves_nothing_open(void **state) {
  (void)state;
  const char *listen[] = {"127.0.0.1:0", server_address(server, 1)};
  struct fail why;
  assert_null(server_start(&(struct server_config){&(struct strings){listen, 2}, "/metrics", NULL, fixture.store}, &why));
  assert_non_null(strstr(why.text, server_address(server, 1)));
  assert_non_null(strstr(why.text, "--web.listen-address"));
  assert_null(server_address(server, 2));
}

/* Each scraper must see whole pages whose value never runs backwards, and in the end the last one. */

static atomic_bool publishing;

static double scrape_value(void) {
  char *answer = get("/targets/main/metrics", "Accept: application/openmetrics-text\r\n");
  const char *value = strstr(answer, "\nfixture_value ");
  size_t length = strlen(answer);
  double seen = value && length > 6 && !strcmp(answer + length - 6, "# EOF\n") ? atof(value + strlen("\nfixture_value ")) : -1;
  free(answer);
  return seen;
}

static void *scraper(void *ok) {
  double last = 0;
  for (int i = 0; i < SCRAPES; i++) {
    double seen = scrape_value();
    if (seen < last) *(bool *)ok = false;
    last = seen;
    free(get(i % 2 ? "/metrics" : "/", ""));
  }
  return NULL;
}

static void *publisher(void *ok) {
  (void)ok;
  for (int i = 2; publishing; i++) {
    slot_publish(postgres, fixture_batch("main", FIXTURE_UP, i));
    usleep(200);
  }
  slot_publish(postgres, fixture_batch("main", FIXTURE_UP, 1e9));
  return NULL;
}

static void scrapes_while_publishing_are_whole_and_fresh(void **state) {
  (void)state;
  pthread_t scrapers[SCRAPERS], publishes;
  bool ok[SCRAPERS];
  publishing = true;
  assert_int_equal(pthread_create(&publishes, NULL, publisher, NULL), 0);
  for (int i = 0; i < SCRAPERS; i++) {
    ok[i] = true;
    assert_int_equal(pthread_create(&scrapers[i], NULL, scraper, &ok[i]), 0);
  }
  for (int i = 0; i < SCRAPERS; i++) pthread_join(scrapers[i], NULL);
  publishing = false;
  pthread_join(publishes, NULL);
  for (int i = 0; i < SCRAPERS; i++) assert_true(ok[i]);
  assert_true(scrape_value() == 1e9);
}

static int make_folder(void **state) {
  (void)state;
  snprintf(unix_address, sizeof unix_address, "unix:%s/sock", mkdtemp(folder));
  snprintf(own_path, sizeof own_path, "%s/sonde.sock", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_page_is_there),
      TEST(what_is_not_there_says_where_to_look),
      TEST(blackbox_users_find_what_is_configured_by_name_and_by_url),
      TEST(nobody_can_make_us_probe_what_is_not_configured),
      TEST(not_ready_until_every_target_was_polled),
      TEST(a_target_shows_the_process_that_is_asked_once),
      TEST(head_tells_the_length_and_sends_nothing),
      TEST(other_methods_are_told_what_is_allowed),
      TEST(pipelined_requests_are_answered_in_order),
      TEST(a_body_is_not_taken_for_a_request),
      TEST(garbage_is_refused_and_harms_nobody),
      TEST(an_endless_header_is_refused),
      TEST(tricklers_do_not_stop_a_scrape),
      TEST(a_request_in_single_bytes_is_answered),
      TEST(a_client_that_leaves_early_harms_nobody),
      TEST(discovery_answers_with_the_host_the_client_used),
      TEST(a_proxy_does_not_make_strangers_local),
      TEST(the_status_is_for_who_owns_the_agent),
      TEST(a_second_agent_goes_on_without_the_socket),
      TEST(an_address_in_use_leaves_nothing_open),
      TEST(scrapes_while_publishing_are_whole_and_fresh),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
