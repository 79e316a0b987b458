/* From nothing to a configuration: the file, or else this host and every server that a collector finds. What was looked for is told in either
 * case, so that nobody has to guess why a server is not watched. */
#include "agent/cli/watched.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/mem.h"
#include "collectors/collector.h"
#include "notify/format.h"

enum { FINDINGS_MAX = 8 };

PRINTF(3, 4) static void tell(say_fn *say, bool good, const char *format, ...) {
  SCOPED(buf_done) struct buf sentence;
  buf_init(&sentence, 4096);
  va_list args;
  va_start(args, format);
  buf_vprintf(&sentence, format, args);
  va_end(args);
  if (sentence.data) say(good, sentence.data);
}

static void add_finding(struct config *config, const struct kind *kind, const struct finding *found, say_fn *say) {
  struct fail why = {0};
  size_t before = config->target_count;
  if (!config_add_target(config, kind, found->address, &why))
    tell(say, false, "found %s through %s, but cannot use it: %s", kind->name, found->shown, why.text);
  else if (config->target_count == before)
    tell(say, true, "%s leads to a %s server that is watched already", found->shown, kind->name);
  else
    tell(say, true, "found %s at %s through %s", kind->name, config->targets[before].address, found->shown);
}

static void find_servers(struct config *config, const struct collector *c, say_fn *say) {
  struct finding findings[FINDINGS_MAX];
  SCOPED(buf_done) struct buf looked;
  buf_init(&looked, 2048);
  size_t count = c->discover(findings, FINDINGS_MAX, &looked);
  if (count > 0) tell(say, true, "looked for %s at %s", c->kind.name, looked.data ? looked.data : "nothing");
  for (size_t i = 0; i < count; i++) add_finding(config, &c->kind, &findings[i], say);
  if (count == 0)
    tell(say, true, "found no %s; looked at %s; for one elsewhere, set the environment or write {%s: URL} below `targets:` in %s",
         c->kind.name, looked.data ? looked.data : "nothing", c->kind.name, DEFAULT_CONFIG_FILE);
  mem_wipe(findings, sizeof findings);
}

/* A collector that has nothing to search for, and asks no address, watches the machine it runs on. */
static struct config *look_around(say_fn *say) {
  struct config *config = config_new();
  for (size_t i = 0; collectors[i]; i++) {
    const struct collector *c = collectors[i];
    struct fail why = {0};
    if (c->discover)
      find_servers(config, c, say);
    else if (!c->ask && !config_add_target(config, &c->kind, "", &why))
      tell(say, false, "cannot watch this %s: %s", c->kind.name, why.text);
  }
  return config;
}

struct kinds watched_kinds(void) {
  struct kinds kinds = {0};
  kinds.targets = collector_kinds(&kinds.target_count);
  kinds.services = format_services(&kinds.service_count);
  return kinds;
}

struct config *watched_load(const char *path, say_fn *say, struct fail *f) {
  struct kinds kinds = watched_kinds();
  if (path || access(DEFAULT_CONFIG_FILE, F_OK) == 0 || errno != ENOENT)
    return config_load(path ? path : DEFAULT_CONFIG_FILE, &kinds, f);
  say(true, "there is no " DEFAULT_CONFIG_FILE ": watching this host and the servers found here");
  return look_around(say);
}

void watched_parts(struct buf *out, const struct target_config *t, const char *separator) {
  bool first = true;
  for (size_t i = 0; i < t->kind->part_count; i++) {
    if (!t->parts[i].on) continue;
    buf_printf(out, "%s%s", first ? "" : separator, t->kind->parts[i].name);
    first = false;
  }
}
