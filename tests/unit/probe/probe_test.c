/* One probe: what is asked, how the answer is judged and told, and what is counted. */
#include "tests/unit/probe/fixture.h"

static void what_is_configured_is_what_is_asked(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: 'https://me:hunter2@shop.example/a', method: PUT, body: '{}', headers: {Accept: text/plain, "
                               "X-Key: k}, redirects: 3,\n"
                               "  compressed: on, body_max: 2KB, ip: 6, ca_file: /ca, cert_file: /c, key_file: /k, server_name: n, "
                               "insecure_skip_verify: on}");
  const struct net_request *r = &t.request;
  assert_string_equal(r->url, "https://shop.example/a");
  assert_string_equal(r->method, "PUT");
  assert_string_equal(r->body, "{}");
  assert_int_equal(r->body_length, 2);
  assert_string_equal(r->headers[0], "Accept: text/plain");
  assert_string_equal(r->headers[1], "X-Key: k");
  assert_null(r->headers[2]);
  assert_string_equal(r->user, "me");
  assert_string_equal(r->password, "hunter2");
  assert_null(r->bearer);
  assert_string_equal(r->tls.ca_file, "/ca");
  assert_string_equal(r->tls.server_name, "n");
  assert_true(r->tls.insecure && r->compressed && r->once && r->certificates);
  assert_int_equal(r->redirects_max, 3);
  assert_int_equal(r->answer_max, 2048);
  assert_int_equal(r->ip, 6);
  assert_true(r->timeout == 8000 && r->connect_timeout == 8000);
  trial_end(&t);
}

static void a_port_is_asked_with_and_without_tls(void **state) {
  (void)state;
  struct trial t = trial_begin("{tcp: 'db-1:6379', send: \"PING\\r\\n\", expect: PONG}");
  assert_string_equal(t.request.url, "tcp://db-1:6379");
  assert_string_equal(t.request.say, "PING\r\n");
  assert_true(t.request.hear);
  trial_end(&t);
  t = trial_begin("{tcp: 'db-1:6379', tls: on}");
  assert_string_equal(t.request.url, "tls://db-1:6379");
  assert_false(t.request.hear);
  trial_end(&t);
}

static void an_answer_is_shown_as_blackbox_exporter_shows_it(void **state) {
  (void)state;
  struct trial t = trial_begin("http: http://h/");
  struct net_answer a = answer(200, "hello");
  a.headers = "HTTP/1.1 200 OK\r\nlast-modified:  Sat, 21 Nov 2026 08:22:21 GMT \r\n\r\n";
  a.redirects = 2;
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_success", 1);
  assert_value(&t, "probe_duration_seconds", 0.25);
  assert_value(&t, "probe_timeout_seconds", 8);
  assert_value(&t, "probe_dns_lookup_time_seconds", 0.01);
  assert_value(&t, "probe_ip_protocol", 4);
  assert_value(&t, "probe_ip_addr_hash", 3668918509); /* of 127.0.0.1, as blackbox_exporter 0.23 has it */
  assert_value(&t, "probe_http_duration_seconds{phase=\"processing\"}", 0.2);
  assert_value(&t, "probe_http_duration_seconds{phase=\"tls\"}", 0);
  assert_value(&t, "probe_http_status_code", 200);
  assert_value(&t, "probe_http_content_length", 5);
  assert_value(&t, "probe_http_uncompressed_body_length", 5);
  assert_value(&t, "probe_http_redirects", 2);
  assert_value(&t, "probe_http_ssl", 0);
  assert_value(&t, "probe_http_version", 1.1);
  assert_value(&t, "probe_http_last_modified_timestamp_seconds", 1795249341);
  assert_value(&t, "probe_failed_due_to_regex", 0);
  assert_value(&t, "probe_ssl_earliest_cert_expiry", NAN);
  trial_end(&t);
}

static struct net_answer secure(const struct net_certificate *certificates, size_t count) {
  struct net_answer a = answer(200, "");
  a.secure = true;
  a.tls_version = "TLS 1.3";
  a.tls_cipher = "TLS_AES_256_GCM_SHA384";
  a.verified = true;
  a.certificates = certificates;
  a.certificate_count = count;
  a.chain_not_after = 2000;
  return a;
}

