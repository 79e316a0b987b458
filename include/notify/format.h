/* What is said about an alert, and how each service wants to hear it. Pure: values in, bytes out. */
#ifndef SONDE_NOTIFY_FORMAT_H
#define SONDE_NOTIFY_FORMAT_H

#include "config/kind.h"
#include "metric/labels.h"
#include "net/net.h"

/* What a message is about. */
struct message {
  const char *receiver;                      /* its name; set by receiver_render() */
  bool firing;                               /* else resolved */
  bool test;                                 /* a marked test of the receiver */
  const struct labels *labels, *annotations; /* without the external labels */
  int64_t starts_at, ends_at;                /* milliseconds since 1970; ends_at 0 while firing */
  double value;                              /* NaN when unknown */
  const char *external_url;                  /* where the agent's own page is; "" when unknown */
  const struct pairs *external_labels;
};

/* A service: one file in agent/notify/formats/ that ends in one of these, one line in formats.c. All of them are sent as JSON by POST. */
struct format {
  struct service service; /* its option struct begins with `const char *url` */
  void (*render)(struct buf *out, const struct message *m, const void *options);
  /* Whether an answer with a 2xx status means delivered; NULL: always. */
  bool (*accepted)(const struct net_answer *a);
};
extern const struct format *const formats[]; /* ended by NULL */

/* The format that contains this service. */
const struct format *format_of(const struct service *service);
/* The services of all formats, for config_load(); *ret_count says how many. */
const struct service *const *format_services(size_t *ret_count);

/* Appends the JSON that is kept in the outbox. The receiver is not in it. */
void message_store(struct buf *out, const struct message *m);
/* Reads it back; everything lives in `a`. False with a sentence. */
bool message_load(const char *json, struct arena *a, struct message *ret, struct fail *f) MUST_CHECK;

#endif
