/* The file that carries the past over a restart. Its first part holds all there was, each other what was new since the one before it, so that little is
 * written at a time; when the others are as long as the first, it is written anew. Its times are the wall's, its ticks are counted from the shard's
 * first in the part.
 *
 *   magic, version | part | part | …
 *   part    the length of what follows, 8 bytes | 1, shard | 1, shard | … | 0 | the sum of all before but the lengths, 8 bytes, lowest first
 *   shard   what it is (FILE_OWN, FILE_UP) | name, job, instance, unless FILE_OWN | how many stretches | stretch … | 1, row | 1, row | … | 0
 *   stretch ticks | time | step | gap
 *   row     how many labels | name, value … | first tick, signed | how many chunks | chunk … | the newest value, 8 bytes | of how many ticks
 *   chunk   ticks | length | bytes as chunk.h has them
 *
 * Numbers have seven bits a byte, the lowest first, the eighth tells that more follow; signed ones are folded. Texts end with NUL. */
#ifndef SONDE_AGENT_HISTORY_FILE_H
#define SONDE_AGENT_HISTORY_FILE_H

#include "history/keep.h"

#define FILE_MAGIC      "sonde past"
#define FILE_VERSION    2
#define FILE_FIXED_SIZE 8 /* of a length, of a sum */
#define FILE_TICKS_MAX  ((uint64_t)1 << 40)
#define FILE_LABELS_MAX 128
enum { FILE_OWN = 1, FILE_UP = 2 };

/* FNV-1a: what is torn, cut or flipped is seen; nobody is kept out by it. */
#define FILE_SUM_START 14695981039346656037u
static inline uint64_t file_sum(uint64_t sum, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < length; i++) sum = (sum ^ at[i]) * 1099511628211u;
  return sum;
}

/* A number of fixed length. */
static inline void file_number(uint64_t number, unsigned char *out) {
  for (unsigned i = 0; i < 8; i++) out[i] = (unsigned char)(number >> 8 * i);
}

/* What history_load() does with the content of the file: takes in the parts that are whole, and tells how long they are. False with what is wrong when
 * nothing was taken. */
bool history_load_bytes(struct history *h, const unsigned char *bytes, size_t length, msec_t now, msec_t wall_offset,
                        size_t *ret_whole, struct fail *f) MUST_CHECK;

#endif
