/* libcurl's result as an answer. The phases are our own stamps, not libcurl's timers: those leave out what a redirect, a connection used again or a
 * failure did not reach, so that a phase in which something hung would be told as another. */
#include "agent/net/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct answer *answer_new(size_t body_max) {
  struct answer *a = mem_zero(sizeof *a);
  a->told =
      (struct net_answer){.body = "", .headers = "", .content_type = "", .tls_version = "", .tls_cipher = "", .retry_after = -1};
  a->told.content_length = -1;
  atomic_init(&a->references, 1);
  arena_init(&a->arena);
  buf_init(&a->body, body_max);
  buf_init(&a->headers, HEADERS_MAX);
  return a;
}

void answer_enter(struct answer *a, enum net_phase phase) {
  double now = clock_seconds(), span = now - a->since;
  if (a->since > 0) a->told.phases[a->told.last] += span, a->told.seconds += span;
  a->since = now;
  a->told.last = phase;
}

static enum fail_kind kind_of(CURLcode result) {
  switch (result) {
  case CURLE_OK:
    return FAIL_NONE;
  case CURLE_URL_MALFORMAT:
    return FAIL_CONFIG;
  case CURLE_COULDNT_RESOLVE_HOST:
    return FAIL_RESOLVE;
  case CURLE_OPERATION_TIMEDOUT:
    return FAIL_TIMEOUT;
  case CURLE_USE_SSL_FAILED:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CERTPROBLEM:
    return FAIL_TLS;
  case CURLE_COULDNT_CONNECT:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_PARTIAL_FILE:
    return FAIL_CONNECT;
  case CURLE_OUT_OF_MEMORY:
    return FAIL_SYSTEM;
  default:
    return FAIL_PROTOCOL;
  }
}

static const char *const in_phase[NET_PHASE_COUNT] = {
    [NET_RESOLVE] = "while its name was looked up",
    [NET_CONNECT] = "while connecting",
    [NET_TLS] = "in the TLS handshake",
    [NET_PROCESSING] = "while waiting for the answer",
    [NET_TRANSFER] = "while reading the answer",
};

/* To libcurl all of these are trouble while receiving. With TLS 1.3 a server refuses our certificate, or that there is none, only after the
 * handshake. */
static enum fail_kind kind_of_receiving(const char *error) {
  if (strstr(error, "SSL_read: ") && strstr(error, " alert ")) return FAIL_TLS;
  return strstr(error, "chunked-encoding") ? FAIL_PROTOCOL : FAIL_CONNECT;
}

/* libcurl's sentence without what says nothing to people: "OpenSSL SSL_connect: error:0A00010B:SSL routines::wrong version number". */
static const char *plain_words(const char *error, char *out, size_t size) {
  const char *reason = strstr(error, "SSL routines::");
  if (strstr(error, "SSL_connect: SSL_ERROR_SYSCALL")) return "TLS handshake: the connection was closed";
  if (!reason) return strncmp(error, "getpeername()", 13) == 0 ? "" : error; /* how it looked at what was no more there */
  reason += strlen("SSL routines::");
  bool plain = strncmp(reason, "wrong version number", 20) == 0; /* of what came in place of a handshake */
  snprintf(out, size, "TLS handshake: %.*s", (int)strcspn(reason, ","), plain ? "the answer is no TLS" : reason);
  return out;
}

/* "Failed to connect to example.org port 80 after 3 ms: Couldn't connect to server": the system knows more. */
static void say_unconnected(struct net_answer *told, CURL *easy, const char *error) {
  long code = 0;
  const char *cause = strrchr(error, ':');
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
  if (told->last == NET_RESOLVE)
    fail(&told->why, FAIL_RESOLVE, "its name has no address of the IP version that is asked for");
  else if (cause && code)
    fail(&told->why, FAIL_CONNECT, "%.*s: %s", (int)(cause - error), error, strerror((int)code));
  else
    fail(&told->why, FAIL_CONNECT, "%s", *error ? error : "no connection could be made");
}

/* Who had to wait for longer than he then took is not to blame. */
static void say_late(struct answer *a) {
  struct net_answer *told = &a->told;
  if (a->waited > told->seconds)
    fail(&told->why, FAIL_LIMIT,
         "no time was left %s: for %.3g s it had waited while as many transfers were under way as there may be",
         in_phase[told->last], a->waited);
  else
    fail(&told->why, FAIL_TIMEOUT, "no time was left %s (after %.3g s)", in_phase[told->last], told->seconds);
}

