/* The life of a transfer: libcurl tells by its callbacks where it is and what comes in. Whatever a server sends has a cap here. */
#include "agent/net/transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/tls.h"
#include "base/mem.h"

/* Short of what was offered, libcurl ends the transfer: the rest of a body that is too long is not waited for. */
static size_t take_body(char *data, size_t size, size_t count, void *arg) {
  struct transfer *t = arg;
  struct buf *body = &t->answer->body;
  size_t length = size * count, room = body->max - body->length;
  buf_put(body, data, MIN(length, room));
  t->answer->told.cut = length > room;
  return MIN(length, room);
}

static bool is_status_line(const char *line, size_t length) {
  return length > 5 && memcmp(line, "HTTP/", 5) == 0;
}

/* A status line begins the headers anew: of an answer after an interim one, or after a redirect; only that makes new room. */
static size_t take_header(char *line, size_t size, size_t count, void *arg) {
  struct transfer *t = arg;
  struct answer *a = t->answer;
  size_t length = size * count;
  long redirects = 0;
  if (is_status_line(line, length)) {
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    if ((unsigned)redirects > a->told.redirects) t->header_bytes = 0;
    a->told.redirects = (unsigned)redirects;
    buf_clear(&a->headers);
  }
  if (a->told.last != NET_TRANSFER) answer_enter(a, NET_TRANSFER);
  t->header_bytes += length;
  buf_put(&a->headers, line, length);
  if (t->header_bytes <= HEADERS_MAX) return length;
  fail(&a->told.why, FAIL_LIMIT, "the headers of the answer are longer than %d bytes", HEADERS_MAX);
  return 0;
}

/* libcurl asks for addresses as well, those that need no lookup included. */
static int begin_lookup(void *resolver, void *reserved, void *arg) {
  struct transfer *t = arg;
  long redirects = 0;
  (void)resolver, (void)reserved;
  answer_enter(t->answer, NET_RESOLVE);
  curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
  if ((!t->named && redirects == 0) || lookups_may_begin(t->lookups, clock_now())) return 0;
  fail(&t->answer->told.why, FAIL_RESOLVE, "not begun: %d lookups of names hang; the resolver does not answer", LOOKUPS_LEFT_MAX);
  return 1;
}

static void note_address(struct net_answer *told, const struct sockaddr *address) {
  const void *ip = address->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                                                  : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
  if (!inet_ntop(address->sa_family, ip, told->ip, sizeof told->ip)) *told->ip = 0;
}

/* Called for each address that is tried; the connection that was there before a redirect is no more of interest. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  struct transfer *t = arg;
  struct net_answer *told = &t->answer->told;
  (void)purpose;
  answer_enter(t->answer, NET_CONNECT);
  note_address(told, &address->addr);
  told->secure = told->verified = false;
  told->tls_version = told->tls_cipher = "";
  told->chain_not_after = 0;
  told->certificate_count = 0;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE)) fail_errno(&told->why, "no socket can be opened");
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static CURLcode begin_tls(CURL *easy, void *context, void *arg) {
  struct transfer *t = arg;
  (void)easy;
  answer_enter(t->answer, NET_TLS);
  t->answer->told.secure = true;
  if (t->certificates) tls_watch(context, t->answer);
  return CURLE_OK;
}

static void *ssl_of(CURL *easy) {
  struct curl_tlssessioninfo *session = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return NULL;
  return session->backend == CURLSSLBACKEND_OPENSSL ? session->internals : NULL;
}

/* libcurl keeps "Authorization" and "Cookie" from other origins, and every other header goes along; a key may be in any of them. */
static void choose_headers(struct transfer *t) {
  char *url = NULL;
  long redirects = 0;
  curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
  if (redirects == 0 || !t->headers) return;
  curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
  char *origin = url ? request_origin(url) : NULL;
  bool same = origin && t->origin && strcmp(origin, t->origin) == 0;
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, same ? t->headers : t->harmless);
  free(origin);
}

