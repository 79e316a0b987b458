/* Pages as applications show them, and worse ones: what becomes of them, and what is said. */
#include "tests/unit/probe/fixture.h"

#define TARGET "{name: app, metrics: 'http://app:5000/metrics'"
#define TEXT   "text/plain; version=0.0.4; charset=utf-8"
#define OM     "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum { SCRAPE, METRICS };

static struct trial begin(const char *target) {
  struct trial t = trial_begin(target);
  t.poll.due = 3;
  return t;
}

static void end(struct trial *t) {
  section_unref(t->poll.sections[METRICS]);
  trial_end(t);
}

static struct net_answer page(const char *content_type, const char *body) {
  struct net_answer a = answer(200, body);
  a.content_type = content_type;
  return a;
}

static bool read_answer(struct trial *t, const struct net_answer *a) {
  t->why = (struct fail){0};
  for (size_t i = 0; i < 2; i++) {
    t->poll.fails[i] = (struct fail){0};
    section_unref(t->poll.sections[i]);
    t->poll.sections[i] = NULL;
  }
  bool up = t->collector->read(t->state, a, &t->poll, &t->why);
  assert_true(up == (t->why.kind == FAIL_NONE));
  assert_true(up == (t->poll.sections[SCRAPE] != NULL) && up == (t->poll.sections[METRICS] != NULL));
  return up;
}

static void take(struct trial *t, const char *content_type, const char *body) {
  struct net_answer a = page(content_type, body);
  if (!read_answer(t, &a)) fail_msg("%s", t->why.text);
}

/* The sentence about a page that cannot be read. */
static const char *refused(struct trial *t, const char *content_type, const char *body) {
  struct net_answer a = page(content_type, body);
  if (read_answer(t, &a)) fail_msg("it was read: %s", body);
  return t->why.text;
}

/* What the section holds, a line a sample, as "type name{labels} value". */
static const char *content(const struct trial *t, size_t part) {
  static char out[65536];
  size_t count, used = 0;
  const struct section *s = t->poll.sections[part];
  const struct sample *samples = section_samples(s, &count);
  *out = 0;
  for (size_t i = 0; i < count; i++) {
    const struct family *f = samples[i].family;
    used += (size_t)snprintf(out + used, sizeof out - used, "%s %s%s{%s} %g\n", metric_type_name(f->type), f->name,
                             suffix_text(samples[i].suffix), section_text(s, samples[i].labels), samples[i].value);
  }
  return out;
}

#define assert_content(t, text) assert_string_equal(content(t, METRICS), text)

static double noted(const struct trial *t, const char *name) {
  size_t count;
  const struct sample *samples = section_samples(t->poll.sections[SCRAPE], &count);
  for (size_t i = 0; i < count; i++)
    if (!strcmp(samples[i].family->name, name)) return samples[i].value;
  return NAN;
}

static void text_keeps_its_names_types_and_values(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, TEXT,
       "# HELP jobs_total Jobs \\\\ done.\n# TYPE jobs_total counter\njobs_total{queue=\"a\",job=\"x\"} 1027 1395066363000\n"
       "# TYPE temp gauge\ntemp -1.5e3\n"
       "# TYPE lat histogram\nlat_bucket{le=\"0.1\"} 3\nlat_bucket{le=\"1\"} 4\nlat_bucket{le=\"+Inf\"} 5\nlat_sum 2.5\nlat_count "
       "5\n"
       "# TYPE rpc summary\nrpc{quantile=\"0.5\"} 7\nrpc_sum 9\nrpc_count 2\n"
       "loose 3\nlone_bucket{le=\"1\"} 8\n");
  assert_content(&t, "counter jobs_total{job=\"x\",queue=\"a\"} 1027\n"
                     "gauge temp{} -1500\n"
                     "histogram lat_bucket{le=\"0.1\"} 3\nhistogram lat_bucket{le=\"1\"} 4\nhistogram lat_bucket{le=\"+Inf\"} 5\n"
                     "histogram lat_sum{} 2.5\nhistogram lat_count{} 5\n"
                     "summary rpc{quantile=\"0.5\"} 7\nsummary rpc_sum{} 9\nsummary rpc_count{} 2\n"
                     "untyped loose{} 3\nuntyped lone_bucket{le=\"1\"} 8\n");
  size_t count;
  assert_string_equal(section_families(t.poll.sections[METRICS], &count)->family->help, "Jobs \\ done.");
  end(&t);
}

