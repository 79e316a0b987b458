/* Taking the past in that a file holds: see file.h for the form. Nothing in it is believed: it is read into a history of its own, unpacked and packed
 * again, and becomes a part of the real one only when all of it made sense. Ticks that are older than the span stay away, and those that are not older
 * than now: the wall's clock was set, and the past must not overlap the present. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/history/file.h"
#include "agent/history/shard.h"
#include "base/mem.h"
#include "base/text.h"

#define FILE_BYTES_MAX ((uint64_t)4 << 30)
#define TIME_MAX       ((int64_t)1 << 52) /* milliseconds: some 140000 years */

struct loading {
  const unsigned char *at, *end;
  struct history *into;
  msec_t from, to; /* from < time < to is taken, on our clock … */
  msec_t offset;   /* … which the wall's is ahead of by this */
  struct shard *shard;
  uint64_t base;               /* how many ticks the shard has of the parts before */
  uint64_t ticks, first, next; /* of the shard in this part: how many there are, and which are taken: first <= tick < next */
};

static bool get_number(struct loading *l, uint64_t max, uint64_t *ret) {
  *ret = 0;
  for (unsigned shift = 0; shift < 64 && l->at < l->end; shift += 7) {
    uint64_t byte = *l->at++;
    *ret |= (byte & 127) << shift;
    if (byte < 128) return *ret <= max;
  }
  return false;
}

