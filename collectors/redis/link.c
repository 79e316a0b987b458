/* Commands and replies without I/O. This is the only file that knows hiredis: it formats commands and parses replies; we build the trees,
 * in the poll's arena, and judge every header before the library sees it, since a huge string announced by `$` and a line without an
 * end reach none of its callbacks. The wire is RESP2, which every server since Redis 2 speaks; RESP3 types are refused. */
#include "collectors/redis/link.h"

#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WORDS_MAX 64 /* of redis_ask() */

#if HIREDIS_MAJOR >= 1
typedef size_t item_count;
#else
typedef int item_count;
#endif

/* Where the bytes are in the protocol: at the type of a reply (line 0), within a line, or within a string. */
struct scan {
  char type, before; /* of the current line; the byte before this one */
  size_t line;       /* bytes of the current line so far */
  size_t number;     /* what a header announces */
  bool negative;
  size_t skip; /* bytes of a string that are still to come, with its CRLF */
  size_t bytes, items;
};

struct redis_reader {
  redisReader *hiredis;
  struct redis_batch *batch;
  struct scan scan;
};

/* ---- trees ---- */

static void *place(const redisReadTask *task, struct reply *made) {
  if (task->parent) ((struct reply *)task->parent->obj)->items[task->idx] = made;
  return made;
}

static struct reply *reply_new(const redisReadTask *task, enum reply_type type) {
  struct redis_reader *r = task->privdata;
  struct reply *made = arena_alloc(r->batch->arena, sizeof *made);
  made->type = type;
  return made;
}

static void *make_string(const redisReadTask *task, char *text, size_t length) {
  enum reply_type type = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
                         : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
                                                            : REPLY_STRING;
  struct reply *made = reply_new(task, type);
  struct redis_reader *r = task->privdata;
  made->text = arena_copy_bytes(r->batch->arena, text, length);
  made->length = length;
  return place(task, made);
}

/* Slots of an array that breaks off stay NULL; nobody sees them, since its reply is never whole. */
static void *make_array(const redisReadTask *task, item_count count) {
  struct redis_reader *r = task->privdata;
  if (count < 0 || (size_t)count > LINK_ITEMS_MAX) return NULL;
  struct reply *made = reply_new(task, REPLY_ARRAY);
  made->count = (size_t)count;
  made->items = arena_alloc(r->batch->arena, MAX((size_t)count, 1) * sizeof(struct reply *));
  return place(task, made);
}

static void *make_integer(const redisReadTask *task, long long value) {
  struct reply *made = reply_new(task, REPLY_INTEGER);
  made->integer = value;
  return place(task, made);
}

static void *make_nil(const redisReadTask *task) {
  return place(task, reply_new(task, REPLY_NIL));
}

static void leave(void *object UNUSED) {}

static redisReplyObjectFunctions builders = {
    .createString = make_string,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
    .freeObject = leave,
};

/* ---- the judge of headers ---- */

/* Who answers like that. */
static const char *guess(char c) {
  if (c == 0x15 || c == 0x16) return "; it speaks TLS: use rediss://";
  return c == 'H' ? "; an HTTP server would" : "";
}

static bool scan_type(struct scan *s, char c, struct fail *f) {
  if (!c || !strchr("+-:$*", c)) {
    return fail(f, FAIL_PROTOCOL, "the answer is not Redis' protocol: it begins with byte 0x%02x%s", (unsigned char)c, guess(c));
  }
  s->type = c;
  s->number = 0;
  s->negative = false;
  s->line = 1;
  return true;
}

static bool scan_announced(struct scan *s, struct fail *f) {
  size_t number = s->negative ? 0 : s->number;
  if (s->negative && s->number != 1) return fail(f, FAIL_PROTOCOL, "the answer is not Redis' protocol: a length below -1");
  if (s->type == '$') {
    if (number > LINK_STRING_MAX)
      return fail(f, FAIL_LIMIT, "a reply announces a string of %zu bytes; %u are taken", number, LINK_STRING_MAX);
    if (!s->negative) s->skip = number + 2;
  } else if (s->type == '*') {
    s->items += number;
    if (s->items > LINK_ITEMS_MAX)
      return fail(f, FAIL_LIMIT, "the replies announce %zu array items; %u are taken", s->items, LINK_ITEMS_MAX);
  }
  s->line = 0;
  return true;
}

/* Strict, so that judge and library cannot read two numbers out of one header and disagree on where the next one is. */
static bool scan_digit(struct scan *s, char c, struct fail *f) {
  bool ends = c == '\r', sign = c == '-' && s->line == 1;
  if (s->before == '\r' || !(ends || sign || (c >= '0' && c <= '9')) || (ends && (s->line == 1 || s->before == '-'))) {
    return fail(f, FAIL_PROTOCOL, "the answer is not Redis' protocol: a length is not a number");
  }
  if (sign) s->negative = true;
  if (!ends && !sign) s->number = MIN(s->number, SIZE_MAX / 100) * 10 + (size_t)(c - '0');
  return true;
}

