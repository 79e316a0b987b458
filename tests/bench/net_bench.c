/* What transfers cost in the loop: COUNT requests in each EVERY seconds, spread evenly, to the URLs of the command line in turn; the first round is not
 * counted. CPU is that of the whole process, lookups and the sender included.
 *   net_bench [-n COUNT] [-e EVERY] [-r ROUNDS] [-t TIMEOUT] [-o (once)] [-k (insecure)] [-c CA_FILE] URL… */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/net.h"

static atomic_int came, good, kinds[FAIL_KIND_COUNT];

static void done(void *context, const struct net_answer *a) {
  (void)context;
  atomic_fetch_add(&came, 1);
  atomic_fetch_add(&good, a->why.kind == FAIL_NONE);
  atomic_fetch_add(&kinds[a->why.kind], 1);
}

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long status(const char *key) {
  char line[256];
  long value = 0;
  FILE *file = fopen("/proc/self/status", "re");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, key, strlen(key)) == 0) value = strtol(line + strlen(key) + 1, NULL, 10);
  if (file) fclose(file);
  return value;
}

static void sleep_until(double when) {
  double left = when - clock_seconds();
  if (left > 0) nanosleep(&(struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)}, NULL);
}

static void send_round(struct net *net, struct net_request *r, char **urls, int url_count, int count, double every) {
  struct fail why;
  double start = clock_seconds();
  for (int i = 0; i < count; i++) {
    sleep_until(start + every * i / count);
    r->url = urls[i % url_count];
    if (!net_send(net, r, done, NULL, &why)) fprintf(stderr, "net_bench: %s\n", why.text);
  }
  sleep_until(start + every);
}

int main(int argc, char **argv) {
  int count = 1000, rounds = 3, option;
  double every = 10;
  struct net_request r = {
      .connect_timeout = 9500, .timeout = 9500, .answer_max = 65536, .redirects_max = 5, .certificates = true, .compressed = true};
  while ((option = getopt(argc, argv, "n:e:r:t:okc:")) != -1) {
    if (option == 'n') count = atoi(optarg);
    if (option == 'e') every = atof(optarg);
    if (option == 'r') rounds = atoi(optarg);
    if (option == 't') r.timeout = (msec_t)(atof(optarg) * 1000);
    if (option == 'o') r.once = true;
    if (option == 'k') r.tls.insecure = true;
    if (option == 'c') r.tls.ca_file = optarg;
    if (option == '?') return 2;
  }
  if (optind == argc) return fprintf(stderr, "net_bench: no URL\n"), 2;
  struct net *net = net_new();
  long before = status("VmRSS:");
  send_round(net, &r, argv + optind, argc - optind, count, every);
  double cpu = cpu_seconds();
  int first = came;
  for (int i = 0; i < rounds; i++) send_round(net, &r, argv + optind, argc - optind, count, every);
  cpu = cpu_seconds() - cpu;
  printf("%d each %.0f s: %.1f ms of CPU a second, %.0f us each; %d answers, %d good; %ld KB more than at the start (peak %ld KB "
         "in all), %ld threads\n",
         count, every, cpu / (rounds * every) * 1e3, cpu / (rounds * count) * 1e6, came - first, good, status("VmRSS:") - before,
         status("VmHWM:"), status("Threads:"));
  for (int k = 1; k < FAIL_KIND_COUNT; k++)
    if (kinds[k]) printf("  %s: %d\n", fail_kind_name((enum fail_kind)k), kinds[k]);
  net_free(net);
  return 0;
}
