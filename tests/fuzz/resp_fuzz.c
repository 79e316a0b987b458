/* Bytes of a server into the reply reader, in pieces whose sizes the first byte decides; whatever comes out is walked. */
#include <stddef.h>
#include <stdint.h>

#include "collectors/redis/link.h"
#include "collectors/redis/parts.h"

enum { QUESTIONS = 6 };

static size_t walk(const struct reply *r) {
  size_t bytes = r->length;
  int64_t integer;
  double number;
  if (reply_integer(r, &integer)) bytes += (size_t)(integer & 1);
  if (reply_number(r, &number)) bytes += number > 0;
  for (size_t i = 0; r->type == REPLY_ARRAY && i < r->count; i++) bytes += walk(reply_item(r, i));
  return bytes;
}

static void write_parts(const struct redis_batch *b) {
  for (unsigned id = 0; id < PART_COUNT; id++) {
    const struct redis_part *part = redis_part(id);
    if (!part || part->count > b->answered) continue;
    struct section *s = section_new("fuzz");
    (void)part->write(s, b->replies);
    section_unref(section_finish(s));
  }
  if (b->answered == QUESTIONS) (void)redis_config_databases(b->replies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  struct arena arena;
  struct redis_batch batch;
  struct fail f;
  size_t piece = data[0] ? data[0] : size;
  arena_init(&arena);
  redis_batch_init(&batch, &arena);
  struct redis_reader *reader = redis_reader_new();
  for (int i = 0; i < QUESTIONS; i++) redis_ask(&batch, "PING", NULL);
  redis_reader_begin(reader, &batch);
  for (size_t at = 1; at < size; at += piece) {
    if (!redis_reader_feed(reader, (const char *)data + at, MIN(piece, size - at), &f)) break;
  }
  for (uint32_t i = 0; i <= QUESTIONS; i++) (void)walk(redis_reply(&batch, i));
  write_parts(&batch);
  if (arena.bytes > (64u << 20)) __builtin_trap();
  redis_reader_free(reader);
  redis_batch_done(&batch);
  arena_done(&arena);
  return 0;
}
