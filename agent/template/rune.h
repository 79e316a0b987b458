/* Characters of UTF-8. */
#ifndef SONDE_AGENT_TEMPLATE_RUNE_H
#define SONDE_AGENT_TEMPLATE_RUNE_H

#include <stddef.h>
#include <stdint.h>

/* The character that begins at `text`, and how many bytes it has; a broken one is U+FFFD of one byte. `length` is not 0. */
size_t rune_at(const char *text, size_t length, uint32_t *ret);

#endif
