/* Any text as INFO and as CLUSTER INFO. */
#include <stddef.h>
#include <stdint.h>

#include "collectors/redis/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct info_memory memory; /* kept between texts, as between polls */
  struct arena arena;
  struct fail f;
  struct info_facts facts;
  arena_init(&arena);
  const char *text = arena_copy_bytes(&arena, data, size);
  struct section *s = section_new("info"), *cluster = section_new("cluster");
  struct info_pass pass = {.section = s, .arena = &arena, .memory = &memory, .wall = 1e9, .databases = 16};
  (void)info_write(&pass, text, size, &facts, &f);
  (void)info_write_cluster(cluster, text, size, &f);
  section_unref(section_finish(s));
  section_unref(section_finish(cluster));
  arena_done(&arena);
  return 0;
}
