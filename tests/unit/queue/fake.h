/* A Redis of canned replies: what a queue asks is looked up by its words, and the bytes of the reply go through the real reader. What was not
 * set answers as a server does for a key that does not exist. */
#ifndef SONDE_TESTS_UNIT_QUEUE_FAKE_H
#define SONDE_TESTS_UNIT_QUEUE_FAKE_H

#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/queue_layout.h"
#include "collectors/redis/link.h"
#include "metric/section_reader.h"

#define FAKE_NOW  1700000000000LL /* the server's clock at the first poll */
#define FAKE_MOST 8000

struct fake {
  struct queue_options options;
  struct queues *queues;
  struct arena arena;
  struct section *section; /* of the last poll */
  int64_t now;
  unsigned rounds; /* round trips of the last poll */
  struct buf log;  /* its commands, one a line */
  size_t count;
  struct {
    char *command, *reply;
  } set[FAKE_MOST];
};

static inline void fake_raw(struct fake *f, const char *command, const char *reply) {
  for (size_t i = 0; i < f->count; i++) {
    if (strcmp(f->set[i].command, command)) continue;
    free(f->set[i].reply);
    f->set[i].reply = mem_copy(reply);
    return;
  }
  assert_true(f->count < FAKE_MOST);
  f->set[f->count].command = mem_copy(command);
  f->set[f->count++].reply = mem_copy(reply);
}

static inline void fake_integer(struct fake *f, const char *command, long long value) {
  char reply[40];
  snprintf(reply, sizeof reply, ":%lld\r\n", value);
  fake_raw(f, command, reply);
}

static inline void put_bulk(struct buf *out, const char *text) {
  if (text)
    buf_printf(out, "$%zu\r\n%s\r\n", strlen(text), text);
  else
    buf_puts(out, "$-1\r\n");
}

static inline void fake_string(struct fake *f, const char *command, const char *text) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, 1 << 20);
  put_bulk(&out, text);
  fake_raw(f, command, out.data);
}

/* Items separated by blanks; "-" is nil. */
static inline void fake_list(struct fake *f, const char *command, const char *items) {
  SCOPED(buf_done) struct buf out;
  SCOPED(mem_free) char *copy = mem_copy(items);
  size_t count = 0;
  buf_init(&out, 1 << 20);
  for (char *at = strtok(copy, " "); at; at = strtok(NULL, " "), count++) put_bulk(&out, strcmp(at, "-") ? at : NULL);
  SCOPED(buf_done) struct buf whole;
  buf_init(&whole, 1 << 20);
  buf_printf(&whole, "*%zu\r\n%s", count, out.data ? out.data : "");
  fake_raw(f, command, whole.data);
}

static inline void fake_begin(struct fake *f) {
  memset(f, 0, sizeof *f);
  f->options.discover = true;
  f->now = FAKE_NOW;
  buf_init(&f->log, 64 << 20);
}

static inline void fake_end(struct fake *f) {
  queues_free(f->queues);
  section_unref(f->section);
  buf_done(&f->log);
  for (size_t i = 0; i < f->count; i++) {
    free(f->set[i].command);
    free(f->set[i].reply);
  }
}

static inline void answer_unset(struct fake *f, const char *command, struct buf *out) {
  if (!strcmp(command, "TIME")) {
    char seconds[24], micros[8];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(f->now / 1000));
    snprintf(micros, sizeof micros, "%d", (int)(f->now % 1000 * 1000));
    buf_puts(out, "*2\r\n");
    put_bulk(out, seconds);
    put_bulk(out, micros);
  } else if (!strncmp(command, "SCAN", 4)) {
    buf_puts(out, "*2\r\n$1\r\n0\r\n*0\r\n");
  } else if (!strncmp(command, "HMGET", 5)) {
    size_t fields = 0;
    for (const char *at = command; *at; at++) fields += *at == ' ';
    buf_printf(out, "*%zu\r\n", fields - 1);
    for (size_t i = 1; i < fields; i++) put_bulk(out, NULL);
  } else if (strstr(command, "RANGE") || !strncmp(command, "XPENDING", 8)) {
    buf_puts(out, "*0\r\n");
  } else if (strstr(command, "GET")) {
    put_bulk(out, NULL);
  } else if (!strncmp(command, "XINFO", 5)) {
    buf_puts(out, "-ERR no such key\r\n");
  } else {
    buf_puts(out, ":0\r\n");
  }
}