static void say_why(struct answer *a, CURL *easy, CURLcode result, const char *error) {
  char words[CURL_ERROR_SIZE];
  struct net_answer *told = &a->told;
  enum fail_kind kind = result == CURLE_RECV_ERROR ? kind_of_receiving(error) : kind_of(result);
  error = plain_words(error, words, sizeof words);
  if (result == CURLE_OPERATION_TIMEDOUT)
    say_late(a);
  else if (result == CURLE_COULDNT_CONNECT)
    say_unconnected(told, easy, error);
  else if (result == CURLE_OUT_OF_MEMORY && told->last >= NET_PROCESSING) /* what libcurl calls it; ours ends the program */
    fail(&told->why, FAIL_LIMIT, "a line of the answer's headers is longer than %d bytes", CURL_MAX_HTTP_HEADER);
  else if (result == CURLE_WRITE_ERROR) /* what libcurl calls it; our own cuts are no failures */
    fail(&told->why, kind, "the compressed answer goes on behind its end");
  else if (result == CURLE_USE_SSL_FAILED)
    fail(&told->why, kind, "the server offers no STARTTLS");
  else if (result == CURLE_TOO_MANY_REDIRECTS)
    fail(&told->why, kind, "redirected more than %u times", told->redirects);
  else if (result == CURLE_SSL_CACERT_BADFILE && strchr(error, ':'))
    fail(&told->why, kind, "no certificate can be read from the ca_file%s", strchr(error, ':'));
  else if (result == CURLE_SSL_CERTPROBLEM && strstr(error, "private key file"))
    fail(&told->why, kind, "the key_file cannot be read, or is not the key of the cert_file (%s)", error);
  else if (result == CURLE_UNSUPPORTED_PROTOCOL && told->unanswered)
    fail(&told->why, kind, "only redirects to http and https are followed");
  else
    fail(&told->why, kind, "%s", *error ? error : curl_easy_strerror(result));
}

/* libcurl has "0" for both "at once" and "not there". */
static msec_t retry_after(CURL *easy) {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  return seconds > 0 ? (msec_t)MIN(seconds, (curl_off_t)INT32_MAX) * 1000 : -1;
}

static double http_version(CURL *easy) {
  long version = CURL_HTTP_VERSION_NONE;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  switch (version) {
  case CURL_HTTP_VERSION_1_0:
    return 1.0;
  case CURL_HTTP_VERSION_1_1:
    return 1.1;
  case CURL_HTTP_VERSION_2_0:
    return 2;
  case CURL_HTTP_VERSION_3:
    return 3;
  default:
    return 0;
  }
}

static void tell_http(struct answer *a, CURL *easy) {
  struct net_answer *told = &a->told;
  const char *type = NULL;
  curl_off_t length = -1;
  long redirects = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &told->status);
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects);
  if (type) told->content_type = arena_copy(&a->arena, type);
  told->content_length = (double)length;
  told->unanswered = (unsigned)redirects > told->redirects;
  told->redirects = (unsigned)redirects;
  told->http_version = http_version(easy);
  told->retry_after = retry_after(easy);
}

void answer_complete(struct answer *a, CURL *easy, CURLcode result, const char *error) {
  struct net_answer *told = &a->told;
  const char *ip = NULL;
  answer_enter(a, told->last);
  tell_http(a, easy);
  curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
  if (ip && *ip && strlen(ip) < sizeof told->ip) memcpy(told->ip, ip, strlen(ip) + 1);
  if (a->body.data) told->body = a->body.data;
  if (a->headers.data) told->headers = a->headers.data;
  told->length = a->body.length;
  if (result != CURLE_OK && !told->why.kind) say_why(a, easy, result, error);
}

const struct net_answer *net_answer_keep(const struct net_answer *told) {
  struct answer *a = (struct answer *)told;
  atomic_fetch_add(&a->references, 1);
  return told;
}

void net_answer_free(const struct net_answer *told) {
  struct answer *a = (struct answer *)told;
  if (!a || atomic_fetch_sub(&a->references, 1) > 1) return;
  buf_done(&a->body);
  buf_done(&a->headers);
  arena_done(&a->arena);
  free(a);
}
