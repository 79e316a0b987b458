/* Characters of UTF-8. */
#ifndef SONDE_AGENT_TEMPLATE_RUNE_H
#define SONDE_AGENT_TEMPLATE_RUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool rune_is_letter(uint32_t code);
/* The other case, in every alphabet that has one; what has none stays. */
uint32_t rune_upper(uint32_t code);
uint32_t rune_lower(uint32_t code);
/* The character that begins at `text`, and how many bytes it has; a broken one is U+FFFD of one byte. `length` is not 0. */
size_t rune_at(const char *text, size_t length, uint32_t *ret);

#endif
