/* Memory that cannot fail to come: see base/mem.h. */
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

NORETURN static void out_of_memory(void) {
  static const char text[] = "sonde: out of memory\n";
  fwrite(text, 1, sizeof text - 1, stderr);
  _Exit(70);
}

void *mem_zero(size_t bytes) {
  void *p = calloc(1, bytes ? bytes : 1);
  if (!p) out_of_memory();
  return p;
}

void *mem_resize(void *old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory();
  void *p = realloc(old, bytes ? bytes : 1);
  if (!p) out_of_memory();
  return p;
}

char *mem_copy(const char *text) {
  return text ? mem_copy_bytes(text, strlen(text)) : NULL;
}

char *mem_copy_bytes(const void *data, size_t length) {
  char *copy = mem_resize(NULL, length + 1, 1);
  if (length) memcpy(copy, data, length);
  copy[length] = 0;
  return copy;
}

void mem_free(void *pointer) {
  void **p = pointer;
  free(*p);
  *p = NULL;
}

void mem_wipe(void *data, size_t length) {
  if (length) explicit_bzero(data, length);
}

void mem_trim(void) {
  (void)malloc_trim(0);
}