static void openmetrics_gets_the_names_of_text(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, OM,
       "# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total{q=\"a\"} 5 1395066363.5 # {trace_id=\"x\"} 1 1395066363.5\n"
       "jobs_created{q=\"a\"} 1395066000 1395066363.5\n"
       "# TYPE lat histogram\nlat_bucket{le=\"1.0\"} 4 # {trace_id=\"KOO5S4vxi0o\"} 0.67\nlat_bucket{le=\"+Inf\"} 5\nlat_sum 2.5\n"
       "lat_count 5\nlat_created 7\n"
       "# TYPE build info\nbuild_info{v=\"1\"} 1\n"
       "# TYPE mode stateset\nmode{mode=\"on\"} 1\nmode{mode=\"off\"} 0\n"
       "# TYPE size gaugehistogram\nsize_bucket{le=\"+Inf\"} 3\nsize_gcount 3\nsize_gsum 9\n"
       "# TYPE odd unknown\nodd 4\n# EOF\n");
  assert_content(&t, "counter jobs_total{q=\"a\"} 5\ngauge jobs_created{q=\"a\"} 1.39507e+09\n"
                     "histogram lat_bucket{le=\"1.0\"} 4\nhistogram lat_bucket{le=\"+Inf\"} 5\nhistogram lat_sum{} 2.5\n"
                     "histogram lat_count{} 5\ngauge lat_created{} 7\n"
                     "gauge build_info{v=\"1\"} 1\n"
                     "gauge mode{mode=\"on\"} 1\ngauge mode{mode=\"off\"} 0\n"
                     "gauge size_bucket{le=\"+Inf\"} 3\ngauge size_gcount{} 3\ngauge size_gsum{} 9\n"
                     "untyped odd{} 4\n");
  end(&t);
}

static void what_is_not_exposed_is_hidden(void **state) {
  (void)state;
  struct trial hidden = begin(TARGET "}"), shown = begin(TARGET ", expose: true}");
  take(&hidden, TEXT, "a 1\n");
  take(&shown, TEXT, "a 1\n");
  assert_true(section_is_hidden(hidden.poll.sections[METRICS]) && !section_is_hidden(hidden.poll.sections[SCRAPE]));
  assert_false(section_is_hidden(shown.poll.sections[METRICS]));
  end(&hidden);
  end(&shown);
}

static void keep_and_drop_choose_series_and_are_counted(void **state) {
  (void)state;
  struct trial t = begin(TARGET ", keep: ['hits{code=~\"5..\"}', '{__name__=~\"lat_.*\"}'], drop: ['lat_bucket']}");
  take(&t, TEXT,
       "hits{code=\"200\"} 1\nhits{code=\"500\"} 2\nother 3\n"
       "# TYPE lat histogram\nlat_bucket{le=\"+Inf\"} 5\nlat_sum 2.5\nlat_count 5\n");
  assert_content(&t, "untyped hits{code=\"500\"} 2\nhistogram lat_sum{} 2.5\nhistogram lat_count{} 5\n");
  assert_true(noted(&t, "scrape_samples_scraped") == 6 && noted(&t, "scrape_samples_post_metric_relabeling") == 3);
  end(&t);
}

static void what_prometheus_notes_of_a_scrape_is_noted(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, TEXT, "a{x=\"1\"} 1\na{x=\"2\"} 1\nb 1\n");
  assert_true(noted(&t, "scrape_duration_seconds") >= 0.25 && noted(&t, "scrape_series_added") == 3);
  take(&t, TEXT, "a{x=\"1\"} 5\na{x=\"2\"} 6\nb 7\n");
  assert_true(noted(&t, "scrape_series_added") == 0);
  take(&t, TEXT, "a{x=\"1\"} 5\na{x=\"3\"} 6\na{x=\"2\"} 1\nb 7\nc 1\n");
  assert_true(noted(&t, "scrape_series_added") == 2);
  take(&t, TEXT, "b 7\n");
  assert_true(noted(&t, "scrape_series_added") == 0 && noted(&t, "scrape_samples_scraped") == 1);
  take(&t, TEXT, "");
  assert_true(noted(&t, "scrape_samples_scraped") == 0);
  end(&t);
}