static bool scan_line_byte(struct scan *s, char c, struct fail *f) {
  if (c == '\n' && s->before == '\r') return scan_announced(s, f);
  if ((s->type == '$' || s->type == '*') && !scan_digit(s, c, f)) return false;
  if (++s->line > LINK_LINE_MAX) return fail(f, FAIL_LIMIT, "a reply has a line of more than %u bytes", LINK_LINE_MAX);
  return true;
}

static bool scan_feed(struct scan *s, const char *bytes, size_t length, struct fail *f) {
  s->bytes += length;
  if (s->bytes > LINK_BYTES_MAX) return fail(f, FAIL_LIMIT, "the replies are longer than %u bytes", LINK_BYTES_MAX);
  for (size_t i = 0; i < length; i++) {
    if (s->skip) {
      size_t skipped = MIN(s->skip, length - i);
      s->skip -= skipped;
      i += skipped - 1;
      continue;
    }
    if (!(s->line ? scan_line_byte(s, bytes[i], f) : scan_type(s, bytes[i], f))) return false;
    s->before = bytes[i];
  }
  return true;
}

/* ---- the reader ---- */

struct redis_reader *redis_reader_new(void) {
  struct redis_reader *r = mem_zero(sizeof *r);
  r->hiredis = redisReaderCreateWithFunctions(&builders);
  if (!r->hiredis) abort(); /* out of memory, as mem_zero() would say it */
  r->hiredis->privdata = r; /* its macro casts the pointer to an int */
  return r;
}

void redis_reader_free(struct redis_reader *r) {
  if (!r) return;
  redisReaderFree(r->hiredis);
  free(r);
}

void redis_reader_begin(struct redis_reader *r, struct redis_batch *b) {
  r->batch = b;
  r->scan.bytes = r->scan.items = 0;
}

/* Moves whole replies into the batch. */
static bool take_replies(struct redis_reader *r, struct fail *f) {
  struct redis_batch *b = r->batch;
  for (;;) {
    void *made = NULL;
    if (redisReaderGetReply(r->hiredis, &made) != REDIS_OK) {
      return fail(f, FAIL_PROTOCOL, "the answer is not Redis' protocol: %s", r->hiredis->errstr);
    }
    if (!made) return true;
    if (b->answered == b->asked) return fail(f, FAIL_PROTOCOL, "the server sent more replies than it was asked for");
    b->replies[b->answered++] = made;
  }
}

bool redis_reader_feed(struct redis_reader *r, const char *bytes, size_t length, struct fail *f) {
  if (!scan_feed(&r->scan, bytes, length, f)) return false;
  if (redisReaderFeed(r->hiredis, bytes, length) != REDIS_OK) return fail(f, FAIL_PROTOCOL, "%s", r->hiredis->errstr);
  return take_replies(r, f);
}

/* ---- commands ---- */

void redis_batch_init(struct redis_batch *b, struct arena *arena) {
  *b = (struct redis_batch){.arena = arena};
  buf_init(&b->out, LINK_COMMANDS_MAX);
}

void redis_batch_done(struct redis_batch *b) {
  if (b->out.data) mem_wipe(b->out.data, b->out.length); /* AUTH was in it */
  buf_done(&b->out);
  free(b->replies);
  *b = (struct redis_batch){0};
}

bool redis_batch_complete(const struct redis_batch *b) {
  return b->answered == b->asked;
}

ticket_t redis_command(struct redis_batch *b, int argc, const char *const *argv, const size_t *lengths) {
  char *wire = NULL;
  long long length = redisFormatCommandArgv(&wire, argc, (const char **)argv, lengths);
  if (length < 0) abort(); /* out of memory */
  if (b->asked == b->room) {
    b->room = b->room ? b->room * 2 : 32;
    b->replies = mem_resize(b->replies, b->room, sizeof(struct reply *));
  }
  buf_put(&b->out, wire, (size_t)length);
  mem_wipe(wire, (size_t)length);
  redisFreeCommand(wire);
  return b->asked++;
}

ticket_t redis_ask(struct redis_batch *b, const char *word, ...) {
  const char *words[WORDS_MAX];
  int count = 0;
  va_list args;
  va_start(args, word);
  for (const char *w = word; w && count < WORDS_MAX; w = va_arg(args, const char *)) words[count++] = w;
  va_end(args);
  return redis_command(b, count, words, NULL);
}

const struct reply *redis_reply(const struct redis_batch *b, ticket_t ticket) {
  static const char text[] = "NOREPLY the command was not answered";
  static const struct reply unanswered = {.type = REPLY_ERROR, .text = text, .length = sizeof text - 1};
  return ticket < b->answered ? b->replies[ticket] : &unanswered;
}
