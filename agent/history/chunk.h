/* The values of one series at ticks that follow one another, packed: values in, bytes out, and back, bit for bit whatever the values are.
 *
 * A chunk is a row of runs: a value, and for how many ticks it stays. Most values are decimals with few digits: such a value is an integer and a
 * scale, of which the change of the change since the value before is written in as few bits as it takes. The others differ from the one before by
 * an XOR. */
#ifndef SONDE_AGENT_HISTORY_CHUNK_H
#define SONDE_AGENT_HISTORY_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A chunk is sealed when it is as long as this. Who reads its end unpacks all of it, so that it is not long in runs either. */
#define CHUNK_BYTES_MAX 480u
#define CHUNK_RUNS_MAX  120u
#define CHUNK_SLACK     40u /* a run is shorter than this */

struct run {
  uint64_t bits; /* of the value */
  uint32_t ticks;
  bool absent; /* there is no value */
};

/* What the next value is foretold from: the same on both sides. */
struct foretold {
  int64_t number, change; /* the newest decimal at this scale, and how far it was from the one before */
  uint64_t bits;          /* the newest value */
  uint8_t scale;
  bool fresh;              /* there is no change yet */
  bool settled;            /* a value fitted no scale: others are expected to follow, and no other scale is looked for */
  uint8_t leading, length; /* where the newest XOR has other bits than 0 */
};

/* Being written. */
struct packer {
  uint64_t first; /* tick */
  uint32_t ticks;
  uint32_t bits; /* written */
  uint32_t capacity;
  uint32_t runs;
  struct foretold foretold;
  unsigned char bytes[];
};
struct packer *packer_new(uint64_t first);
/* Appends a run; the packer may move. */
struct packer *packer_put(struct packer *p, struct run run);
/* Begins anew, for what comes after `first`. */
void packer_restart(struct packer *p, uint64_t first);
static inline bool packer_is_full(const struct packer *p) {
  return p->runs >= CHUNK_RUNS_MAX || p->bits >= CHUNK_BYTES_MAX * 8;
}
static inline size_t packer_length(const struct packer *p) {
  return (p->bits + 7) / 8;
}
static inline size_t packer_bytes(const struct packer *p) {
  return sizeof *p + p->capacity;
}

/* Sealed: nothing but the references and the chain changes any more. */
struct chunk {
  struct chunk *older, *newer; /* of the same row; the shard's lock guards them */
  uint64_t first;
  uint32_t ticks;
  atomic_uint references;
  uint32_t length;
  unsigned char bytes[];
};
struct chunk *chunk_new(const unsigned char *bytes, size_t length, uint64_t first, uint32_t ticks);
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c); /* NULL allowed */
static inline size_t chunk_bytes(const struct chunk *c) {
  return sizeof *c + c->length;
}

static inline uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline double value_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Being read. */
struct unpacker {
  const unsigned char *at, *end;
  uint64_t window; /* the next bits, uppermost first … */
  unsigned held;   /* … and how many they are */
  struct foretold foretold;
};
void unpacker_init(struct unpacker *u, const unsigned char *bytes, size_t length);
/* The next run. False when the bytes end before it, or no packer wrote them. How many ticks there are is not known here: ask no further than these. */
bool unpacker_next(struct unpacker *u, struct run *ret);

#endif