/* The connection is there, and the request goes out next. */
static int begin_request(void *arg, char *peer, char *own, int peer_port, int own_port) {
  struct transfer *t = arg;
  void *ssl = ssl_of(t->easy);
  (void)peer, (void)own, (void)peer_port, (void)own_port;
  answer_enter(t->answer, NET_PROCESSING);
  t->answer->told.why = (struct fail){0}; /* of an address before the one that works */
  t->answer->told.secure = ssl != NULL;
  t->answer->told.verified = ssl && !t->insecure;
  if (ssl) tls_describe(ssl, t->answer, t->certificates);
  choose_headers(t);
  return CURL_PREREQFUNC_OK;
}

#define SET(option, value)                                                                                                         \
  if (curl_easy_setopt(t->easy, option, value) != CURLE_OK) return false

static bool set_callbacks(struct transfer *t) {
  SET(CURLOPT_PRIVATE, t);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, t);
  SET(CURLOPT_HEADERFUNCTION, take_header);
  SET(CURLOPT_HEADERDATA, t);
  SET(CURLOPT_RESOLVER_START_FUNCTION, begin_lookup);
  SET(CURLOPT_RESOLVER_START_DATA, t);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, t);
  SET(CURLOPT_SSL_CTX_FUNCTION, begin_tls);
  SET(CURLOPT_SSL_CTX_DATA, t);
  SET(CURLOPT_PREREQFUNCTION, begin_request);
  SET(CURLOPT_PREREQDATA, t);
  return true;
}

struct transfer *transfer_new(const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
                              struct fail *f) {
  struct transfer *t = mem_zero(sizeof *t);
  *t = (struct transfer){.easy = curl_easy_init(),
                         .answer = answer_new(r->answer_max),
                         .sent = clock_now(),
                         .urgent = r->urgent,
                         .insecure = r->tls.insecure,
                         .certificates = r->certificates,
                         .hear = r->hear,
                         .socket = -1,
                         .done = done,
                         .context = context};
  struct fail why = {0};
  t->deadline = t->sent + r->timeout;
  if (t->easy && set_callbacks(t) && request_apply(r, t, &why)) return t;
  if (why.kind)
    fail(f, why.kind, "%s", why.text);
  else
    fail(f, FAIL_SYSTEM, "libcurl refuses the request");
  transfer_free(t);
  return NULL;
}

void transfer_begin(struct transfer *t, struct lookups *lookups) {
  t->lookups = lookups;
  answer_enter(t->answer, NET_RESOLVE);
}

/* The certificate that expired, the port that is closed, may not be those of the URL that the caller knows. */
static void name_place(struct transfer *t, struct net_answer *told) {
  char *url = NULL;
  curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
  char *origin = url ? request_origin(url) : NULL;
  if (origin) fail_prefix(&told->why, "redirected to %s", origin);
  free(origin);
}

void transfer_tell(struct transfer *t, CURLcode result) {
  struct net_answer *told = &t->answer->told;
  if (result == CURLE_OPERATION_TIMEDOUT && t->lookups && told->last == NET_RESOLVE) lookups_leave(t->lookups, clock_now());
  if (result == CURLE_WRITE_ERROR && told->cut) result = CURLE_OK;
  answer_complete(t->answer, t->easy, result, t->error);
  if (t->connects_only) told->status = 0; /* that of a mail server's greeting is none of ours */
  bool led = told->redirects && result != CURLE_TOO_MANY_REDIRECTS && result != CURLE_URL_MALFORMAT;
  if (told->why.kind && led) name_place(t, told);
  t->done(t->context, told);
}

void transfer_free(struct transfer *t) {
  if (t->easy) curl_easy_cleanup(t->easy);
  curl_slist_free_all(t->headers);
  curl_slist_free_all(t->harmless);
  curl_slist_free_all(t->connect_to);
  free(t->origin);
  free(t->host_header);
  free(t->say);
  net_answer_free(&t->answer->told);
  free(t);
}
