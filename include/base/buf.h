/* A growing run of bytes with a cap that is set at birth.
 * Invariants: data[length] is NUL whenever data is not NULL; length <= max. An append that would pass `max` is left out whole and
 * sets `overflow`, as are all later ones: test it once, at the end. */
#ifndef SONDE_BASE_BUF_H
#define SONDE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct buf {
  char *data;
  size_t length, capacity, max;
  bool overflow;
};

/* An empty buffer that may grow to `max` bytes. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the buffer may be initialised again. */
void buf_done(struct buf *b);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *b);
void buf_put(struct buf *b, const void *bytes, size_t length);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) PRINTF(2, 0);
/* Makes room for `length` more bytes and returns where to write them, or NULL on overflow; then buf_added() says how many were. */
char *buf_room(struct buf *b, size_t length);
void buf_added(struct buf *b, size_t length);

#endif
