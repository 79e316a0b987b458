/* A bounded, growing run of bytes: see base/buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max) {
  *b = (struct buf){.max = max};
}

void buf_done(struct buf *b) {
  free(b->data);
  *b = (struct buf){0};
}

void buf_clear(struct buf *b) {
  b->length = 0;
  b->overflow = false;
  if (b->data) b->data[0] = 0;
}

char *buf_room(struct buf *b, size_t length) {
  if (b->overflow || length > b->max - b->length) {
    b->overflow = true;
    return NULL;
  }
  if (length >= b->capacity - b->length || !b->data) {
    size_t capacity = MAX(b->capacity * 2, (size_t)256);
    while (capacity - b->length <= length) capacity *= 2;
    if (capacity - 1 > b->max) capacity = b->max + 1;
    b->data = mem_resize(b->data, capacity, 1);
    b->capacity = capacity;
  }
  return b->data + b->length;
}

void buf_added(struct buf *b, size_t length) {
  b->length += length;
  b->data[b->length] = 0;
}

void buf_put(struct buf *b, const void *bytes, size_t length) {
  char *room = buf_room(b, length);
  if (!room) return;
  if (length) memcpy(room, bytes, length);
  buf_added(b, length);
}

void buf_puts(struct buf *b, const char *text) {
  buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c) {
  buf_put(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  char *room = length < 0 ? NULL : buf_room(b, (size_t)length);
  if (room) {
    vsnprintf(room, (size_t)length + 1, format, again);
    buf_added(b, (size_t)length);
  }
  va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  buf_vprintf(b, format, args);
  va_end(args);
}
