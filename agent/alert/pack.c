/* The rules that sonde brings along are a part of the program, so that a lone binary has them. The assembler takes the files in as they are. */
#include <string.h>

#include "agent/alert/load.h"
#include "config/config.h"

#define X(id, name)                                                                                                                \
  __asm__(".pushsection .rodata\n"                                                                                                 \
          "sonde_pack_" #id ": .incbin \"alerts/" name ".yml\"\n"                                                                  \
          ".byte 0\n"                                                                                                              \
          ".popsection\n");                                                                                                        \
  extern const char sonde_pack_##id[];
CONFIG_PACKS(X)
#undef X

static const struct {
  const char *name, *text;
} packs[] = {
#define X(id, name) {name, sonde_pack_##id},
    CONFIG_PACKS(X)
#undef X
};

const char *pack_text(const char *name) {
  for (size_t i = 0; i < COUNTOF(packs); i++)
    if (!strcmp(packs[i].name, name)) return packs[i].text;
  return NULL;
}