static void an_extra_certificate_that_expired_does_not_end_the_chain(void **state) {
  (void)state;
  static const struct net_certificate shown[] = {{"CN=shop", "CN=R1", "0a", "DNS:shop", "ab", 3000},
                                                 {"CN=R1", "CN=Root", "0b", "", "cd", 2000},
                                                 {"CN=Old", "CN=Older", "0c", "", "ef", 1}};
  struct trial t = trial_begin("http: https://h/");
  struct net_answer a = secure(shown, COUNTOF(shown));
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_ssl_earliest_cert_expiry", 1);
  assert_value(&t, "probe_ssl_leaf_cert_expiry", 3000);
  assert_value(&t, "probe_ssl_last_chain_expiry_timestamp_seconds", 2000);
  assert_value(&t, "probe_ssl_verified", 1);
  assert_value(&t, "probe_http_ssl", 1);
  assert_value(&t, "probe_tls_version_info{version=\"TLS 1.3\"}", 1);
  assert_value(&t, "probe_tls_cipher_info{cipher=\"TLS_AES_256_GCM_SHA384\"}", 1);
  assert_value(&t,
               "probe_ssl_last_chain_info{fingerprint_sha256=\"ab\",issuer=\"CN=R1\",serialnumber=\"0a\",subject=\"CN=shop\","
               "subjectalternative=\"DNS:shop\"}",
               1);
  trial_end(&t);
}

static void a_certificate_that_expired_is_said_and_its_date_shown(void **state) {
  (void)state;
  struct net_certificate leaf = {"CN=shop", "CN=shop", "0a", "", "ab", floor(clock_wall()) - 3 * 86400 - 100};
  struct trial t = trial_begin("http: https://h/");
  struct net_answer a = secure(&leaf, 1);
  a.status = 0;
  a.verified = false;
  a.chain_not_after = 0;
  fail(&a.why, FAIL_TLS, "SSL certificate problem: certificate has expired");
  assert_false(trial_read(&t, &a));
  assert_int_equal(t.why.kind, FAIL_TLS);
  assert_string_equal(t.why.text, "the certificate expired 3 days ago");
  assert_value(&t, "probe_ssl_earliest_cert_expiry", leaf.not_after);
  assert_value(&t, "probe_ssl_verified", 0);
  assert_value(&t, "probe_ssl_last_chain_expiry_timestamp_seconds", NAN);
  assert_value(&t, "probe_http_ssl", 0);
  assert_value(&t, "probe_failures_total{reason=\"tls\"}", 1);
  trial_end(&t);
}

static void it_is_said_which_certificate_expired_and_where(void **state) {
  (void)state;
  double now = floor(clock_wall());
  struct net_certificate shown[] = {{"CN=shop", "CN=R1", "0a", "", "ab", now + 86400},
                                    {"CN=R1", "CN=Root", "0b", "", "cd", now - 90000}};
  struct trial t = trial_begin("{http: https://h/, insecure_skip_verify: on}");
  struct net_answer a = secure(shown, COUNTOF(shown));
  a.status = 0;
  fail(&a.why, FAIL_TLS, "redirected to https://b:443: SSL certificate problem: certificate has expired");
  assert_false(trial_read(&t, &a));
  assert_string_equal(
      t.why.text, "redirected to https://b:443: the certificate of CN=R1, which the server shows with its own, expired 1 day ago");
  /* Here an expired one was accepted; the trouble is another. */
  fail(&a.why, FAIL_TLS, "TLS handshake: tlsv13 alert certificate required");
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "TLS handshake: tlsv13 alert certificate required");
  trial_end(&t);
}

static void a_redirect_that_led_nowhere_has_no_status_as_with_blackbox_exporter(void **state) {
  (void)state;
  struct trial t = trial_begin("http: http://h/");
  struct net_answer a = answer(302, "");
  a.headers = "HTTP/1.1 302 Found\r\nLocation: http://there/\r\n\r\n";
  a.redirects = 1;
  a.unanswered = true;
  fail(&a.why, FAIL_CONNECT, "redirected to http://there:80: Connection refused");
  assert_false(trial_read(&t, &a));
  assert_value(&t, "probe_http_redirects", 1);
  assert_value(&t, "probe_http_status_code", 0);
  assert_value(&t, "probe_http_content_length", 0);
  assert_value(&t, "probe_http_version", 0);
  assert_value(&t, "probe_failures_total{reason=\"connect\"}", 1);
  trial_end(&t);
}