static void a_type_may_change(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, TEXT, "# TYPE a counter\na 1\n");
  take(&t, TEXT, "# TYPE a gauge\na 2\n");
  assert_content(&t, "gauge a{} 2\n");
  assert_true(noted(&t, "scrape_series_added") == 0);
  end(&t);
}

static void of_what_is_there_twice_the_first_counts(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, TEXT, "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\nb 3\na{x=\"1\",y=\"2\"} 4\n");
  assert_content(&t, "untyped a{x=\"1\",y=\"2\"} 1\nuntyped b{} 3\n");
  assert_string_equal(t.poll.fails[METRICS].text, "2 samples are there twice; of each the first counts");
  end(&t);
}

static void a_page_without_a_type_that_is_known_is_text(void **state) {
  (void)state;
  static const char *const types[] = {"", "text/plain", "application/json", "garbage"};
  for (size_t i = 0; i < COUNTOF(types); i++) {
    struct trial t = begin(TARGET "}");
    take(&t, types[i], "a 1\n");
    assert_content(&t, "untyped a{} 1\n");
    end(&t);
  }
}

static void a_page_that_is_none_has_a_reason(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  assert_non_null(strstr(refused(&t, "text/html", "<!doctype html><html>Sign in</html>"),
                         "http://app:5000/metrics answered text/html, which is no page of metrics: line 1, column 1: "));
  assert_int_equal(t.why.kind, FAIL_PROTOCOL);
  assert_non_null(
      strstr(refused(&t, TEXT, "a 1\nb{ 2\n"), "the metrics of http://app:5000/metrics cannot be read: line 2, column "));
  refused(&t, TEXT, "caf\xe9{x=\"1\"} 1\n"); /* latin-1 */
  refused(&t, TEXT, "a{x=\"caf\xe9\"} 1\n"); /* in a value */
  struct net_answer utf16 = page(TEXT, "\xff\xfe"
                                       "a\0 \0001\0\n\0");
  utf16.length = 10;
  assert_false(read_answer(&t, &utf16));
  take(&t, TEXT, "a{x=\"caf\xc3\xa9\"} 1\n"); /* and it comes back */
  end(&t);
}

static void an_answer_that_is_no_page_has_a_reason(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  struct net_answer a = answer(503, "a 1\n");
  assert_false(read_answer(&t, &a));
  assert_string_equal(t.why.text, "http://app:5000/metrics answered status 503, not 200");
  a = answer(401, "");
  assert_false(read_answer(&t, &a));
  assert_int_equal(t.why.kind, FAIL_AUTH);
  a = answer(200, "a 1\n");
  a.cut = true;
  assert_false(read_answer(&t, &a));
  assert_string_equal(t.why.text, "http://app:5000/metrics answered more than 16384 KB, the body_limit");
  a = answer(0, "");
  fail(&a.why, FAIL_TIMEOUT, "no answer within 8s");
  assert_false(read_answer(&t, &a));
  assert_string_equal(t.why.text, "no answer within 8s");
  end(&t);
}

static void limits_fail_the_scrape(void **state) {
  (void)state;
  static char body[4096] = "wide{";
  struct trial t = begin(TARGET ", sample_limit: 3, drop: ['noise']}");
  take(&t, TEXT, "a 1\nb 1\nc 1\nnoise 1\n");
  assert_string_equal(refused(&t, TEXT, "a 1\nb 1\nc 1\nd 1\n"),
                      "the metrics of http://app:5000/metrics cannot be read: there are more than 3 series, the sample_limit");
  assert_int_equal(t.why.kind, FAIL_LIMIT);
  for (int i = 0; i < 33; i++) snprintf(body + strlen(body), sizeof body - strlen(body), "l%d=\"x\",", i);
  strcat(body, "} 1\n");
  assert_non_null(strstr(refused(&t, TEXT, body), "line 1: wide has 33 labels, more than the 32"));
  end(&t);
}

static void as_many_series_as_the_limit_promises_are_taken(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf body;
  buf_init(&body, 64u << 20);
  for (int i = 0; i < 200000; i++)
    buf_printf(&body, "m%d{path=\"/a/rather/long/path/of/an/application/%d\"} %d.123456789\n", i / 4, i, i);
  struct trial t = begin(TARGET ", sample_limit: 200000, expose: true}");
  take(&t, TEXT, body.data);
  size_t count;
  section_samples(t.poll.sections[METRICS], &count);
  assert_int_equal(count, 200000);
  assert_int_equal(section_dropped(t.poll.sections[METRICS]), 0);
  end(&t);
}

