/* Serves a page of SAMPLES samples with sonde's own server, for http_bench.sh: http_page ADDRESS SAMPLES. Ends with its standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "http/server.h"

static const struct family family = {"bench_requests_total", "A sample of the usual length.", METRIC_COUNTER, "handler,instance",
                                     false};

static struct section *samples(size_t count) {
  struct section *s = section_new("bench");
  for (size_t i = 0; i < count; i++) {
    char handler[64];
    snprintf(handler, sizeof handler, "/api/v1/handler/%zu", i);
    section_add(s, &family, section_label_pairs(s, "handler", handler, "instance", "bench", NULL), (double)i * 1234.5);
  }
  return section_finish(s);
}

static void publish(struct store *store, size_t count) {
  struct identity *id = identity_new("bench", "bench", "bench", "bench");
  struct batch *b = batch_new(id, 1);
  b->sections[0] = samples(count);
  b->up = b->polled = true;
  b->success = clock_now();
  slot_publish(store_add(store), b);
  identity_unref(id);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: %s ADDRESS SAMPLES\n", argv[0]), 3;
  struct store *store = store_new();
  publish(store, strtoul(argv[2], NULL, 10));
  const char *address = argv[1];
  struct fail why;
  struct server *server =
      server_start(&(struct server_config){&(struct strings){.items = &address, .count = 1}, "/metrics", NULL, store}, &why);
  if (!server) return fprintf(stderr, "%s\n", why.text), 1;
  server_expect(server, 1, 0);
  printf("%s\n", server_address(server, 0));
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  server_stop(server);
  return 0;
}
