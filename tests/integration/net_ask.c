/* Sends what is on standard input, a JSON array of requests, one after the other through one loop (those with "together" at once), and prints the
 * answers as a JSON array: how the tests look at agent/net alone. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "net/net.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;

static const char *text(json_t *o, const char *key) {
  return json_string_value(json_object_get(o, key));
}

static bool flag(json_t *o, const char *key) {
  return json_is_true(json_object_get(o, key));
}

static long number(json_t *o, const char *key, long otherwise) {
  json_t *value = json_object_get(o, key);
  return value ? (long)json_integer_value(value) : otherwise;
}

static json_t *certificates_of(const struct net_answer *a) {
  json_t *all = json_array();
  for (size_t i = 0; i < a->certificate_count; i++) {
    const struct net_certificate *c = &a->certificates[i];
    json_array_append_new(all, json_pack("{ss ss ss ss ss sf}", "subject", c->subject, "issuer", c->issuer, "serial", c->serial,
                                         "alternatives", c->alternatives, "sha256", c->sha256, "not_after", c->not_after));
  }
  return all;
}

static json_t *phases_of(const struct net_answer *a) {
#define X(phase, name) name,
  static const char *const names[] = {NET_PHASES(X)};
#undef X
  json_t *all = json_object();
  for (int i = 0; i < NET_PHASE_COUNT; i++) json_object_set_new(all, names[i], json_real(a->phases[i]));
  json_object_set_new(all, "last", json_string(names[a->last]));
  return all;
}

static void done(void *context, const struct net_answer *a) {
  json_t *answer = json_pack("{si ss# sb ss ss sf sf si ss sb ss ss sb sf so so ss ss}", "status", (int)a->status, "body", a->body,
                             a->length, "cut", a->cut, "headers", a->headers, "content_type", a->content_type, "content_length",
                             a->content_length, "http_version", a->http_version, "redirects", (int)a->redirects, "ip", a->ip,
                             "secure", a->secure, "tls_version", a->tls_version, "tls_cipher", a->tls_cipher, "verified",
                             a->verified, "chain_not_after", a->chain_not_after, "certificates", certificates_of(a), "phases",
                             phases_of(a), "why", fail_kind_name(a->why.kind), "text", a->why.text);
  pthread_mutex_lock(&lock);
  *(json_t **)context = answer ? answer : json_string("no answer can be shown");
  pthread_cond_signal(&came);
  pthread_mutex_unlock(&lock);
}

static void send_one(struct net *net, json_t *o, json_t **slot) {
  const char *headers[16] = {0};
  json_t *given = json_object_get(o, "headers");
  for (size_t i = 0; i < json_array_size(given) && i < 15; i++) headers[i] = json_string_value(json_array_get(given, i));
  struct net_request r = {.url = text(o, "url"),
                          .method = text(o, "method"),
                          .headers = headers,
                          .body = text(o, "body"),
                          .body_length = text(o, "body") ? strlen(text(o, "body")) : 0,
                          .say = text(o, "say"),
                          .hear = flag(o, "hear"),
                          .user = text(o, "user"),
                          .password = text(o, "password"),
                          .bearer = text(o, "bearer"),
                          .tls = {.ca_file = text(o, "ca_file"),
                                  .cert_file = text(o, "cert_file"),
                                  .key_file = text(o, "key_file"),
                                  .server_name = text(o, "server_name"),
                                  .insecure = flag(o, "insecure")},
                          .connect_timeout = number(o, "connect_timeout", 20000),
                          .timeout = number(o, "timeout", 20000),
                          .answer_max = (size_t)number(o, "answer_max", 65536),
                          .redirects_max = (unsigned)number(o, "redirects_max", 0),
                          .ip = (int)number(o, "ip", 0),
                          .compressed = flag(o, "compressed"),
                          .once = flag(o, "once"),
                          .certificates = flag(o, "certificates")};
  struct fail why = {0};
  if (!net_send(net, &r, done, slot, &why)) *slot = json_pack("{ss ss}", "why", fail_kind_name(why.kind), "text", why.text);
}

static void wait_for(json_t **slot) {
  pthread_mutex_lock(&lock);
  while (!*slot) pthread_cond_wait(&came, &lock);
  pthread_mutex_unlock(&lock);
}

int main(void) {
  json_error_t error;
  json_t *requests = json_loadf(stdin, 0, &error), *answers = json_array();
  if (!requests) return fprintf(stderr, "%s\n", error.text), 2;
  size_t count = json_array_size(requests);
  json_t **slots = mem_zero((count + 1) * sizeof *slots);
  struct net *net = net_new();
  for (size_t i = 0; i < count; i++) {
    send_one(net, json_array_get(requests, i), &slots[i]);
    if (!flag(json_array_get(requests, i), "together")) wait_for(&slots[i]);
  }
  for (size_t i = 0; i < count; i++) {
    wait_for(&slots[i]);
    json_array_append_new(answers, slots[i]);
  }
  net_free(net);
  json_dumpf(answers, stdout, 0);
  json_decref(answers), json_decref(requests);
  free(slots);
  return 0;
}
