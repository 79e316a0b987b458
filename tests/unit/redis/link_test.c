/* The protocol without a server: replies in pieces of any size, and servers that mean harm. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/redis/link.h"

struct talk {
  struct arena arena;
  struct redis_batch batch;
  struct redis_reader *reader;
  struct fail why;
};

static void talk_begin(struct talk *t, uint32_t questions) {
  memset(t, 0, sizeof *t);
  arena_init(&t->arena);
  redis_batch_init(&t->batch, &t->arena);
  t->reader = redis_reader_new();
  for (uint32_t i = 0; i < questions; i++) redis_ask(&t->batch, "PING", NULL);
  redis_reader_begin(t->reader, &t->batch);
}

static void talk_end(struct talk *t) {
  redis_reader_free(t->reader);
  redis_batch_done(&t->batch);
  arena_done(&t->arena);
}

static bool feed(struct talk *t, const char *text) {
  return redis_reader_feed(t->reader, text, strlen(text), &t->why);
}

static const char answers[] =
    "+OK\r\n:-42\r\n$5\r\na\r\nbc\r\n$-1\r\n$0\r\n\r\n-NOPERM no \r way\r\n*-1\r\n*0\r\n*3\r\n*2\r\n:1\r\n$1\r\nx\r\n$-1\r\n+\r\n";

static void check_answers(const struct redis_batch *b) {
  const struct reply *r = redis_reply(b, 0);
  assert_int_equal(b->answered, 9);
  assert_true(r->type == REPLY_STATUS && reply_is(r, "OK"));
  assert_true(redis_reply(b, 1)->type == REPLY_INTEGER && redis_reply(b, 1)->integer == -42);
  r = redis_reply(b, 2);
  assert_true(r->type == REPLY_STRING && r->length == 5 && !memcmp(r->text, "a\r\nbc", 6));
  assert_int_equal(redis_reply(b, 3)->type, REPLY_NIL);
  assert_true(reply_is(redis_reply(b, 4), ""));
  r = redis_reply(b, 5);
  assert_true(r->type == REPLY_ERROR && !strcmp(r->text, "NOPERM no \r way"));
  assert_int_equal(redis_reply(b, 6)->type, REPLY_NIL);
  assert_true(redis_reply(b, 7)->type == REPLY_ARRAY && redis_reply(b, 7)->count == 0);
  r = redis_reply(b, 8);
  assert_true(r->type == REPLY_ARRAY && r->count == 3);
  assert_true(reply_is(reply_item(reply_item(r, 0), 1), "x"));
  assert_int_equal(reply_item(r, 1)->type, REPLY_NIL);
  assert_true(reply_is(reply_item(r, 2), ""));
}

static void replies_are_whole_however_the_network_cuts_them(void **state) {
  (void)state;
  for (size_t piece = 1; piece < sizeof answers; piece++) {
    struct talk t;
    talk_begin(&t, 9);
    for (size_t at = 0; at < sizeof answers - 1; at += piece) {
      assert_false(redis_batch_complete(&t.batch));
      assert_true(redis_reader_feed(t.reader, answers + at, MIN(piece, sizeof answers - 1 - at), &t.why));
    }
    assert_true(redis_batch_complete(&t.batch));
    check_answers(&t.batch);
    talk_end(&t);
  }
}

static void commands_carry_any_bytes(void **state) {
  (void)state;
  struct talk t;
  talk_begin(&t, 0);
  assert_int_equal(redis_ask(&t.batch, "LLEN", "a\r\nb", NULL), 0);
  assert_int_equal(redis_command(&t.batch, 2, (const char *const[]){"GET", "x\0y"}, (const size_t[]){3, 3}), 1);
  static const char wire[] = "*2\r\n$4\r\nLLEN\r\n$4\r\na\r\nb\r\n*2\r\n$3\r\nGET\r\n$3\r\nx\0y\r\n";
  assert_int_equal(t.batch.out.length, sizeof wire - 1);
  assert_memory_equal(t.batch.out.data, wire, sizeof wire - 1);
  talk_end(&t);
}

static void a_command_without_a_reply_reads_as_an_error(void **state) {
  (void)state;
  struct talk t;
  talk_begin(&t, 2);
  assert_true(feed(&t, "+PONG\r\n"));
  assert_int_equal(redis_reply(&t.batch, 0)->type, REPLY_STATUS);
  assert_int_equal(redis_reply(&t.batch, 1)->type, REPLY_ERROR);
  assert_int_equal(redis_reply(&t.batch, 77)->type, REPLY_ERROR);
  talk_end(&t);
}

/* What each of these would do to a reader without a judge: reserve gigabytes, read for ever, recurse, or call through a null pointer. */
static void a_hostile_server_costs_a_refusal_and_no_memory(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    enum fail_kind kind;
  } rows[] = {
      {"*200000000\r\n", FAIL_LIMIT},
      {"*262144\r\n*1\r\n", FAIL_LIMIT},
      {"*99999999999999999999999\r\n", FAIL_LIMIT},
      {"$1073741824\r\n", FAIL_LIMIT},
      {"$18446744073709551615\r\n", FAIL_LIMIT},
      {"$-2\r\n", FAIL_PROTOCOL},
      {"*-7\r\n", FAIL_PROTOCOL},
      {"$5x\r\n", FAIL_PROTOCOL},
      {"$+5\r\n", FAIL_PROTOCOL},
      {"$\r\n", FAIL_PROTOCOL},
      {"$-\r\n", FAIL_PROTOCOL},
      {"$1\r2\r\n", FAIL_PROTOCOL},
      {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", FAIL_PROTOCOL},
      {"%1\r\n+a\r\n+b\r\n", FAIL_PROTOCOL},
      {",1.5\r\n", FAIL_PROTOCOL},
      {"#t\r\n", FAIL_PROTOCOL},
      {">2\r\n", FAIL_PROTOCOL},
      {"HTTP/1.1 400 Bad Request\r\n", FAIL_PROTOCOL},
      {"\r\n", FAIL_PROTOCOL},
      {":12a\r\n", FAIL_PROTOCOL},
      {"+1\r\n+2\r\n", FAIL_PROTOCOL},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct talk t;
    talk_begin(&t, 1);
    assert_false(feed(&t, rows[i].bytes));
    assert_int_equal(t.why.kind, rows[i].kind);
    assert_true(t.arena.bytes < (3u << 20));
    talk_end(&t);
  }
}

