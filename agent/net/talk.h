/* What is said and heard on a connection that is libcurl's no longer to use: tcp:// and tls://. */
#ifndef SONDE_NET_TALK_H
#define SONDE_NET_TALK_H

#include <stdint.h>

#include "agent/net/transfer.h"

/* Goes on as far as it can without waiting. False when it waits, and *ret_events says for what (EPOLLIN, EPOLLOUT); true when it is over, with
 * *ret_result; why it failed is in the answer where libcurl has no words for it. */
bool talk_step(struct transfer *t, uint32_t *ret_events, CURLcode *ret_result);

#endif