static void who_is_asked_for_by_another_name_shows_the_certificate_of_it(void **state) {
  (void)state;
  static const struct {
    const char *target, *name;
  } table[] = {
      {"{http: 'https://10.0.0.1/', headers: {host: 'shop.example:8443'}}", "shop.example"},
      {"{http: 'https://10.0.0.1/', headers: {Host: shop.example}, server_name: other}", "other"},
      {"{http: 'http://10.0.0.1/', headers: {Host: shop.example}}", NULL},
      {"{http: 'https://10.0.0.1/'}", NULL},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct trial t = trial_begin(table[i].target);
    const char *name = t.request.tls.server_name;
    if (table[i].name ? !name || strcmp(name, table[i].name) != 0 : name != NULL) fail_msg("%s: %s", table[i].target, name);
    trial_end(&t);
  }
}

static void what_kept_the_answer_from_coming_is_the_reason(void **state) {
  (void)state;
  static const struct {
    enum fail_kind kind;
    long status;
    const char *series;
  } table[] = {
      {FAIL_RESOLVE, 0, "probe_failures_total{reason=\"resolve\"}"},
      {FAIL_CONNECT, 0, "probe_failures_total{reason=\"connect\"}"},
      {FAIL_TLS, 0, "probe_failures_total{reason=\"tls\"}"},
      {FAIL_TIMEOUT, 0, "probe_failures_total{reason=\"timeout\"}"},
      {FAIL_TIMEOUT, 302, "probe_failures_total{reason=\"timeout\"}"},
      {FAIL_PROTOCOL, 200, "probe_failures_total{reason=\"protocol\"}"},
      {FAIL_PROTOCOL, 302, "probe_failures_total{reason=\"redirect\"}"},
      {FAIL_LIMIT, 302, "probe_failures_total{reason=\"redirect\"}"},
      {FAIL_UNSUPPORTED, 302, "probe_failures_total{reason=\"redirect\"}"},
      {FAIL_SYSTEM, 0, "probe_failures_total{reason=\"other\"}"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct trial t = trial_begin("http: h");
    struct net_answer a = answer(table[i].status, "");
    fail(&a.why, table[i].kind, "because");
    assert_false(trial_read(&t, &a));
    assert_int_equal(t.why.kind, table[i].kind);
    assert_string_equal(t.why.text, "because");
    assert_value(&t, table[i].series, 1);
    assert_value(&t, "probe_success", 0);
    trial_end(&t);
  }
}

static void each_expectation_fails_with_its_reason_and_a_sentence(void **state) {
  (void)state;
  static const struct {
    const char *options, *body;
    long status;
    const char *reason, *sentence;
    int regex;
  } table[] = {
      {"{}", "hello", 200, NULL, NULL, 0},
      {"{}", "  <h1>Service\n\tUnavailable</h1> ", 503, "status", "answered 503: \"Service Unavailable\"", 0},
      {"{}", "", 404, "status", "answered 404", 0},
      {"{}", "", 199, "status", "answered 199", 0},
      {"{status: [404, 5xx]}", "", 404, NULL, NULL, 0},
      {"{status: [404, 5xx]}", "", 502, NULL, NULL, 0},
      {"{status: [404, 5xx]}", "", 200, "status", "answered 200", 0},
      {"{http_version: [1.0, 1.1]}", "", 200, NULL, NULL, 0},
      {"{http_version: 2}", "", 200, "version", "answered with HTTP/1.1, not 2", 0},
      {"{tls: required}", "", 200, "tls", "the connection is not TLS, which expect.tls requires", 0},
      {"{tls: forbidden}", "", 200, NULL, NULL, 0},
      {"{headers: {content-type: json$}}", "", 200, NULL, NULL, 0},
      {"{headers: {Content-Type: ^text}}", "", 200, "header", "the header Content-Type does not match ^text", 1},
      {"{headers: {Server: x}}", "", 200, "header", "there is no header Server", 1},
      {"{headers_not: {Server: x}}", "", 200, NULL, NULL, 0},
      {"{headers_not: {Content-Type: json}}", "", 200, "header", "the header Content-Type matches json, which it should not", 1},
      {"{body: [hel+o, ^h]}", "hello", 200, NULL, NULL, 0},
      {"{body: [hel+o, ^e]}", "hello", 200, "body", "the body does not match ^e: \"hello\"", 1},
      {"{body_not: [x, ello]}", "hello", 200, "body", "the body should not match ello: \"hello\"", 1},
      {"{json: $.a == 1}", "{\"a\": 2}", 200, "json", "$.a is 2, not 1", 0},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    char target[256], series[128];
    snprintf(target, sizeof target, "{http: shop.example, expect: %s}", table[i].options);
    struct trial t = trial_begin(target);
    struct net_answer a = answer(table[i].status, table[i].body);
    if (trial_read(&t, &a) != !table[i].reason) fail_msg("%s: %s", target, t.why.text);
    if (table[i].reason) assert_string_equal(t.why.text, table[i].sentence);
    snprintf(series, sizeof series, "probe_failures_total{reason=\"%s\"}", table[i].reason ? table[i].reason : "status");
    assert_value(&t, series, table[i].reason ? 1 : 0);
    assert_value(&t, "probe_success", table[i].reason ? 0 : 1);
    assert_value(&t, "probe_failed_due_to_regex", table[i].regex);
    trial_end(&t);
  }
}

static void a_redirect_that_is_not_followed_is_named(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: shop.example, redirects: 0}");
  struct net_answer a = answer(301, "");
  a.headers = "HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n";
  assert_false(trial_read(&t, &a));
  assert_value(&t, "probe_http_redirects", 1);
  assert_string_equal(t.why.text, "answered 301, a redirect, which is not followed");
  trial_end(&t);
}

