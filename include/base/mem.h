/* The only place that calls malloc: when memory runs out the program says so and ends (exit status 70), so that no caller
 * needs a path for it. Everything here never returns NULL. */
#ifndef SONDE_BASE_MEM_H
#define SONDE_BASE_MEM_H

#include <stddef.h>

/* `bytes` of zeroed memory; free with free(). */
void *mem_zero(size_t bytes);
/* Resizes `old` (NULL allowed) to `count` elements of `size` bytes; a product that overflows is fatal. */
void *mem_resize(void *old, size_t count, size_t size);
/* A copy of `text` (NULL gives NULL), or of its first `length` bytes plus a NUL; free with free(). */
char *mem_copy(const char *text);
char *mem_copy_bytes(const void *data, size_t length);
/* For SCOPED: frees *pointer, whatever it points to. */
void mem_free(void *pointer);
/* Overwrites secret bytes in a way the compiler keeps. */
void mem_wipe(void *data, size_t length);
/* Gives what was freed back to the system, which malloc does of itself only where it lies at an end. Takes milliseconds in which other threads may wait. */
void mem_trim(void);

#endif
