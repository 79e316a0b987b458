/* One thread, one multi handle. A caller builds its transfer completely and hands it over in a list; from then on it belongs to the loop, so that
 * no handle is ever touched by two threads. Nothing here blocks: names are resolved by libcurl's own threads, which QUICK_EXIT leaves behind when
 * they hang (without it, ending a transfer waits for its resolver). */
#include "net/net.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "agent/net/transfer.h"
#include "base/mem.h"

enum { IDLE_MSEC = 3600000, CONNECTIONS_KEPT = 8 };

struct net {
  pthread_mutex_t lock; /* of what follows */
  bool stopping, running;
  struct transfer *fresh; /* handed over, newest first */
  CURLM *multi;           /* made once; other threads only wake it */
  pthread_t thread;
  struct transfer *active; /* the loop's own */
};

struct net *net_new(void) {
  struct net *n = mem_zero(sizeof *n);
  pthread_mutex_init(&n->lock, NULL);
  return n;
}

static bool is_stopping(struct net *n) {
  pthread_mutex_lock(&n->lock);
  bool stopping = n->stopping;
  pthread_mutex_unlock(&n->lock);
  return stopping;
}

static void link_active(struct net *n, struct transfer *t) {
  t->next = n->active;
  n->active = t;
}

static void unlink_active(struct net *n, const struct transfer *t) {
  struct transfer **at = &n->active;
  while (*at != t) at = &(*at)->next;
  *at = t->next;
}

static void finish(struct net *n, struct transfer *t, CURLcode result) {
  unlink_active(n, t);
  if (!is_stopping(n)) transfer_tell(t, result);
  transfer_free(t);
}

static void take_fresh(struct net *n) {
  pthread_mutex_lock(&n->lock);
  struct transfer *list = n->fresh;
  n->fresh = NULL;
  pthread_mutex_unlock(&n->lock);
  while (list) {
    struct transfer *t = list;
    list = t->next;
    link_active(n, t);
    if (curl_multi_add_handle(n->multi, t->easy) != CURLM_OK) finish(n, t, CURLE_OUT_OF_MEMORY);
  }
}

static void finish_ended(struct net *n) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(n->multi, &left))) {
    struct transfer *t = NULL;
    CURLcode result = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    curl_multi_remove_handle(n->multi, t->easy);
    finish(n, t, result);
  }
}

static void *loop(void *arg) {
  struct net *n = arg;
  int running;
  while (!is_stopping(n)) {
    take_fresh(n);
    curl_multi_perform(n->multi, &running);
    finish_ended(n);
    curl_multi_poll(n->multi, NULL, 0, IDLE_MSEC, NULL); /* shorter where a transfer has a timer */
  }
  return NULL;
}

/* With n->lock held. */
static bool start(struct net *n, struct fail *f) {
  if (n->running) return true;
  if (!n->multi && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) n->multi = curl_multi_init();
  if (!n->multi) return fail(f, FAIL_SYSTEM, "libcurl cannot be started");
  curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
  if (pthread_create(&n->thread, NULL, loop, n)) return fail(f, FAIL_SYSTEM, "no thread can be started for transfers");
  n->running = true;
  return true;
}

bool net_send(struct net *n, const struct net_request *r, void (*done)(void *context, const struct net_answer *a), void *context,
              struct fail *f) {
  pthread_mutex_lock(&n->lock);
  bool good = !n->stopping ? start(n, f) : fail(f, FAIL_STOPPED, "the agent is ending");
  pthread_mutex_unlock(&n->lock);
  struct transfer *t = good ? transfer_new(r, done, context, f) : NULL;
  if (!t) return false;
  pthread_mutex_lock(&n->lock);
  good = !n->stopping;
  if (good) {
    t->next = n->fresh;
    n->fresh = t;
    curl_multi_wakeup(n->multi);
  }
  pthread_mutex_unlock(&n->lock);
  if (good) return true;
  transfer_free(t);
  return fail(f, FAIL_STOPPED, "the agent is ending");
}

void net_stop(struct net *n) {
  pthread_mutex_lock(&n->lock);
  n->stopping = true;
  bool running = n->running;
  n->running = false;
  if (running) curl_multi_wakeup(n->multi);
  pthread_mutex_unlock(&n->lock);
  if (running) pthread_join(n->thread, NULL);
}

void net_free(struct net *n) {
  if (!n) return;
  net_stop(n);
  take_fresh(n);
  while (n->active) {
    struct transfer *t = n->active;
    n->active = t->next;
    curl_multi_remove_handle(n->multi, t->easy);
    transfer_free(t);
  }
  if (n->multi) curl_multi_cleanup(n->multi);
  pthread_mutex_destroy(&n->lock);
  free(n);
}
