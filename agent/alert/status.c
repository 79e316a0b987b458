/* The status as JSON: see alert/status.h. Values of rules are strings, since JSON knows no NaN and no infinity. */
#include "alert/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

static void put_string(struct buf *out, const char *name, const char *value) {
  buf_printf(out, "\"%s\":\"", name);
  text_json(out, value, strlen(value));
  buf_putc(out, '"');
}

static void put_seconds(struct buf *out, const char *name, msec_t span) {
  char number[NUMBER_SIZE];
  number_format((double)span / 1000.0, number);
  buf_printf(out, "\"%s\":%s", name, number);
}

/* What a server shows while it answers and yet does not serve. */
static const struct {
  const char *family, *sentence;
} starting[] = {
    {"redis_loading_dump_file", "the server is loading its data and refuses commands until it is done"},
};

static const char *starting_in(const struct section *section) {
  size_t count;
  const struct section_family *families = section_families(section, &count);
  const struct sample *samples = section_samples(section, &(size_t){0});
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < COUNTOF(starting); k++)
      if (!strcmp(families[i].family->name, starting[k].family) && samples[families[i].first].value != 0)
        return starting[k].sentence;
  return NULL;
}

const char *status_starting(const struct batch *b) {
  const char *sentence = NULL;
  for (size_t i = 0; b->up && i < b->count && !sentence; i++) sentence = starting_in(b->sections[i]);
  return sentence;
}

static void put_target(struct buf *out, const struct batch *b, msec_t now) {
  const char *loading = status_starting(b), *state = !b->polled ? "unpolled" : loading ? "starting" : b->up ? "up" : "down";
  buf_putc(out, '{');
  put_string(out, "name", b->id->name);
  buf_putc(out, ',');
  put_string(out, "kind", b->id->kind);
  buf_putc(out, ',');
  put_string(out, "state", state);
  if (b->success) {
    buf_putc(out, ',');
    put_seconds(out, "age_seconds", MAX(now - b->success, 0));
  }
  if (loading || (b->polled && !b->up)) {
    buf_putc(out, ',');
    put_string(out, "reason", loading ? fail_kind_name(FAIL_STARTING) : fail_kind_name(b->why.kind));
    buf_putc(out, ',');
    put_string(out, "sentence", loading ? loading : b->why.text);
  }
  buf_putc(out, '}');
}

#define HEAD "{\"schema\":%d,\"digest\":\"%016" PRIx64 "\","

bool status_is_of(const char *json, uint64_t digest) {
  char head[64];
  snprintf(head, sizeof head, HEAD, STATUS_SCHEMA, digest);
  return json && !strncmp(json, head, strlen(head));
}

void status_write(struct buf *out, const struct status *s) {
  buf_printf(out, HEAD "\"targets\":[", STATUS_SCHEMA, s->digest);
  for (size_t i = 0; i < s->targets->count; i++) {
    buf_puts(out, i ? ",\n " : "");
    put_target(out, s->targets->batches[i], s->now);
  }
  buf_puts(out, "]}\n");
}
