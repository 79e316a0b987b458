/* The HTTP side: /metrics, /targets/<name>/metrics, /targets/<name>/health, /probe, /sd, /, /-/healthy, /-/ready, /health, and Prometheus' API below
 * /api/v1/. One thread, which runs libmicrohttpd and alone owns the response cache; nothing here ever waits for a source. Queries are answered by a
 * second one. Sockets are ours. */
#ifndef SONDE_HTTP_SERVER_H
#define SONDE_HTTP_SERVER_H

#include "config/option.h"
#include "base/fail.h"
#include "metric/store.h"

struct server;
struct evaluator;
struct history;

struct server_config {
  const struct strings *listen;
  const char *telemetry_path;
  const char *socket;  /* path of a unix socket for this user alone, which serves /api/agent/status, too; NULL: none */
  struct store *store; /* must outlive the server */
};
/* Opens the listening sockets and starts serving. NULL with a sentence naming the address and the remedy (a port in use, an address that is
 * none). Without the socket of `sonde check` it goes on, and the log says why: another agent may serve it. */
struct server *server_start(const struct server_config *config, struct fail *f) MUST_CHECK;
/* The address of the n-th listener as bound ("127.0.0.1:10420"; a port 0 is resolved); NULL past the end. */
const char *server_address(const struct server *s, size_t n);
/* How many targets are configured; /-/ready and /health answer 503 until this was told and each has ended its first poll. `digest` is that of the
 * configuration and its rules, for `sonde check` to compare. May change at a reload. */
void server_expect(struct server *s, size_t targets, uint64_t digest);
/* What the API answers from, and whose rules are shown, from now on; both must outlive the server. Before that there are none. */
void server_show(struct server *s, struct history *history, struct evaluator *evaluator);
void server_stop(struct server *s); /* NULL allowed */

#endif