static void a_line_without_an_end_is_refused(void **state) {
  (void)state;
  struct talk t;
  talk_begin(&t, 1);
  assert_true(feed(&t, "+"));
  size_t fed = 1;
  while (fed < (1u << 20) && feed(&t, "aaaaaaaaaaaaaaaa")) fed += 16;
  assert_in_range(fed, LINK_LINE_MAX - 16, LINK_LINE_MAX);
  assert_int_equal(t.why.kind, FAIL_LIMIT);
  talk_end(&t);
}

static void replies_without_an_end_are_refused(void **state) {
  (void)state;
  struct talk t;
  talk_begin(&t, 1);
  size_t size = 1u << 20, fed = 0;
  char *piece = malloc(size);
  assert_non_null(piece);
  memset(piece, 'x', size);
  assert_true(feed(&t, "*3\r\n"));
  for (int i = 0; i < 3 && t.why.kind == FAIL_NONE; i++) {
    if (!feed(&t, "$16777214\r\n")) break;
    for (size_t left = 16777214; left && redis_reader_feed(t.reader, piece, MIN(left, size), &t.why); left -= MIN(left, size))
      fed += size;
    if (t.why.kind == FAIL_NONE && !feed(&t, "\r\n")) break;
  }
  assert_int_equal(t.why.kind, FAIL_LIMIT);
  assert_true(fed <= LINK_BYTES_MAX);
  free(piece);
  talk_end(&t);
}

static void shapes_that_were_not_expected_read_as_nothing(void **state) {
  (void)state;
  int64_t n = 5;
  double d = 5;
  struct reply text = {.type = REPLY_STRING, .text = "12x", .length = 3},
               number = {.type = REPLY_STRING, .text = "-12", .length = 3};
  struct reply big = {.type = REPLY_STRING, .text = "9223372036854775808", .length = 19}, nil = {.type = REPLY_NIL};
  struct reply hole = {.type = REPLY_STRING, .text = "1\0", .length = 2}, wrong = {.type = REPLY_ERROR, .text = "12", .length = 2};
  assert_false(reply_integer(&text, &n) || reply_integer(&big, &n) || reply_integer(&nil, &n) || reply_integer(&hole, &n));
  assert_false(reply_integer(&wrong, &n) || reply_number(&text, &d) || reply_number(&wrong, &d) || reply_is(&wrong, "12"));
  assert_true(n == 5 && d == 5);
  assert_true(reply_integer(&number, &n) && n == -12);
  assert_true(reply_number(&number, &d) && d == -12);
  assert_int_equal(reply_item(&text, 0)->type, REPLY_NIL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replies_are_whole_however_the_network_cuts_them),
      cmocka_unit_test(commands_carry_any_bytes),
      cmocka_unit_test(a_command_without_a_reply_reads_as_an_error),
      cmocka_unit_test(a_hostile_server_costs_a_refusal_and_no_memory),
      cmocka_unit_test(a_line_without_an_end_is_refused),
      cmocka_unit_test(replies_without_an_end_are_refused),
      cmocka_unit_test(shapes_that_were_not_expected_read_as_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
