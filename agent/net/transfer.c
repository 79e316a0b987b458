/* A request as libcurl's options, and libcurl's result as an answer. */
#include "agent/net/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"

/* Short of what was offered, libcurl ends the transfer: the rest of a body that is too long is not waited for. */
static size_t take_body(char *data, size_t size, size_t count, void *arg) {
  struct transfer *t = arg;
  size_t length = size * count, room = t->body.max - t->body.length;
  buf_put(&t->body, data, MIN(length, room));
  t->cut = length > room;
  return MIN(length, room);
}

static bool set_headers(struct transfer *t, const char *const *headers) {
  for (size_t i = 0; headers && headers[i]; i++) {
    struct curl_slist *longer = curl_slist_append(t->headers, headers[i]);
    if (!longer) return false;
    t->headers = longer;
  }
  return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

static bool set_body(struct transfer *t, const struct net_request *r) {
  if (!r->body) return true;
  return curl_easy_setopt(t->easy, CURLOPT_POST, 1L) == CURLE_OK &&
         curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_length) == CURLE_OK &&
         curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, r->body) == CURLE_OK;
}

#define SET(option, value)                                                                                                         \
  if (curl_easy_setopt(t->easy, option, value) != CURLE_OK) return false

static bool set_options(struct transfer *t, const struct net_request *r) {
  char agent[64] = "sonde/";
  strncat(agent, version_number(), sizeof agent - sizeof "sonde/");
  SET(CURLOPT_URL, r->url);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_QUICK_EXIT, 1L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout);
  SET(CURLOPT_TIMEOUT_MS, (long)r->timeout);
  SET(CURLOPT_USERAGENT, agent);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, t);
  SET(CURLOPT_PRIVATE, t);
  return true;
}

struct transfer *transfer_new(const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
                              struct fail *f) {
  struct transfer *t = mem_zero(sizeof *t);
  *t = (struct transfer){.easy = curl_easy_init(), .done = done, .context = context};
  buf_init(&t->body, r->answer_max);
  if (t->easy && set_options(t, r) && set_headers(t, r->headers) && set_body(t, r)) return t;
  transfer_free(t);
  fail(f, FAIL_SYSTEM, "libcurl refuses the request");
  return NULL;
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

/* libcurl has "0" for both "at once" and "not there". */
static msec_t retry_after(CURL *easy) {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  return seconds > 0 ? (msec_t)MIN(seconds, (curl_off_t)INT32_MAX) * 1000 : -1;
}

void transfer_tell(struct transfer *t, CURLcode result) {
  struct net_answer a = {.body = t->body.data ? t->body.data : "",
                         .length = t->body.length,
                         .retry_after = retry_after(t->easy),
                         .headers = "",
                         .content_type = ""};
  if (result == CURLE_WRITE_ERROR && t->cut) result = CURLE_OK;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a.status);
  curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME, &a.seconds);
  if (result != CURLE_OK) fail(&a.why, kind_of(result), "%s", *t->error ? t->error : curl_easy_strerror(result));
  t->done(t->context, &a);
}

void transfer_free(struct transfer *t) {
  if (t->easy) curl_easy_cleanup(t->easy);
  curl_slist_free_all(t->headers);
  buf_done(&t->body);
  free(t);
}

/* The answer and its body in one block. */
const struct net_answer *net_answer_keep(const struct net_answer *a) {
  struct net_answer *kept = mem_zero(sizeof *kept + a->length + 1);
  *kept = *a;
  kept->body = memcpy(kept + 1, a->body, a->length);
  return kept;
}

void net_answer_free(const struct net_answer *a) {
  free((void *)(uintptr_t)a);
}
