/* Answers as libmicrohttpd wants them: see response.h. */
#include "agent/http/response.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct MHD_Response *response_new(struct buf *body, const char *content_type) {
  size_t length = body->length;
  if (!body->data) buf_puts(body, "");
  char *data = mem_resize(body->data, length + 1, 1); /* pages are kept: give back what the buffer has in reserve */
  *body = (struct buf){0};
  struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback(length, data, free);
  if (!r) abort(); /* only without memory */
  response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
  response_header(r, "X-Content-Type-Options", "nosniff");
  return r;
}

void response_header(struct MHD_Response *r, const char *name, const char *value) {
  if (MHD_add_response_header(r, name, value) != MHD_YES) abort(); /* only without memory, or for a name that is none */
}

struct answer answer_text(unsigned status, const char *sentence) {
  struct buf body;
  buf_init(&body, strlen(sentence) + 1);
  buf_puts(&body, sentence);
  buf_putc(&body, '\n');
  return (struct answer){.status = status, .response = response_new(&body, "text/plain; charset=utf-8")};
}
