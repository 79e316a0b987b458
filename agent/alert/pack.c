/* The rules that sonde brings along are a part of the program, so that a lone binary has them. The assembler takes the file in as it is. */
#include <string.h>

#include "agent/alert/load.h"

__asm__(".pushsection .rodata\n"
        "sonde_pack: .incbin \"alerts/web-stack.yml\"\n"
        ".byte 0\n"
        ".popsection\n");

extern const char sonde_pack[];

const char *pack_text(size_t *ret_length) {
  *ret_length = strlen(sonde_pack);
  return sonde_pack;
}
