/* Compression: the one file that knows libdeflate. */
#include <libdeflate.h>

#include "metric/exposition.h"

bool exposition_gzip(struct buf *out, const void *in, size_t length) {
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
  if (!compressor) return false;
  size_t bound = libdeflate_gzip_compress_bound(compressor, length);
  char *room = buf_room(out, bound);
  size_t written = room ? libdeflate_gzip_compress(compressor, in, length, room, bound) : 0;
  libdeflate_free_compressor(compressor);
  if (written) buf_added(out, written);
  return written > 0;
}