static void a_body_that_is_too_long_or_packed_is_a_reason(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: shop.example, body_max: 2KB, expect: {body: x}}");
  struct net_answer a = answer(200, "x");
  a.cut = true;
  assert_false(trial_read(&t, &a));
  assert_int_equal(t.why.kind, FAIL_LIMIT);
  assert_string_equal(t.why.text, "the body is longer than 2 KB (body_max)");
  a.cut = false;
  a.headers = "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n";
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "the body is packed though that was not offered; set compressed: on");
  a.headers = "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n";
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_failures_total{reason=\"limit\"}", 1);
  assert_value(&t, "probe_failures_total{reason=\"protocol\"}", 1);
  trial_end(&t);
}

static void a_pattern_that_would_search_for_ever_fails_the_probe_and_does_not_pass_it(void **state) {
  (void)state;
  size_t length = 1 << 20;
  SCOPED(mem_free) char *body = mem_zero(length + 1);
  memset(body, 'a', length);
  struct trial t = trial_begin("{http: shop.example, body_max: 4MB, expect: {body_not: '(a+)+b'}}");
  struct net_answer a = answer(200, body);
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "it takes too long to search the body for (a+)+b; write it simpler");
  trial_end(&t);
}

static void no_sentence_shows_a_secret_that_the_server_sends_back(void **state) {
  (void)state;
  static const char *const targets[] = {
      "{http: 'http://me:hunter2!@shop.example/'}",
      "{http: shop.example, user: me, password: hunter2!}",
      "{http: shop.example, bearer: hunter2!}",
      "{http: shop.example, headers: {X-Key: hunter2!}}",
  };
  for (size_t i = 0; i < COUNTOF(targets); i++) {
    struct trial t = trial_begin(targets[i]);
    struct net_answer a = answer(403, "wrong key hunter2! for you");
    assert_false(trial_read(&t, &a));
    assert_string_equal(t.why.text, "answered 403: \"wrong key *** for you\"");
    trial_end(&t);
  }
}

static void no_part_and_no_form_of_a_secret_is_shown_either(void **state) {
  (void)state;
  static const struct {
    const char *target, *body;
  } table[] = {
      {"{http: h, user: me, password: hunter2!}", "Authorization: Basic bWU6aHVudGVyMiE="},
      {"{http: h, user: u, password: hunter2!x}", "Authorization: Basic dTpodW50ZXIyIXg="},
      {"{http: h, user: u, password: hunter2!}", "Authorization: Basic dTpodW50ZXIyIQ=="},
      {"http: 'http://h/?api_key=hunter%32!'", "no such key: hunter2!"},
      {"http: 'http://h/?a=b&token=hunter2!&c=d'", "no such key: hunter2!"},
      {"{http: h, headers: {Authorization: Bearer hunter2!}}", "no such key: hunter2!"},
      {"{http: h, bearer: hunter2!-and-more}",
       "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890 hunter2!-and-more"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct trial t = trial_begin(table[i].target);
    struct net_answer a = answer(403, table[i].body);
    assert_false(trial_read(&t, &a));
    if (!strstr(t.why.text, "***") || strstr(t.why.text, "hunt") || strstr(t.why.text, "aHVud") || strstr(t.why.text, "dTpod"))
      fail_msg("%s: %s", table[i].target, t.why.text);
    trial_end(&t);
  }
}

static void binary_bodies_are_not_quoted_and_long_ones_are_cut(void **state) {
  (void)state;
  char body[300];
  struct trial t = trial_begin("http: shop.example");
  struct net_answer a = answer(500, "a");
  a.body = "a\0b";
  a.length = 3;
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "answered 500");
  memset(body, 'x', sizeof body);
  a.body = body;
  a.length = sizeof body;
  assert_false(trial_read(&t, &a));
  assert_int_equal(strlen(t.why.text), strlen("answered 500: \"…\"") + 100);
  a = answer(500, "\x1B[31mred\xFF");
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "answered 500: \"[31mred\xEF\xBF\xBD\"");
  trial_end(&t);
}

