/* What becomes of a message after each answer: an alert that is dropped for a hiccup, or sent for ever, is found here. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "agent/notify/queue.h"
#include "base/arena.h"
#include "base/attr.h"
#include "tests/unit/notify/examples.h"

#define URL "https://hooks.example/services/T0123456/B7654321/secretsecret"

enum { SLACK, WEBHOOK };

static struct verdict judge(int format, long status, const char *body, enum fail_kind why, int64_t attempts) {
  struct verdict v;
  struct net_answer a = {.status = status, .body = body, .length = strlen(body), .retry_after = 7000};
  if (why) fail(&a.why, why, "cannot reach %s", URL);
  struct {
    const char *url;
  } options = {URL};
  struct receiver_config r = {.service = &formats[format]->service, .name = "r", .options = &options};
  receiver_judge(&r, &a, attempts, &v);
  return v;
}

static void each_answer_decides(void **state) {
  (void)state;
  static const struct {
    long status;
    enum fail_kind why;
    enum outcome outcome;
    enum reason reason;
    msec_t after;
  } cases[] = {
      {200, FAIL_NONE, OUTCOME_DELIVERED, REASON_NONE, -1},
      {202, FAIL_NONE, OUTCOME_DELIVERED, REASON_NONE, -1},
      {204, FAIL_TIMEOUT, OUTCOME_DELIVERED, REASON_NONE, -1}, /* of the body */
      {0, FAIL_RESOLVE, OUTCOME_RETRY, REASON_RESOLVE, -1},
      {0, FAIL_CONNECT, OUTCOME_RETRY, REASON_CONNECT, -1},
      {0, FAIL_TLS, OUTCOME_RETRY, REASON_TLS, -1},
      {0, FAIL_TIMEOUT, OUTCOME_RETRY, REASON_TIMEOUT, -1},
      {0, FAIL_PROTOCOL, OUTCOME_RETRY, REASON_PROTOCOL, -1},
      {100, FAIL_TIMEOUT, OUTCOME_RETRY, REASON_TIMEOUT, -1},
      {301, FAIL_NONE, OUTCOME_RETRY, REASON_REDIRECT, -1},
      {302, FAIL_NONE, OUTCOME_RETRY, REASON_REDIRECT, -1},
      {400, FAIL_NONE, OUTCOME_REFUSED, REASON_REJECTED, -1},
      {401, FAIL_NONE, OUTCOME_REFUSED, REASON_REJECTED, -1},
      {404, FAIL_NONE, OUTCOME_REFUSED, REASON_REJECTED, -1},
      {410, FAIL_NONE, OUTCOME_REFUSED, REASON_REJECTED, -1},
      {408, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, -1},
      {425, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, -1},
      {429, FAIL_NONE, OUTCOME_RETRY, REASON_RATE_LIMITED, 7000},
      {500, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, -1},
      {502, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, -1},
      {503, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, 7000},
      {599, FAIL_NONE, OUTCOME_RETRY, REASON_SERVER_ERROR, -1},
  };
  for (size_t i = 0; i < COUNTOF(cases); i++) {
    struct verdict v = judge(WEBHOOK, cases[i].status, "", cases[i].why, 1000);
    if (v.outcome != cases[i].outcome || v.reason != cases[i].reason || v.retry_after != cases[i].after)
      fail_msg("status %ld: outcome %d, reason %s, after %ld", cases[i].status, v.outcome, reason_name(v.reason),
               (long)v.retry_after);
    assert_true(v.text[0]);
    assert_null(strstr(v.text, "secretsecret"));
  }
}

/* Sent again for ever, a message that may have arrived would fill the channel. */
static void an_answer_that_is_no_acknowledgement_is_doubted_three_times(void **state) {
  (void)state;
  assert_int_equal(judge(SLACK, 200, "ok", FAIL_NONE, 0).outcome, OUTCOME_DELIVERED);
  for (int64_t attempts = 0; attempts < 4; attempts++) {
    struct verdict v = judge(SLACK, 200, "<html>", FAIL_NONE, attempts);
    assert_int_equal(v.outcome, attempts < 2 ? OUTCOME_RETRY : OUTCOME_REFUSED);
    assert_int_equal(v.reason, REASON_NOT_ACCEPTED);
  }
  assert_int_equal(judge(SLACK, 200, "o", FAIL_TIMEOUT, 1000).outcome, OUTCOME_RETRY);
}

static void what_was_answered_is_said_in_one_line_without_the_url(void **state) {
  (void)state;
  struct verdict v = judge(SLACK, 404, " no_service\r\n for /services/T0123456/B7654321/secretsecret \xff\n", FAIL_NONE, 0);
  assert_string_equal(v.text, "answered 404: no_service   for /***/***/***/*** \xEF\xBF\xBD");
  v = judge(SLACK, 0, "", FAIL_CONNECT, 0);
  assert_string_equal(v.text, "gave no answer: cannot reach ***");
  v = judge(SLACK, 302, "", FAIL_NONE, 0);
  assert_string_equal(v.text, "answered 302, a redirect; those are not followed: give the URL that takes messages itself");
}

