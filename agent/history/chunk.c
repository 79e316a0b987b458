/* Packing and unpacking: see chunk.h. A run is a value, then a count.
 *
 * The value begins with ones that choose its form, closed by a zero: how many bits the change of the change takes, by the widths below (measured on
 * an hour of a host, a Postgres and a Redis under load; see the commit). Seven ones are followed by three bits for what is rarer. The count is 0 for
 * one tick; else 1, and Elias' gamma of one less. */
#include "agent/history/chunk.h"

#include <endian.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/mem.h"
#include "history/history.h"

enum { FIRST_CAPACITY = 48, FORMS = 7, SCALE_MAX = 9, WIDE = 56, GAMMA_MAX = 32 };
enum form { FORM_WIDE = FORMS, FORM_XOR, FORM_SCALE, FORM_ABSENT, FORM_STALE };

static const unsigned widths[FORMS] = {0, 6, 11, 16, 21, 27, 32};
static const double powers[SCALE_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const double exact_max = 9007199254740992.0; /* below it every integer is a double */

static const uint64_t stale_bits = 0x7ff0000000000002u;

double stale_marker(void) {
  return value_of(stale_bits);
}
bool is_stale(double value) {
  return bits_of(value) == stale_bits;
}

static unsigned length_of(uint64_t x) {
  return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

/* Small numbers of either sign become small ones without. */
static uint64_t fold(int64_t x) {
  return (uint64_t)x << 1 ^ (x < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t x) {
  return (int64_t)(x >> 1) ^ -(int64_t)(x & 1);
}

/* The chunk */

struct chunk *chunk_new(const unsigned char *bytes, size_t length, uint64_t first, uint32_t ticks) {
  struct chunk *c = mem_resize(NULL, 1, sizeof *c + length);
  c->older = c->newer = NULL;
  c->first = first;
  c->ticks = ticks;
  atomic_init(&c->references, 1);
  c->length = (uint32_t)length;
  memcpy(c->bytes, bytes, length);
  return c;
}

struct chunk *chunk_ref(struct chunk *c) {
  atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
  return c;
}

void chunk_unref(struct chunk *c) {
  if (c && atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) == 1) free(c);
}

/* Foretelling */

static uint64_t decimal(int64_t number, unsigned scale) {
  return bits_of(scale ? (double)number / powers[scale] : (double)number);
}

/* The integer that is the value at this scale. */
static bool as_decimal(uint64_t bits, unsigned scale, int64_t *ret) {
  double scaled = value_of(bits) * powers[scale];
  if (!(scaled > -exact_max && scaled < exact_max)) return false;
  *ret = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  return *ret > -(int64_t)exact_max && *ret < (int64_t)exact_max && decimal(*ret, scale) == bits;
}

static void foretold_take(struct foretold *f, int64_t number, uint64_t bits) {
  f->change = f->fresh ? 0 : number - f->number;
  f->number = number;
  f->bits = bits;
  f->fresh = false;
}

static void foretold_rescale(struct foretold *f, unsigned scale) {
  double scaled = (double)f->number * powers[scale - f->scale];
  f->number = scaled > -exact_max && scaled < exact_max ? (int64_t)scaled : 0;
  f->change = 0;
  f->scale = (uint8_t)scale;
  f->fresh = true;
}

/* Packing */

struct packer *packer_new(uint64_t first) {
  struct packer *p = mem_zero(sizeof *p + FIRST_CAPACITY);
  p->capacity = FIRST_CAPACITY;
  packer_restart(p, first);
  return p;
}

void packer_restart(struct packer *p, uint64_t first) {
  p->first = first;
  p->ticks = p->bits = p->runs = 0;
  p->foretold = (struct foretold){.fresh = true};
}

/* The lowest `count` bits of x, the uppermost of them first. */
static void put(struct packer *p, uint64_t x, unsigned count) {
  while (count) {
    unsigned used = p->bits % 8, part = MIN(8 - used, count);
    unsigned char *byte = &p->bytes[p->bits / 8];
    count -= part;
    if (!used) *byte = 0;
    *byte |= (unsigned char)((x >> count & ((1u << part) - 1)) << (8 - used - part));
    p->bits += part;
  }
}

static void put_form(struct packer *p, enum form form) {
  put(p, (1u << FORMS) - 1, FORMS);
  put(p, form - FORMS, 3);
}

static void put_number(struct packer *p, int64_t number, uint64_t bits) {
  uint64_t folded = fold(number - p->foretold.number - p->foretold.change);
  unsigned form = 0, length = length_of(folded);
  while (form < FORMS && widths[form] < length) form++;
  foretold_take(&p->foretold, number, bits);
  if (form == FORMS) {
    put_form(p, FORM_WIDE);
    put(p, folded, WIDE);
  } else {
    put(p, (1u << (form + 1)) - 2, form + 1);
    put(p, folded, widths[form]);
  }
}

/* The bits that differ are written where the window of the one before has them, unless a narrower one is worth its 12 bits. */
static void put_xor(struct packer *p, uint64_t bits) {
  struct foretold *f = &p->foretold;
  uint64_t x = bits ^ f->bits;
  unsigned leading = x ? 64 - length_of(x) : 63, trailing = x ? (unsigned)__builtin_ctzll(x) : 0, length = 64 - leading - trailing;
  bool same = f->length && leading >= f->leading && leading + length <= f->leading + f->length && length + 12u > f->length;
  if (f->settled)
    put(p, 0, 1);
  else
    put_form(p, FORM_XOR);
  put(p, same, 1);
  if (!same) {
    put(p, leading, 6);
    put(p, length - 1, 6);
    f->leading = (uint8_t)leading;
    f->length = (uint8_t)length;
  }
  put(p, x >> (64 - f->leading - f->length), f->length);
  f->bits = bits;
  f->settled = true;
}

/* After a value that fitted no scale, a bit tells whether the next one does. */
static void put_settled(struct packer *p) {
  if (p->foretold.settled) put(p, 1, 1);
}

static void put_value(struct packer *p, uint64_t bits) {
  unsigned scale = p->foretold.scale, last = p->foretold.settled ? scale : SCALE_MAX;
  int64_t number;
  while (scale <= last && !as_decimal(bits, scale, &number)) scale++;
  if (scale > last) {
    put_xor(p, bits);
    return;
  }
  put_settled(p);
  if (scale != p->foretold.scale) {
    put_form(p, FORM_SCALE);
    put(p, scale, 4);
    foretold_rescale(&p->foretold, scale);
  }
  put_number(p, number, bits);
}

static void put_rare(struct packer *p, enum form form) {
  put_settled(p);
  put_form(p, form);
}

static void put_count(struct packer *p, uint32_t ticks) {
  put(p, ticks > 1, 1);
  if (ticks == 1) return;
  unsigned length = length_of(ticks - 1);
  put(p, 0, length - 1);
  put(p, ticks - 1, length);
}

static struct packer *with_room(struct packer *p) {
  if (p->capacity >= packer_length(p) + CHUNK_SLACK) return p;
  p->capacity = MIN(2 * p->capacity, CHUNK_BYTES_MAX + CHUNK_SLACK);
  return mem_resize(p, 1, sizeof *p + p->capacity);
}

struct packer *packer_put(struct packer *p, struct run run) {
  p = with_room(p);
  if (run.absent)
    put_rare(p, FORM_ABSENT);
  else if (run.bits == stale_bits)
    put_rare(p, FORM_STALE);
  else
    put_value(p, run.bits);
  put_count(p, run.ticks);
  p->ticks += run.ticks;
  p->runs++;
  return p;
}

/* Unpacking */

void unpacker_init(struct unpacker *u, const unsigned char *bytes, size_t length) {
  *u = (struct unpacker){.at = bytes, .end = length ? bytes + length : bytes, .foretold.fresh = true};
}

/* Bits below those that are held may be there already: they are the ones that come next. */
static void fill(struct unpacker *u) {
  if (u->end - u->at >= 8) {
    uint64_t next;
    memcpy(&next, u->at, sizeof next);
    u->window |= be64toh(next) >> u->held;
    u->at += (63 - u->held) / 8;
    u->held |= 56;
    return;
  }
  for (; u->held <= 56 && u->at < u->end; u->held += 8) u->window |= (uint64_t)*u->at++ << (56 - u->held);
}

static void drop(struct unpacker *u, unsigned count) {
  u->window <<= count;
  u->held -= count;
}

/* The next `count` bits, at most WIDE. */
static bool take(struct unpacker *u, unsigned count, uint64_t *ret) {
  fill(u);
  if (u->held < count) return false;
  *ret = count ? u->window >> (64 - count) : 0;
  drop(u, count);
  return true;
}

/* How often `bit` comes next, at most `max` times; the other bit that ends it is taken along. */
static bool take_unary(struct unpacker *u, bool bit, unsigned max, unsigned *ret) {
  fill(u);
  *ret = MIN(64 - length_of(bit ? ~u->window : u->window), max);
  unsigned length = *ret + (*ret < max);
  if (u->held < length) return false;
  drop(u, length);
  return true;
}

static bool take_form(struct unpacker *u, unsigned *ret) {
  uint64_t rare = 0, other = 1;
  if (u->foretold.settled && !take(u, 1, &other)) return false;
  *ret = FORM_XOR;
  if (!other) return true;
  if (!take_unary(u, true, FORMS, ret) || (*ret == FORMS && !take(u, 3, &rare))) return false;
  *ret += (unsigned)rare;
  return true;
}

static bool take_number(struct unpacker *u, unsigned width) {
  uint64_t folded;
  if (!take(u, width, &folded)) return false;
  int64_t number = u->foretold.number + u->foretold.change + unfold(folded);
  if (number <= -(int64_t)exact_max || number >= (int64_t)exact_max) return false;
  foretold_take(&u->foretold, number, decimal(number, u->foretold.scale));
  return true;
}

static bool take_xor(struct unpacker *u) {
  struct foretold *f = &u->foretold;
  uint64_t same, leading, length, high, low;
  f->settled = true;
  if (!take(u, 1, &same) || (same && !f->length)) return false;
  if (!same) {
    if (!take(u, 6, &leading) || !take(u, 6, &length) || leading + ++length > 64) return false;
    f->leading = (uint8_t)leading;
    f->length = (uint8_t)length;
  }
  unsigned below = MIN(f->length, 32u);
  if (!take(u, f->length - below, &high) || !take(u, below, &low)) return false;
  f->bits ^= (high << below | low) << (64 - f->leading - f->length);
  return true;
}

static bool take_scale(struct unpacker *u) {
  uint64_t scale;
  if (!take(u, 4, &scale) || scale <= u->foretold.scale || scale > SCALE_MAX) return false;
  foretold_rescale(&u->foretold, (unsigned)scale);
  return true;
}

static bool take_count(struct unpacker *u, uint32_t *ret) {
  uint64_t several, rest;
  unsigned zeros;
  *ret = 1;
  if (!take(u, 1, &several)) return false;
  if (!several) return true;
  if (!take_unary(u, false, GAMMA_MAX, &zeros) || zeros == GAMMA_MAX || !take(u, zeros, &rest)) return false;
  uint64_t ticks = (UINT64_C(1) << zeros | rest) + 1;
  *ret = (uint32_t)ticks;
  return ticks <= UINT32_MAX;
}

bool unpacker_next(struct unpacker *u, struct run *ret) {
  unsigned form;
  *ret = (struct run){.absent = false};
  if (!take_form(u, &form)) return false;
  if (form == FORM_SCALE && (!take_scale(u) || !take_form(u, &form))) return false;
  if (form < FORMS || form == FORM_WIDE) {
    if (!take_number(u, form < FORMS ? widths[form] : WIDE)) return false;
  } else if (form == FORM_XOR) {
    if (!take_xor(u)) return false;
  } else if (form != FORM_ABSENT && form != FORM_STALE) {
    return false;
  }
  ret->absent = form == FORM_ABSENT;
  ret->bits = form == FORM_STALE ? stale_bits : u->foretold.bits;
  return take_count(u, &ret->ticks);
}