static void counters_go_on_from_probe_to_probe(void **state) {
  (void)state;
  struct trial t = trial_begin("http: shop.example");
  struct net_answer a = answer(200, "");
  assert_true(trial_read(&t, &a));
  a.seconds = 7;
  assert_true(trial_read(&t, &a));
  a = answer(500, "");
  a.seconds = 60;
  assert_false(trial_read(&t, &a));
  assert_value(&t, "probe_all_success_count", 3);
  assert_value(&t, "probe_all_success_sum", 2);
  assert_value(&t, "probe_all_duration_seconds_count", 3);
  assert_value(&t, "probe_all_duration_seconds_sum", 67.25);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"0.1\"}", 0);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"0.25\"}", 1);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"5.0\"}", 1);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"10.0\"}", 2);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"30.0\"}", 2);
  assert_value(&t, "probe_all_duration_seconds_bucket{le=\"+Inf\"}", 3);
  assert_value(&t, "probe_http_responses_total{code_class=\"2xx\"}", 2);
  assert_value(&t, "probe_http_responses_total{code_class=\"5xx\"}", 1);
  assert_value(&t, "probe_failures_total{reason=\"status\"}", 1);
  assert_value(&t, "probe_failures_total{reason=\"connect\"}", 0);
  trial_end(&t);
}

static void a_port_answers_what_is_expected_or_it_is_said(void **state) {
  (void)state;
  struct trial t = trial_begin("{tcp: 'db-1:6379', send: \"PING\\r\\n\", expect: ^\\+PONG}");
  struct net_answer a = answer(0, "+PONG\r\n");
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_success", 1);
  assert_value(&t, "probe_http_status_code", NAN);
  assert_value(&t, "probe_http_responses_total{code_class=\"2xx\"}", NAN);
  a = answer(0, "-NOAUTH Authentication required.\r\n");
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "answered \"-NOAUTH Authentication required.\", which does not match ^\\+PONG");
  assert_value(&t, "probe_failed_due_to_regex", 1);
  a = answer(0, "");
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "answered nothing, which does not match ^\\+PONG");
  assert_value(&t, "probe_failures_total{reason=\"body\"}", 2);
  trial_end(&t);
}

static void an_agent_that_ends_counts_no_failure(void **state) {
  (void)state;
  struct trial t = trial_begin("http: shop.example");
  struct net_answer a = answer(0, "");
  fail(&a.why, FAIL_STOPPED, "the agent is ending");
  assert_false(t.collector->read(t.state, &a, &t.poll, &t.why));
  assert_null(t.poll.sections[0]);
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_configured_is_what_is_asked),
      cmocka_unit_test(a_port_is_asked_with_and_without_tls),
      cmocka_unit_test(an_answer_is_shown_as_blackbox_exporter_shows_it),
      cmocka_unit_test(an_extra_certificate_that_expired_does_not_end_the_chain),
      cmocka_unit_test(a_certificate_that_expired_is_said_and_its_date_shown),
      cmocka_unit_test(it_is_said_which_certificate_expired_and_where),
      cmocka_unit_test(a_redirect_that_led_nowhere_has_no_status_as_with_blackbox_exporter),
      cmocka_unit_test(who_is_asked_for_by_another_name_shows_the_certificate_of_it),
      cmocka_unit_test(what_kept_the_answer_from_coming_is_the_reason),
      cmocka_unit_test(each_expectation_fails_with_its_reason_and_a_sentence),
      cmocka_unit_test(a_redirect_that_is_not_followed_is_named),
      cmocka_unit_test(a_body_that_is_too_long_or_packed_is_a_reason),
      cmocka_unit_test(a_pattern_that_would_search_for_ever_fails_the_probe_and_does_not_pass_it),
      cmocka_unit_test(no_sentence_shows_a_secret_that_the_server_sends_back),
      cmocka_unit_test(no_part_and_no_form_of_a_secret_is_shown_either),
      cmocka_unit_test(binary_bodies_are_not_quoted_and_long_ones_are_cut),
      cmocka_unit_test(counters_go_on_from_probe_to_probe),
      cmocka_unit_test(a_port_answers_what_is_expected_or_it_is_said),
      cmocka_unit_test(an_agent_that_ends_counts_no_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
