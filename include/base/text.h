/* The gate for text from outside. Whatever a server, a file or a peer said passes here once, before it is shown anywhere: afterwards it is
 * valid UTF-8 without NUL, and short. */
#ifndef SONDE_BASE_TEXT_H
#define SONDE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

/* Appends `text` repaired: each invalid byte and each NUL becomes U+FFFD. Longer than `max` bytes, it is cut at a character and ends in
 * "~" and 8 hexadecimal digits of a hash of the whole, so that two texts cannot become one; the result is never longer than `max`. */
void text_clean(struct buf *out, const char *text, size_t length, size_t max);
/* True when `text` is valid UTF-8 without NUL. */
bool text_is_clean(const char *text, size_t length);
/* Appends `text` with \ " and newline escaped, as a label value or a HELP text wants it. */
void text_escape(struct buf *out, const char *text, size_t length);
/* Appends `text` as the content of a JSON string, without the quotes; invalid UTF-8 becomes U+FFFD. */
void text_json(struct buf *out, const char *text, size_t length);
/* Appends a character as UTF-8; what is none becomes U+FFFD. */
void text_character(struct buf *out, uint32_t code);
/* Appends `text` percent-encoded, all but letters, digits, - . _ ~ and what is in `also`. */
void text_percent(struct buf *out, const char *text, const char *also);
/* Appends `text` with & < > " ' as HTML entities. */
void text_html(struct buf *out, const char *text, size_t length);
/* Replaces each occurrence of `secret` (NULL and "" are ignored) in the NUL-terminated `text` by "***", in place. */
void text_scrub(char *text, const char *secret);
/* Appends `url` without password, query string and fragment: what may be shown. */
void text_redact_url(struct buf *out, const char *url);

/* A hash of bytes, seeded at random per process, for tables whose keys come from outside. */
uint64_t text_hash(const void *bytes, size_t length);

#endif
