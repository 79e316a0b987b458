/* The part "meminfo". The kernel names the fields, and adds some from time to time: a known one is a row of the table, an unknown one becomes a
 * family of its section, named by the same rule. */
#include "collectors/host/meminfo.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "collectors/host/host.h"
#include "collectors/host/lines.h"

/* Help and name follow from the field, as node_exporter has them. */
#define BYTES(field)                                                                                                               \
  { "node_memory_" field "_bytes", "Memory information field " field "_bytes.", METRIC_GAUGE, NULL, false }
#define PAGES(field)                                                                                                               \
  { "node_memory_" field, "Memory information field " field ".", METRIC_GAUGE, NULL, false }

static const struct family families[] = {
    BYTES("MemTotal"),          BYTES("MemFree"),       BYTES("MemAvailable"),    BYTES("Buffers"),         BYTES("Cached"),
    BYTES("SwapCached"),        BYTES("Active"),        BYTES("Inactive"),        BYTES("Active_anon"),     BYTES("Inactive_anon"),
    BYTES("Active_file"),       BYTES("Inactive_file"), BYTES("Unevictable"),     BYTES("Mlocked"),         BYTES("HighTotal"),
    BYTES("HighFree"),          BYTES("LowTotal"),      BYTES("LowFree"),         BYTES("MmapCopy"),        BYTES("SwapTotal"),
    BYTES("SwapFree"),          BYTES("Zswap"),         BYTES("Zswapped"),        BYTES("Dirty"),           BYTES("Writeback"),
    BYTES("AnonPages"),         BYTES("Mapped"),        BYTES("Shmem"),           BYTES("KReclaimable"),    BYTES("Slab"),
    BYTES("SReclaimable"),      BYTES("SUnreclaim"),    BYTES("KernelStack"),     BYTES("ShadowCallStack"), BYTES("PageTables"),
    BYTES("SecPageTables"),     BYTES("NFS_Unstable"),  BYTES("Bounce"),          BYTES("WritebackTmp"),    BYTES("CommitLimit"),
    BYTES("Committed_AS"),      BYTES("VmallocTotal"),  BYTES("VmallocUsed"),     BYTES("VmallocChunk"),    BYTES("Percpu"),
    BYTES("HardwareCorrupted"), BYTES("AnonHugePages"), BYTES("ShmemHugePages"),  BYTES("ShmemPmdMapped"),  BYTES("FileHugePages"),
    BYTES("FilePmdMapped"),     BYTES("CmaTotal"),      BYTES("CmaFree"),         BYTES("Unaccepted"),      BYTES("Balloon"),
    BYTES("GPUActive"),         BYTES("GPUReclaim"),    PAGES("HugePages_Total"), PAGES("HugePages_Free"),  PAGES("HugePages_Rsvd"),
    PAGES("HugePages_Surp"),    BYTES("Hugepagesize"),  BYTES("Hugetlb"),         BYTES("DirectMap4k"),     BYTES("DirectMap2M"),
    BYTES("DirectMap4M"),       BYTES("DirectMap1G"),
};

#define NAME_MAX_BYTES (MEMINFO_FIELD_MAX + sizeof "node_memory__bytes")

/* "Active(anon):" in kB is node_memory_Active_anon_bytes, "HugePages_Free:" without a unit node_memory_HugePages_Free. */
static void name_of(struct slice field, bool is_bytes, char out[NAME_MAX_BYTES]) {
  char *p = stpcpy(out, "node_memory_");
  for (const char *c = field.at; c < field.end - 1; c++)
    if (*c != ')') *p++ = *c == '(' ? '_' : *c;
  stpcpy(p, is_bytes ? "_bytes" : "");
}

static const struct family *find_row(const char *name) {
  for (size_t i = 0; i < COUNTOF(families); i++)
    if (!strcmp(families[i].name, name)) return &families[i];
  return NULL;
}

static const struct family *family_of(struct meminfo_line *known, struct slice field, bool is_bytes, struct section *s) {
  bool same = known->length == slice_length(field) && !memcmp(known->field, field.at, known->length);
  if (same && known->family) return known->family;
  char name[NAME_MAX_BYTES];
  name_of(field, is_bytes, name);
  if (!same) {
    known->length = slice_length(field);
    memcpy(known->field, field.at, known->length);
    known->family = find_row(name);
  }
  return known->family ? known->family : section_family(s, name, METRIC_GAUGE, "Memory information field of /proc/meminfo.");
}

bool meminfo_write(struct meminfo *m, const char *text, size_t length, struct section *s) {
  struct slice rest = {text, text + length}, line, field, unit;
  size_t i = 0;
  while (i < MEMINFO_LINES_MAX && next_line(&rest, &line)) {
    uint64_t value;
    if (!next_word(&line, &field) || slice_length(field) > MEMINFO_FIELD_MAX || field.end[-1] != ':') continue;
    if (!number_scan(&line.at, line.end, &value)) continue;
    bool is_bytes = next_word(&line, &unit) && slice_is(unit, "kB");
    section_add(s, family_of(&m->lines[i++], field, is_bytes, s), 0, (double)value * (is_bytes ? 1024 : 1));
  }
  return i > 0;
}

struct state {
  struct source source;
  struct meminfo meminfo;
};

static void *open_meminfo(const struct host *h) {
  struct state *state = mem_zero(sizeof *state);
  source_init(&state->source, h->options->procfs, "meminfo");
  return state;
}

static void close_meminfo(void *state) {
  source_done(&((struct state *)state)->source);
  free(state);
}

static bool collect(void *state, struct host *h, struct section *s, struct fail *f) {
  struct state *m = state;
  if (!host_read(h, &m->source, f)) return false;
  if (meminfo_write(&m->meminfo, h->text.data, h->text.length, s)) return true;
  return fail(f, FAIL_PROTOCOL, "%s holds no line \"Field: number\"", m->source.path);
}

const struct host_part host_part_meminfo = {
    .families = families, .family_count = COUNTOF(families), .open = open_meminfo, .close = close_meminfo, .collect = collect};
