/* What clients ask for is what they get, and a client that asks for nonsense gets what everybody can read. */
#include "tests/unit/test.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "metric/exposition.h"

enum { TEXT = EXPOSITION_TEXT, OM = EXPOSITION_OPENMETRICS };

static const struct {
  const char *accept;
  int want;
} formats[] = {
    {NULL, TEXT},
    {"", TEXT},
    {"*/*", TEXT},
    {"text/plain", TEXT},
    {"application/openmetrics-text", OM},
    {"application/openmetrics-text;version=1.0.0", OM},
    {"application/openmetrics-text; version=1.0.0; charset=utf-8", OM},
    {"application/openmetrics-text;version=\"1.0.0\"", OM},
    {"APPLICATION/OpenMetrics-Text ; Version=1.0.0 ; Q=0.7 , text/plain;q=0.5", OM},
    {"application/openmetrics-text;version=2.0.0", TEXT},
    {"application/openmetrics-text;q=0", TEXT},
    {"application/openmetrics-text;q=0,*/*", TEXT},
    {"application/openmetrics-text;q=0.5,text/plain;q=0.5", OM},
    {"application/openmetrics-text;q=0.4,text/plain;q=0.5", TEXT},
    {"text/plain;q=0.5,application/openmetrics-text;q=0.6", OM},
    {"application/openmetrics-text;q=0.5,*/*", TEXT},
    {"application/openmetrics-text;q=0.5,*/*;q=0.1", OM},
    {"application/openmetrics-text;q=0.5,text/*;q=0.9,text/plain;q=0.1", OM},
    {"application/openmetrics-text;q=0.5,text/*;q=0.9,*/*;q=0.1", TEXT},
    /* Prometheus 2.42 */
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/"
     "plain;version=0.0.4;q=0.5,*/*;q=0.1",
     OM},
    /* Prometheus 3, without and with native histograms */
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
     "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     OM},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
     "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
     OM},
    /* Prometheus 3 told to use PrometheusText1.0.0 first: nobody writes that */
    {"text/plain;version=1.0.0;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5", OM},
    /* Firefox, curl with a wish for JSON */
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", TEXT},
    {"application/json", TEXT},
    /* Garbage */
    {",,;;==,\"", TEXT},
    {"application/openmetrics-text;q=high", TEXT},
    {"application/openmetrics-text;q=", TEXT},
    {"application/openmetrics-text;q=nan", TEXT},
    {"application/openmetrics-text;q=2", TEXT},
    {"application/openmetrics-text;q=-1", TEXT},
    {"x;note=\"application/openmetrics-text, \\\" ,\",text/plain", TEXT},
    {"x;note=\"a, b\",application/openmetrics-text", OM},
    {"\"application/openmetrics-text", TEXT},
};

static void clients_get_the_format_they_ask_for(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNTOF(formats); i++)
    if ((int)exposition_negotiate(formats[i].accept, NULL).format != formats[i].want) fail_msg("Accept: %s", formats[i].accept);
}

static const struct {
  const char *accept_encoding;
  bool want;
} encodings[] = {
    {NULL, false},
    {"", false},
    {"gzip", true},
    {"GZIP", true},
    {"x-gzip", true},
    {"gzip, deflate, br", true},
    {"deflate;q=1.0 , gzip ; q=0.5", true},
    {"gzip;q=0", false},
    {"gzip;q=0.000, *", false},
    {"*", true},
    {"*;q=0", false},
    {"identity", false},
    {"identity;q=1, gzip;q=0.5", false},
    {"identity;q=0.5, gzip", true},
    {"identity;q=0, *;q=0.1", true},
    {"gzipped", false},
    {"gzip;q=much", false},
};

static void compression_is_used_when_it_is_wanted(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNTOF(encodings); i++)
    if (exposition_negotiate(NULL, encodings[i].accept_encoding).gzip != encodings[i].want)
      fail_msg("Accept-Encoding: %s", encodings[i].accept_encoding);
}

static void a_huge_header_is_read_to_its_end(void **state) {
  (void)state;
  char header[8193];
  memset(header, ',', sizeof header);
  strcpy(header + sizeof header - sizeof "application/openmetrics-text", "application/openmetrics-text");
  assert_int_equal(exposition_negotiate(header, NULL).format, EXPOSITION_OPENMETRICS);
  memset(header, '"', sizeof header - 1);
  assert_int_equal(exposition_negotiate(header, header).format, EXPOSITION_TEXT);
  memset(header, '\\', sizeof header - 1);
  header[0] = '"';
  assert_int_equal(exposition_negotiate(header, header).format, EXPOSITION_TEXT);
}

static void gzip_gives_back_what_went_in(void **state) {
  (void)state;
  enum { SIZE = 100000 };
  char *in = malloc(SIZE), *back = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) in[i] = (char)('a' + i % 17);
  SCOPED(buf_done) struct buf out;
  buf_init(&out, EXPOSITION_BYTES_MAX);
  buf_puts(&out, "before");
  assert_true(exposition_gzip(&out, in, SIZE));
  assert_true(out.length < SIZE / 10);
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
  size_t length;
  assert_int_equal(libdeflate_gzip_decompress(d, out.data + 6, out.length - 6, back, SIZE, &length), LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(d);
  assert_int_equal(length, SIZE);
  assert_memory_equal(in, back, SIZE);
  free(in);
  free(back);
}

static void gzip_refuses_a_buffer_that_is_too_small(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 10);
  assert_false(exposition_gzip(&out, "hello", 5));
  assert_int_equal(out.length, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clients_get_the_format_they_ask_for),     cmocka_unit_test(compression_is_used_when_it_is_wanted),
      cmocka_unit_test(a_huge_header_is_read_to_its_end),        cmocka_unit_test(gzip_gives_back_what_went_in),
      cmocka_unit_test(gzip_refuses_a_buffer_that_is_too_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