static inline void answer(struct fake *f, const char *command, struct buf *out) {
  buf_printf(&f->log, "%s\n", command);
  for (size_t i = 0; i < f->count; i++) {
    if (strcmp(f->set[i].command, command)) continue;
    buf_puts(out, f->set[i].reply);
    return;
  }
  answer_unset(f, command, out);
}

/* The words of the command at *wire, joined by blanks; moves *wire behind it. */
static inline void next_command(const char **wire, char *words, size_t size) {
  char *at = NULL;
  unsigned long count = strtoul(*wire + 1, &at, 10);
  size_t used = 0;
  at += 2;
  for (unsigned long i = 0; i < count; i++) {
    size_t length = strtoul(at + 1, &at, 10);
    at += 2;
    assert_true(used + length + 2 < size);
    if (i) words[used++] = ' ';
    memcpy(words + used, at, length);
    used += length;
    at += length + 2;
  }
  words[used] = '\0';
  *wire = at;
}

static inline void fake_flush(struct fake *f, struct redis_batch *b, struct redis_reader *reader) {
  SCOPED(buf_done) struct buf out;
  struct fail why;
  char words[8192];
  buf_init(&out, 64 << 20);
  for (const char *wire = b->out.data; wire && wire < b->out.data + b->out.length;) {
    next_command(&wire, words, sizeof words);
    answer(f, words, &out);
  }
  buf_clear(&b->out);
  assert_true(redis_reader_feed(reader, out.data, out.length, &why));
  assert_true(redis_batch_complete(b));
  f->rounds++;
}

static inline void fake_poll_of(struct fake *f, bool server_changed) {
  struct redis_batch b;
  struct redis_reader *reader = redis_reader_new();
  if (!f->queues) f->queues = queues_new(&f->options, 0);
  arena_init(&f->arena);
  redis_batch_init(&b, &f->arena);
  redis_reader_begin(reader, &b);
  buf_clear(&f->log);
  f->rounds = 0;
  queues_ask(f->queues, &b, server_changed);
  fake_flush(f, &b, reader);
  while (queues_ask_more(f->queues, &b)) fake_flush(f, &b, reader);
  section_unref(f->section);
  f->section = section_new("queues");
  queues_write(f->queues, &b, f->section);
  section_finish(f->section);
  assert_int_equal(section_dropped(f->section), 0);
  redis_reader_free(reader);
  redis_batch_done(&b);
  arena_done(&f->arena);
}

static inline void fake_poll(struct fake *f) {
  fake_poll_of(f, false);
}

/* The value of a series, NaN when it is not there. `labels` as on the page, sorted. */
static inline double value(const struct fake *f, const char *name, const char *labels) {
  size_t count;
  const struct sample *samples = section_samples(f->section, &count);
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(samples[i].family->name, name) && !strcmp(section_text(f->section, samples[i].labels), labels))
      return samples[i].value;
  }
  return (double)NAN;
}

static inline bool asked(const struct fake *f, const char *words) {
  return strstr(f->log.data, words) != NULL;
}

static inline void check_value(const struct fake *f, const char *name, const char *labels, double expected, const char *file,
                               int line) {
  double got = value(f, name, labels);
  if (fabs(got - expected) < 1e-6) return;
  print_error("%s{%s} is %g, not %g\n", name, labels, got, expected);
  _fail(file, line);
}

#define assert_value(f, name, labels, expected) check_value(f, name, labels, expected, __FILE__, __LINE__)
#define assert_absent(f, name, labels)          assert_true(isnan(value(f, name, labels)))

#endif