static void a_long_value_is_cut_and_stays_apart(void **state) {
  (void)state;
  static char body[4096];
  memset(body, 'x', sizeof body);
  int length = snprintf(body, sizeof body, "a{p=\"%0500d1\"} 1\na{p=\"%0500d2\"} 2\n", 0, 0);
  assert_true(length > 1000);
  struct trial t = begin(TARGET "}");
  take(&t, TEXT, body);
  size_t count;
  const struct sample *samples = section_samples(t.poll.sections[METRICS], &count);
  assert_int_equal(count, 2);
  assert_true(samples[0].labels_length < 220);
  end(&t);
}

static const char *asked_for(struct trial *t) {
  assert_true(t->collector->ask(t->state, &t->poll, &t->request, &t->why));
  for (const char *const *line = t->request.headers; *line; line++)
    if (!strncmp(*line, "Accept: ", 8)) return *line + 8;
  return "";
}

static void a_false_openmetrics_is_read_as_text_and_asked_for_as_such(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  assert_non_null(strstr(asked_for(&t), "application/openmetrics-text;version=1.0.0"));
  take(&t, OM, "# TYPE jobs counter\njobs 5\n\n# EOF\n"); /* no _total, a blank line */
  assert_content(&t, "counter jobs{} 5\n");
  assert_non_null(strstr(t.poll.fails[METRICS].text, "this is no OpenMetrics, though it says so"));
  assert_null(strstr(asked_for(&t), "openmetrics"));
  assert_non_null(strstr(asked_for(&t), "text/plain;version=0.0.4"));
  end(&t);
}

static void openmetrics_that_prometheus_takes_is_taken_and_what_is_wrong_with_it_is_said(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  take(&t, OM, "# TYPE jobs counter\njobs_total 5 # {t=\"x\"} 1\n# TYPE jobs_total gauge\n# EOF\n");
  assert_content(&t, "counter jobs_total{} 5\n");
  assert_non_null(strstr(t.poll.fails[METRICS].text, "though it says so, and is read as Prometheus reads it: line 3, column "));
  assert_non_null(strstr(asked_for(&t), "openmetrics"));
  take(&t, OM, "# TYPE jobs counter\njobs_total 6\n# EOF\n");
  assert_int_equal(t.poll.fails[METRICS].kind, FAIL_NONE);
  end(&t);
}

static void a_false_openmetrics_with_too_many_series_is_over_the_limit_and_no_crash(void **state) {
  (void)state;
  struct trial t = begin(TARGET ", sample_limit: 2}");
  assert_non_null(strstr(refused(&t, OM, "a 1\n\nb 2\nc 3\n# EOF\n"), "more than 2 series, the sample_limit"));
  end(&t);
}

static void an_application_whose_exemplars_stand_on_a_page_that_is_no_openmetrics_is_seen_when_it_is_asked_again(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  assert_non_null(
      strstr(refused(&t, OM, "# TYPE a counter\na_total 1 # {t=\"x\"} 1\n\n# EOF\n"), "line 3, column 1: there are no empty"));
  assert_null(strstr(asked_for(&t), "openmetrics"));
  take(&t, OM, "# TYPE a_total counter\na_total 1 # {t=\"x\"} 1\n# EOF\n");
  assert_content(&t, "counter a_total{} 1\n");
  end(&t);
}

static void openmetrics_that_was_cut_off_is_not_taken(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  assert_non_null(strstr(refused(&t, OM, "# TYPE a gauge\na 1\n"), "cannot be read: line "));
  assert_non_null(strstr(asked_for(&t), "openmetrics"));
  end(&t);
}

