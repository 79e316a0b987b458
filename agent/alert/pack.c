/* The rules that sonde brings along are a part of the program, so that a lone binary has them. The assembler takes the file in as it is. */
#include "agent/alert/load.h"

__asm__(".pushsection .rodata\n"
        "sonde_pack_start: .incbin \"alerts/web-stack.yml\"\n"
        "sonde_pack_end: .byte 0\n"
        ".popsection\n");

extern const char sonde_pack_start[], sonde_pack_end[];

const char *pack_text(size_t *ret_length) {
  // cppcheck-suppress comparePointers; both mark the same run of bytes
  *ret_length = (size_t)(sonde_pack_end - sonde_pack_start);
  return sonde_pack_start;
}