static void the_messages_of_an_alert_keep_their_order(void **state) {
  (void)state;
  struct notification notes[] = {
      {.id = 1, .fingerprint = 7, .attempts = 5}, {.id = 2, .fingerprint = 7}, {.id = 3, .fingerprint = 8, .attempts = 5},
      {.id = 4, .fingerprint = 9, .attempts = 2}, {.id = 5, .fingerprint = 9},
  };
  assert_int_equal(queue_pick(notes, 0), QUEUE_NONE);
  assert_int_equal(queue_pick(notes, 2), 0);
  assert_int_equal(queue_pick(notes, 3), 0);
  assert_int_equal(queue_pick(notes, COUNTOF(notes)), 3); /* 2 and 5 were never tried, but an older one of their alert waits */
  assert_int_equal(queue_pick(notes + 3, 2), 0);
  assert_int_equal(queue_pick(notes + 4, 1), 0);
}

static void a_dead_receiver_is_asked_ever_more_rarely(void **state) {
  (void)state;
  struct queue q = {0};
  const struct notification tried = {.attempts = 1}, fresh = {0};
  msec_t now = 1000000, span = 1000;
  for (int i = 0; i < 20; i++) {
    struct queue least = q;
    msec_t rest = queue_failed(&q, -1, now, 0.999999);
    assert_true(rest > span - 2 && rest <= span);
    assert_int_equal(queue_failed(&least, -1, now, 0), span / 2);
    assert_int_equal(queue_due(&q, &tried), now + rest);
    assert_int_equal(queue_due(&q, &fresh), now + MIN(rest, FRESH_MAX));
    span = MIN(2 * span, BACKOFF_MAX);
  }
  queue_succeeded(&q);
  assert_int_equal(queue_due(&q, &tried), 0);
  assert_int_equal(queue_failed(&q, -1, now, 0), 500);
}

static void a_receiver_that_asks_for_rest_gets_it(void **state) {
  (void)state;
  struct queue q = {0};
  const struct notification fresh = {0};
  assert_int_equal(queue_failed(&q, 120000, 0, 0), 120000);
  assert_int_equal(queue_due(&q, &fresh), 120000);
  assert_int_equal(queue_failed(&q, INT64_MAX, 0, 0), RETRY_AFTER_MAX);
  assert_int_equal(queue_failed(&q, 0, 0, 0), 2000); /* never faster than without */
}

static void a_message_survives_the_outbox(void **state) {
  (void)state;
  static const double values[] = {0.1, -3e300, NAN, INFINITY};
  for (size_t i = 0; i < COUNTOF(values); i++) {
    struct message m = example_message(i % 2), back;
    struct arena a;
    struct fail why = {0};
    SCOPED(buf_done) struct buf stored;
    arena_init(&a);
    buf_init(&stored, 65536);
    m.value = values[i];
    m.test = i % 2;
    message_store(&stored, &m);
    if (!message_load(stored.data, &a, &back, &why)) fail_msg("%s", why.text);
    assert_true(labels_equal(m.labels, back.labels));
    assert_true(labels_equal(m.annotations, back.annotations));
    assert_true(m.firing == back.firing && m.test == back.test && m.starts_at == back.starts_at && m.ends_at == back.ends_at);
    assert_true(m.value == back.value || (isnan(m.value) && isnan(back.value)));
    assert_string_equal(m.external_url, back.external_url);
    assert_int_equal(back.external_labels->count, 2);
    assert_string_equal(back.external_labels->values[0], "eu");
    arena_done(&a);
    example_done(&m);
  }
}

static void a_stored_message_that_is_torn_is_refused(void **state) {
  (void)state;
  static const char *const torn[] = {"", "{", "[]", "null", "{\"labels\":1}", "{\"labels\":{\"a\":\"b\"}"};
  for (size_t i = 0; i < COUNTOF(torn); i++) {
    struct arena a;
    struct message m;
    struct fail why = {0};
    arena_init(&a);
    assert_false(message_load(torn[i], &a, &m, &why));
    assert_true(why.text[0]);
    arena_done(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_answer_decides),
      cmocka_unit_test(an_answer_that_is_no_acknowledgement_is_doubted_three_times),
      cmocka_unit_test(what_was_answered_is_said_in_one_line_without_the_url),
      cmocka_unit_test(the_messages_of_an_alert_keep_their_order),
      cmocka_unit_test(a_dead_receiver_is_asked_ever_more_rarely),
      cmocka_unit_test(a_receiver_that_asks_for_rest_gets_it),
      cmocka_unit_test(a_message_survives_the_outbox),
      cmocka_unit_test(a_stored_message_that_is_torn_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
