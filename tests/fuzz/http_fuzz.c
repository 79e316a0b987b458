/* What stands in a request line, a Host header and a listen address: whatever passes must survive the way back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/http/listen.h"
#include "agent/http/path.h"
#include "base/mem.h"

static void check_path(const char *text) {
  char path[512], again[sizeof path];
  if (!path_decode(text, path, sizeof path)) return;
  SCOPED(buf_done) struct buf link;
  buf_init(&link, 3 * sizeof path);
  path_encode(&link, path);
  if (!path_decode(link.data, again, sizeof again) || strcmp(path, again) != 0) abort();
  const char *name = path;
  if (path_match(path, "/targets/", "/metrics", &name) && (!*name || name != path + strlen("/targets/"))) abort();
}

static void check_value(const char *text) {
  char value[512];
  if (path_decode_value(text, value, sizeof value) && (strlen(value) > strlen(text) || strpbrk(value, "\n\r"))) abort();
}

static void check_host(const char *text) {
  if (host_is_valid(text) && strpbrk(text, "\"\\<>/@ \r\n")) abort();
}

static void check_address(const char *text) {
  struct listen_address address;
  struct fail why;
  if (listen_address_parse(text, &address, &why) && !address.path && !address.port[0]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SCOPED(mem_free) char *text = mem_copy_bytes(data, size);
  check_path(text);
  check_value(text);
  check_host(text);
  check_address(text);
  return 0;
}