static void a_request_is_that_of_prometheus_and_of_the_file(void **state) {
  (void)state;
  struct trial t =
      begin("{metrics: 'https://bob:secret1@app/m?x=1', headers: {X-Tenant: a}, redirects: 0, ip: '4', body_limit: 1MB,"
            " insecure_skip_verify: true}");
  asked_for(&t);
  const struct net_request *r = &t.request;
  assert_string_equal(r->url, "https://app/m?x=1");
  assert_true(!strcmp(r->user, "bob") && !strcmp(r->password, "secret1") && r->compressed && !r->once);
  assert_true(r->redirects_max == 0 && r->ip == 4 && r->answer_max == 1 << 20 && r->tls.insecure);
  assert_string_equal(r->headers[0], "X-Tenant: a");
  assert_string_equal(r->headers[2], "X-Prometheus-Scrape-Timeout-Seconds: 8");
  assert_null(r->headers[3]);
  end(&t);
}

static void a_target_is_called_as_prometheus_would_call_it(void **state) {
  (void)state;
  struct trial t = begin("{name: shop, metrics: 'http://app:5000/metrics?token=abcdefghijkl'}"),
               u = begin("{metrics: 'http://[::1]:80/m'}");
  const struct target_config *shop = &t.config->targets[0], *unnamed = &u.config->targets[0];
  assert_string_equal(shop->job, "shop");
  assert_string_equal(shop->instance, "app:5000");
  assert_string_equal(unnamed->instance, "[::1]:80");
  assert_string_equal(unnamed->job, unnamed->name);
  assert_null(strstr(refused(&t, TEXT, "{"), "abcdefghijkl"));
  end(&t);
  end(&u);
}

static void what_a_file_may_not_say_is_refused_with_its_place(void **state) {
  (void)state;
  assert_string_equal(refusal(TARGET ", drop: [up, 'go_.*']}"),
                      "t.yml:2:62: drop: at character 4 a selector ends; it is written like name{label=\"value\"}, or "
                      "{__name__=~\"go_.*\"} for many names");
  assert_non_null(strstr(refusal("{metrics: 'ftp://app/metrics'}"), "http:// or https://"));
  assert_non_null(strstr(refusal("{metrics: }"), "a URL is missing"));
  assert_non_null(strstr(refusal(TARGET ", bearer: longtoken, user: b}"), "exclude each other"));
  assert_non_null(strstr(refusal(TARGET ", sample_limit: 0}"), "sample_limit"));
}

static void a_target_that_is_down_has_scraped_nothing(void **state) {
  (void)state;
  struct trial t = begin(TARGET "}");
  struct section *s = section_new("status");
  t.collector->status(s, &(struct poll_status){.up = false, .duration_seconds = 1.5});
  section_finish(s);
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_true(count == 4 && samples[0].value == 1.5 && samples[1].value == 0);
  section_unref(s);
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_keeps_its_names_types_and_values),
      cmocka_unit_test(openmetrics_gets_the_names_of_text),
      cmocka_unit_test(what_is_not_exposed_is_hidden),
      cmocka_unit_test(keep_and_drop_choose_series_and_are_counted),
      cmocka_unit_test(what_prometheus_notes_of_a_scrape_is_noted),
      cmocka_unit_test(a_type_may_change),
      cmocka_unit_test(of_what_is_there_twice_the_first_counts),
      cmocka_unit_test(a_page_without_a_type_that_is_known_is_text),
      cmocka_unit_test(a_page_that_is_none_has_a_reason),
      cmocka_unit_test(an_answer_that_is_no_page_has_a_reason),
      cmocka_unit_test(limits_fail_the_scrape),
      cmocka_unit_test(as_many_series_as_the_limit_promises_are_taken),
      cmocka_unit_test(a_long_value_is_cut_and_stays_apart),
      cmocka_unit_test(a_false_openmetrics_is_read_as_text_and_asked_for_as_such),
      cmocka_unit_test(openmetrics_that_prometheus_takes_is_taken_and_what_is_wrong_with_it_is_said),
      cmocka_unit_test(a_false_openmetrics_with_too_many_series_is_over_the_limit_and_no_crash),
      cmocka_unit_test(an_application_whose_exemplars_stand_on_a_page_that_is_no_openmetrics_is_seen_when_it_is_asked_again),
      cmocka_unit_test(openmetrics_that_was_cut_off_is_not_taken),
      cmocka_unit_test(a_request_is_that_of_prometheus_and_of_the_file),
      cmocka_unit_test(a_target_is_called_as_prometheus_would_call_it),
      cmocka_unit_test(what_a_file_may_not_say_is_refused_with_its_place),
      cmocka_unit_test(a_target_that_is_down_has_scraped_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
