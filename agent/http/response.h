/* Answers as libmicrohttpd wants them. */
#ifndef SONDE_AGENT_HTTP_RESPONSE_H
#define SONDE_AGENT_HTTP_RESPONSE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"

struct answer {
  unsigned status;
  struct MHD_Response *response; /* the receiver's reference … */
  bool kept;                     /* … unless it is kept in the cache */
};

/* A response of these bytes, which are taken over: `body` is empty afterwards. */
struct MHD_Response *response_new(struct buf *body, const char *content_type);
void response_header(struct MHD_Response *r, const char *name, const char *value);
/* Plain text, one sentence. */
struct answer answer_text(unsigned status, const char *sentence);

#endif
