/* A message on its way to a receiver: see notify/receiver.h. */
#include "notify/receiver.h"

#include "agent/notify/address.h"

enum { CONNECT_MSEC = 5000, TOTAL_MSEC = 10000 };

const char *receiver_url(const struct receiver_config *r) {
  return *(const char *const *)r->options;
}

bool receiver_render(const struct receiver_config *r, const struct message *m, struct buf *out, struct fail *f) {
  struct message own = *m;
  own.receiver = r->name;
  format_of(r->service)->render(out, &own, r->options);
  return !out->overflow || fail(f, FAIL_LIMIT, "the message is larger than %d bytes", BODY_MAX);
}

bool receiver_post(const struct receiver_config *r, const struct buf *body, struct net *net,
                   void (*done)(void *context, const struct net_answer *a), void *context, struct fail *f) {
  struct net_request request = {.url = receiver_url(r),
                                .headers = (const char *const[]){"Content-Type: application/json", NULL},
                                .body = body->data,
                                .body_length = body->length,
                                .connect_timeout = CONNECT_MSEC,
                                .timeout = TOTAL_MSEC,
                                .answer_max = ANSWER_MAX,
                                .urgent = true};
  return net_send(net, &request, done, context, f);
}