static bool get_signed(struct loading *l, int64_t max, int64_t *ret) {
  uint64_t folded;
  if (!get_number(l, (uint64_t)max * 2, &folded)) return false;
  *ret = (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
  return true;
}

static bool get_fixed(struct loading *l, uint64_t *ret) {
  *ret = 0;
  if (l->end - l->at < 8) return false;
  for (unsigned i = 0; i < 8; i++) *ret |= (uint64_t)*l->at++ << 8 * i;
  return true;
}

static bool get_text(struct loading *l, const char **ret) {
  const unsigned char *nul = memchr(l->at, 0, (size_t)(l->end - l->at));
  if (!nul) return false;
  *ret = (const char *)l->at;
  l->at = nul + 1;
  return text_is_clean(*ret, (size_t)(nul - (const unsigned char *)*ret));
}

/* Ticks */

/* How many ticks of a stretch are earlier than `time`, or not later. */
static uint64_t count_before(const struct stretch *s, uint64_t ticks, msec_t time) {
  if (time <= s->time) return 0;
  return s->step ? MIN(ticks, (uint64_t)((time - 1 - s->time) / s->step) + 1) : ticks;
}

/* No tick up to here is taken: it is too old, or was not later than the part before. */
static msec_t taken_after(const struct loading *l) {
  const struct timeline *t = &l->shard->times;
  return timeline_is_empty(t) ? l->from : MAX(l->from, timeline_at(t, t->next - 1));
}

static bool get_stretch(struct loading *l, msec_t *after) {
  struct stretch s = {.first = 0};
  uint64_t ticks, step, gap;
  if (!get_number(l, FILE_TICKS_MAX, &ticks) || !get_signed(l, TIME_MAX, &s.time) || !get_number(l, (uint64_t)TIME_MAX, &step) ||
      !get_number(l, 1, &gap))
    return false;
  if (ticks == 0 || (ticks > 1 && (step == 0 || step > (uint64_t)TIME_MAX / ticks)) || s.time <= *after) return false;
  *after = s.time + (msec_t)((ticks - 1) * step);
  s.time -= l->offset;
  s.step = (msec_t)step;
  s.gap = gap;
  uint64_t old = count_before(&s, ticks, taken_after(l) + 1), future = ticks - count_before(&s, ticks, l->to);
  if (l->shard->times.next == l->base) l->first = l->ticks + old;
  l->ticks += ticks;
  if (old + future >= ticks) return l->ticks <= FILE_TICKS_MAX;
  l->next = l->ticks - future;
  s.time += (msec_t)old * s.step;
  timeline_extend(&l->shard->times, &s, ticks - old - future);
  return l->ticks <= FILE_TICKS_MAX;
}

static bool get_timeline(struct loading *l) {
  uint64_t count;
  msec_t after = -TIME_MAX - 1;
  size_t bytes = timeline_bytes(&l->shard->times);
  l->ticks = l->first = l->next = 0;
  l->base = l->shard->times.next;
  if (!get_number(l, UINT32_MAX, &count)) return false;
  for (; count; count--)
    if (!get_stretch(l, &after)) return false;
  atomic_fetch_add(&l->into->bytes, timeline_bytes(&l->shard->times) - bytes);
  return true;
}

/* Rows */

/* A row that has its place as soon as a point of it is taken, unless there is no room. */
struct row_loading {
  struct labels *labels;
  struct row *row;
  bool refused;
  int64_t tick; /* behind what was read, as the file counts */
};

static void take_run(struct loading *l, struct row_loading *r, struct run run) {
  int64_t first = MAX(r->tick, (int64_t)l->first), next = MIN(r->tick + run.ticks, (int64_t)l->next);
  r->tick += run.ticks;
  if (run.absent || first >= next || r->refused) return;
  if (!r->row) r->row = shard_add(l->shard, r->labels);
  r->refused = !r->row;
  run.ticks = (uint32_t)(next - first);
  if (r->row) shard_put_run(l->shard, r->row, l->base + (uint64_t)first - l->first, run);
}

static bool get_chunk(struct loading *l, struct row_loading *r) {
  uint64_t ticks, length;
  struct unpacker u;
  if (!get_number(l, UINT32_MAX, &ticks) || !get_number(l, CHUNK_BYTES_MAX + CHUNK_SLACK, &length)) return false;
  if (length > (uint64_t)(l->end - l->at) || r->tick + (int64_t)ticks > (int64_t)l->ticks) return false;
  unpacker_init(&u, l->at, (size_t)length);
  l->at += length;
  while (ticks) {
    struct run run;
    if (!unpacker_next(&u, &run) || run.ticks > ticks) return false;
    ticks -= run.ticks;
    take_run(l, r, run);
  }
  return true;
}

static bool get_values(struct loading *l, struct row_loading *r) {
  uint64_t chunks, ticks;
  struct run last = {.absent = false};
  if (!get_signed(l, (int64_t)FILE_TICKS_MAX, &r->tick) || !get_number(l, UINT32_MAX, &chunks)) return false;
  for (; chunks; chunks--)
    if (!get_chunk(l, r)) return false;
  if (!get_fixed(l, &last.bits) || !get_number(l, UINT32_MAX, &ticks) || ticks == 0) return false;
  last.ticks = (uint32_t)ticks;
  if (r->tick + last.ticks > (int64_t)l->ticks) return false;
  take_run(l, r, last);
  return true;
}

static bool get_row(struct loading *l) {
  struct label_pair pairs[FILE_LABELS_MAX];
  struct row_loading r = {.row = NULL};
  uint64_t count;
  if (!get_number(l, COUNTOF(pairs), &count)) return false;
  for (size_t i = 0; i < count; i++)
    if (!get_text(l, &pairs[i].name) || !get_text(l, &pairs[i].value)) return false;
  r.labels = labels_new(pairs, count);
  r.row = shard_find(l->shard, r.labels);
  bool good = (!r.row || r.row->end <= l->base) && get_values(l, &r); /* else it stands twice in the part */
  labels_unref(r.labels);
  return good;
}

/* Shards */

static struct shard *add_shard(struct history *h, struct identity *id) {
  struct shard *s = shard_new(h, id);
  s->next = h->shards;
  h->shards = s;
  atomic_fetch_add(&h->retired, 1);
  return s;
}

/* That of the parts before, or a new one. */
static struct shard *shard_of(struct history *h, const char *name, const char *job, const char *instance) {
  struct identity *id = identity_new(name, "", job, instance);
  struct shard *s = h->shards;
  while (s && !(s->id && identity_same(s->id, id))) s = s->next;
  if (!s) s = add_shard(h, id);
  identity_unref(id);
  return s;
}

/* Until its target is added, it is as one that is not watched any more. */
static bool get_shard(struct loading *l) {
  uint64_t flags, more;
  const char *name, *job, *instance;
  if (!get_number(l, FILE_OWN | FILE_UP, &flags)) return false;
  if (flags & FILE_OWN)
    l->shard = l->into->own;
  else if (get_text(l, &name) && get_text(l, &job) && get_text(l, &instance))
    l->shard = shard_of(l->into, name, job, instance);
  else
    return false;
  struct shard *s = l->shard;
  if (!get_timeline(l)) return false;
  while (get_number(l, 1, &more) && more)
    if (!get_row(l)) return false;
  s->was_up |= flags & FILE_UP;
  s->is_retired = s->id != NULL;
  s->retired = timeline_is_empty(&s->times) ? l->from : timeline_at(&s->times, s->times.next - 1) + RETIRE_GRACE;
  return more == 0;
}

static bool get_part(struct loading *l, const unsigned char *end) {
  uint64_t more = 0;
  l->end = end;
  while (get_number(l, 1, &more) && more)
    if (!get_shard(l)) return false;
  return more == 0 && l->at == l->end;
}

static void exchange(atomic_size_t *a, atomic_size_t *b) {
  atomic_store(b, atomic_exchange(a, atomic_load(b)));
}

/* What was read takes the place of the nothing that the history holds. */
static void take_over(struct history *h, struct history *read) {
  struct shard *shards = h->shards, *own = h->own;
  pthread_mutex_lock(&h->lock);
  for (struct shard *s = read->shards; s; s = s->next) s->history = h;
  own->history = read;
  h->shards = read->shards;
  h->own = read->own;
  read->shards = shards;
  read->own = own;
  exchange(&h->bytes, &read->bytes);
  exchange(&h->series, &read->series);
  exchange(&h->series_bytes, &read->series_bytes);
  exchange(&h->retired, &read->retired);
  pthread_mutex_unlock(&h->lock);
}

/* The next part at `l`, which goes on behind its length; its sum lies behind *ret_end. False when it is not whole. */
static bool find_part(struct loading *l, uint64_t *sum, const unsigned char **ret_end) {
  uint64_t length, expected;
  if (!get_fixed(l, &length) || length < FILE_FIXED_SIZE || length > (uint64_t)(l->end - l->at)) return false;
  *ret_end = l->at + length - FILE_FIXED_SIZE;
  *sum = file_sum(*sum, l->at, (size_t)(*ret_end - l->at));
  struct loading behind = {.at = *ret_end, .end = l->end};
  if (!get_fixed(&behind, &expected) || expected != *sum) return false;
  *sum = file_sum(*sum, *ret_end, FILE_FIXED_SIZE);
  return true;
}

static bool get_parts(struct loading *l, uint64_t sum, const unsigned char *begin, size_t *ret_whole, struct fail *f) {
  const unsigned char *file_end = l->end, *end;
  while (l->at < file_end && find_part(l, &sum, &end)) {
    if (!get_part(l, end)) return fail(f, FAIL_PROTOCOL, "it makes no sense");
    l->at += FILE_FIXED_SIZE;
    l->end = file_end;
    *ret_whole = (size_t)(l->at - begin);
  }
  return *ret_whole || fail(f, FAIL_PROTOCOL, "it is torn or damaged");
}

static bool get_all(struct loading *l, size_t *ret_whole, struct fail *f) {
  const unsigned char *begin = l->at;
  uint64_t version;
  *ret_whole = 0;
  if ((size_t)(l->end - l->at) < sizeof FILE_MAGIC || memcmp(l->at, FILE_MAGIC, sizeof FILE_MAGIC) != 0)
    return fail(f, FAIL_PROTOCOL, "it is no history of sonde");
  l->at += sizeof FILE_MAGIC;
  if (!get_number(l, UINT64_MAX, &version)) return fail(f, FAIL_PROTOCOL, "it is torn or damaged");
  if (version != FILE_VERSION) return fail(f, FAIL_PROTOCOL, "it is of another version of sonde");
  return get_parts(l, file_sum(FILE_SUM_START, begin, (size_t)(l->at - begin)), begin, ret_whole, f);
}

bool history_load_bytes(struct history *h, const unsigned char *bytes, size_t length, msec_t now, msec_t wall_offset,
                        size_t *ret_whole, struct fail *f) {
  struct history *read = history_new(atomic_load(&h->span), atomic_load(&h->bytes_max));
  struct loading l = {
      .at = bytes,
      .end = bytes + length,
      .into = read,
      .from = now - atomic_load(&h->span),
      .to = now,
      .offset = wall_offset,
  };
  bool good = get_all(&l, ret_whole, f);
  if (good) take_over(h, read);
  history_free(read);
  if (good) history_evict(h, now);
  return good;
}

/* The file */

static bool read_all(int fd, unsigned char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t got = read(fd, bytes + done, length - done);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

static bool set_aside(const char *path, struct fail *f) {
  char to[4096], why[sizeof f->text];
  snprintf(why, sizeof why, "%s", f ? f->text : "");
  snprintf(to, sizeof to, "%s.broken-%lld", path, (long long)clock_wall());
  if (rename(path, to)) return fail_errno(f, "%s: %s, and cannot be renamed", path, why);
  return fail(f, FAIL_PROTOCOL, "%s: %s; it was set aside as %s and the past begins anew", path, why, to);
}

bool history_load(struct history *h, const char *path, msec_t now, msec_t wall_offset, struct fail *f) {
  struct stat st;
  size_t whole;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT || fail_errno(f, "the history cannot be read from %s", path);
  if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_BYTES_MAX) {
    close(fd);
    fail(f, FAIL_PROTOCOL, "it is no history of sonde");
    return set_aside(path, f);
  }
  SCOPED(mem_free) unsigned char *bytes = mem_resize(NULL, 1, (size_t)st.st_size + 1);
  bool good = read_all(fd, bytes, (size_t)st.st_size) || fail_errno(f, "the history cannot be read from %s", path);
  close(fd);
  if (!good) return false;
  if (!history_load_bytes(h, bytes, (size_t)st.st_size, now, wall_offset, &whole, f)) return set_aside(path, f);
  return whole == (size_t)st.st_size ||
         fail(f, FAIL_PROTOCOL, "%s: its end is torn or damaged: what was written last is lost, what is before it was taken", path);
}
