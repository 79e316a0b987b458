/* Status codes judged: see notify/receiver.h. What may pass by itself is tried again; what the receiver refuses is not; and a 2xx that is no acknowledgement is
 * tried a few times only, since the message may well have arrived. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agent/notify/address.h"
#include "base/text.h"
#include "notify/receiver.h"

enum { DOUBTFUL_ATTEMPTS = 3, QUOTE_MAX = 200 };

#define X(reason, name) [reason] = name,
static const char *const reason_names[] = {REASONS(X)};
#undef X

const char *reason_name(enum reason reason) {
  return reason_names[reason];
}

static enum reason reason_of_failure(enum fail_kind kind) {
  switch (kind) {
  case FAIL_RESOLVE:
    return REASON_RESOLVE;
  case FAIL_CONNECT:
    return REASON_CONNECT;
  case FAIL_TLS:
    return REASON_TLS;
  case FAIL_TIMEOUT:
    return REASON_TIMEOUT;
  default:
    return REASON_PROTOCOL;
  }
}

void receiver_quote(const struct receiver_config *r, const struct net_answer *a, struct buf *out, size_t max) {
  char text[ANSWER_MAX + 1];
  size_t length = MIN(a->length, ANSWER_MAX);
  memcpy(text, a->body, length);
  text[length] = 0;
  for (size_t i = 0; i < length; i++)
    if (iscntrl((unsigned char)text[i])) text[i] = ' ';
  address_scrub(text, receiver_url(r));
  size_t start = strspn(text, " "), end = strlen(text);
  while (end > start && text[end - 1] == ' ') end--;
  text_clean(out, text + start, end - start, max);
}

static void say_status(struct verdict *v, const struct receiver_config *r, const struct net_answer *a, const char *what) {
  SCOPED(buf_done) struct buf quote;
  buf_init(&quote, 2048);
  receiver_quote(r, a, &quote, QUOTE_MAX);
  snprintf(v->text, sizeof v->text, "answered %ld%s%s%s", a->status, what, quote.length ? ": " : "",
           quote.length ? quote.data : "");
}

static void judge_success(struct verdict *v, const struct receiver_config *r, const struct net_answer *a, int64_t attempts) {
  const struct format *format = format_of(r->service);
  if (!format->accepted || format->accepted(a)) {
    v->outcome = OUTCOME_DELIVERED;
    snprintf(v->text, sizeof v->text, "answered %ld", a->status);
    return;
  }
  bool whole = a->why.kind == FAIL_NONE;
  v->reason = whole ? REASON_NOT_ACCEPTED : reason_of_failure(a->why.kind);
  v->outcome = whole && attempts + 1 >= DOUBTFUL_ATTEMPTS ? OUTCOME_REFUSED : OUTCOME_RETRY;
  say_status(v, r, a, whole ? ", but with a body that is no acknowledgement" : ", but its body did not come");
}

static void judge_no_answer(struct verdict *v, const struct receiver_config *r, const struct net_answer *a) {
  v->outcome = OUTCOME_RETRY;
  v->reason = reason_of_failure(a->why.kind);
  snprintf(v->text, sizeof v->text, "gave no answer: %s", a->why.text);
  address_scrub(v->text, receiver_url(r));
}

static void judge_status(struct verdict *v, const struct receiver_config *r, const struct net_answer *a) {
  bool later = a->status == 408 || a->status == 425 || a->status >= 500;
  if (a->status == 429) {
    *v = (struct verdict){.outcome = OUTCOME_RETRY, .reason = REASON_RATE_LIMITED, .retry_after = a->retry_after};
    say_status(v, r, a, ", too many messages");
  } else if (a->status < 400) {
    *v = (struct verdict){.outcome = OUTCOME_RETRY, .reason = REASON_REDIRECT, .retry_after = -1};
    snprintf(v->text, sizeof v->text, "answered %ld, a redirect; those are not followed: give the URL that takes messages itself",
             a->status);
  } else if (later) {
    *v = (struct verdict){.outcome = OUTCOME_RETRY, .reason = REASON_SERVER_ERROR, .retry_after = -1};
    if (a->status == 503) v->retry_after = a->retry_after;
    say_status(v, r, a, "");
  } else {
    *v = (struct verdict){.outcome = OUTCOME_REFUSED, .reason = REASON_REJECTED, .retry_after = -1};
    say_status(v, r, a, "");
  }
}

void receiver_judge(const struct receiver_config *r, const struct net_answer *a, int64_t attempts, struct verdict *ret) {
  *ret = (struct verdict){.retry_after = -1};
  if (a->status < 200)
    judge_no_answer(ret, r, a);
  else if (a->status < 300)
    judge_success(ret, r, a, attempts);
  else
    judge_status(ret, r, a);
}
