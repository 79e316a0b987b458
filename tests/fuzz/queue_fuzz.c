/* Any replies to what the queues ask: the bytes choose, for each command, a tree of the types and texts that reach far into the layouts, or any text.
 * Whatever comes, nothing breaks, a poll ends within its rounds, and what is written is a section without duplicates. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/queue_layout.h"
#include "collectors/redis/link.h"
#include "metric/section_reader.h"

#define POLLS 3

struct bytes {
  const uint8_t *at, *end;
};

static unsigned take(struct bytes *in) {
  return in->at < in->end ? *in->at++ : 0;
}

static void need(bool holds) {
  if (!holds) abort();
}

static void set_text(struct reply *r, struct arena *arena, const char *text, size_t length) {
  r->text = arena_copy_bytes(arena, text, length);
  r->length = length;
}

static void choose_text(struct bytes *in, struct arena *arena, struct reply *r) {
  static const char *const texts[] = {"bull:jobs:id",
                                      "a:b:c:id",
                                      "0",
                                      "0:1700000000000",
                                      "7",
                                      "1700000000",
                                      "1700000000000",
                                      "6963200122880003",
                                      "4294967297",
                                      "1700000000000-3",
                                      "{\"delay\":1000}",
                                      "bullmq:5.1.0",
                                      "name",
                                      "pending",
                                      "lag",
                                      "last-delivered-id",
                                      "-1",
                                      "1e308",
                                      "18446744073709551615-18446744073709551615",
                                      "first-entry"};
  unsigned choice = take(in) % (COUNTOF(texts) + 4);
  if (choice < COUNTOF(texts)) {
    set_text(r, arena, texts[choice], strlen(texts[choice]));
    return;
  }
  size_t length = take(in);
  length = MIN(length, (size_t)(in->end - in->at));
  set_text(r, arena, (const char *)in->at, length);
  in->at += length;
}

static struct reply *make_reply(struct bytes *in, struct arena *arena, unsigned depth) {
  struct reply *r = arena_alloc(arena, sizeof *r);
  unsigned choice = take(in);
  switch (choice % 7) {
  case 0:
    r->type = REPLY_NIL;
    break;
  case 1:
    r->type = REPLY_ERROR;
    if (choice & 8)
      set_text(r, arena, "WRONGTYPE x", 11);
    else if (choice & 16)
      set_text(r, arena, "ERR syntax error", 16);
    else
      choose_text(in, arena, r);
    break;
  case 2:
    r->type = REPLY_INTEGER;
    r->integer = choice & 8 ? (int64_t)((uint64_t)take(in) << 56) : (int64_t)take(in);
    break;
  case 3:
  case 4:
    r->type = choice & 64 ? REPLY_STATUS : REPLY_STRING;
    choose_text(in, arena, r);
    break;
  default:
    r->type = REPLY_ARRAY;
    r->count = depth < 4 ? take(in) % 6 : 0;
    r->items = arena_alloc(arena, (r->count + 1) * sizeof r->items[0]);
    for (size_t i = 0; i < r->count; i++) r->items[i] = make_reply(in, arena, depth + 1);
  }
  return r;
}

static void flush(struct bytes *in, struct redis_batch *b) {
  buf_clear(&b->out);
  while (b->answered < b->asked) b->replies[b->answered++] = make_reply(in, b->arena, 0);
}

static void poll_once(struct queues *queues, struct bytes *in) {
  struct arena arena;
  struct redis_batch b;
  unsigned rounds = 0;
  size_t count;
  arena_init(&arena);
  redis_batch_init(&b, &arena);
  queues_ask(queues, &b, take(in) & 1);
  flush(in, &b);
  while (queues_ask_more(queues, &b)) {
    need(++rounds <= QUEUE_ROUNDS_MAX);
    if (rounds == 2 && take(in) % 16 == 15) break; /* the connection broke */
    flush(in, &b);
  }
  struct section *s = section_new("queues");
  queues_write(queues, &b, s);
  section_samples(section_finish(s), &count);
  section_unref(s);
  redis_batch_done(&b);
  arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *keys[] = {"mail", "orders"};
  static const char *prefixes[] = {"a", "a:b"};
  struct bytes in = {data, data + size};
  struct queue_options options = {.discover = true, .lists = {keys, 1}, .zsets = {keys + 1, 1}, .streams = {keys, 2}};
  if (take(&in) & 1) options.prefixes = (struct strings){prefixes, 2};
  struct queues *queues = queues_new(&options, 0);
  for (int i = 0; i < POLLS; i++) poll_once(queues, &in);
  queues_free(queues);
  return 0;
}
