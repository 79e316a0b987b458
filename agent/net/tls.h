/* What OpenSSL knows of a connection of libcurl's, and libcurl does not tell. */
#ifndef SONDE_NET_TLS_H
#define SONDE_NET_TLS_H

#include "agent/net/answer.h"

/* A handshake begins: notes the chain that the peer shows in *a, accepted or not. `context` is the connection's SSL_CTX. */
void tls_watch(void *context, struct answer *a);
/* A connection is ready, a new one or one used again; `ssl` is its SSL. From here on it does not know *a. */
void tls_describe(void *ssl, struct answer *a, bool certificates);

#endif
