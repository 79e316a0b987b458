/* sonde notify test: the whole way to a receiver but for the queue, shown step by step, so that nobody learns during an outage that messages do not
 * arrive. All receivers are asked at once. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/cli.h"
#include "agent/cli/watched.h"
#include "base/mem.h"
#include "config/suggest.h"
#include "notify/receiver.h"

enum { SHOWN_MAX = 400 };
enum { FLAG_FILE };
static const struct flag flags[] = {
    [FLAG_FILE] = {"config.file", "FILE", "The configuration (default " DEFAULT_CONFIG_FILE ")."},
    {0},
};

/* One receiver under test. */
struct trial {
  const struct receiver_config *receiver;
  struct buf body;
  pthread_mutex_t lock;
  pthread_cond_t came;
  bool answered;
  struct net_answer answer;
  char *answer_body;
};

static void take_answer(void *context, const struct net_answer *a) {
  struct trial *t = context;
  pthread_mutex_lock(&t->lock);
  t->answer = *a;
  t->answer.body = t->answer_body = mem_copy_bytes(a->body, a->length);
  t->answered = true;
  pthread_cond_signal(&t->came);
  pthread_mutex_unlock(&t->lock);
}

/* Named, marked and explained so that nobody is alarmed by it. */
static void make_message(struct message *m, const struct config *c) {
  char host[256] = "", summary[400];
  gethostname(host, sizeof host - 1);
  snprintf(summary, sizeof summary, "[TEST] Messages of sonde on %s arrive here", host);
  const struct label_pair labels[] = {{"alertname", "SondeTest"}, {"instance", host}, {"severity", "info"}};
  const struct label_pair annotations[] = {
      {"summary", summary}, {"description", "Sent by hand with sonde notify test. Nothing is wrong, nothing is to be done."}};
  *m = (struct message){
      .firing = true,
      .test = true,
      .labels = labels_new(labels, COUNTOF(labels)),
      .annotations = labels_new(annotations, COUNTOF(annotations)),
      .starts_at = (int64_t)(clock_wall() * 1000),
      .value = NAN,
      .external_url = c->external_url,
      .external_labels = &c->external_labels,
  };
}

static void trial_start(struct trial *t, const struct receiver_config *receiver, const struct message *m, struct net *net) {
  struct net_answer none = {.body = "", .retry_after = -1};
  *t = (struct trial){.receiver = receiver};
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->came, NULL);
  buf_init(&t->body, BODY_MAX);
  if (!receiver_render(receiver, m, &t->body, &none.why) || !receiver_post(receiver, &t->body, net, take_answer, t, &none.why))
    take_answer(t, &none);
}

static void trial_wait(struct trial *t) {
  pthread_mutex_lock(&t->lock);
  while (!t->answered) pthread_cond_wait(&t->came, &t->lock);
  pthread_mutex_unlock(&t->lock);
}

static void trial_done(struct trial *t) {
  buf_done(&t->body);
  free(t->answer_body);
  pthread_cond_destroy(&t->came);
  pthread_mutex_destroy(&t->lock);
}

static void print_answer(const struct trial *t) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, (size_t)4 * SHOWN_MAX);
  receiver_quote(t->receiver, &t->answer, &text, SHOWN_MAX);
  if (t->answer.status)
    printf("  answer   %ld in %.2f s: %s\n", t->answer.status, t->answer.seconds, text.length ? text.data : "(empty)");
  else
    printf("  answer   none in %.2f s\n", t->answer.seconds);
}

/* True when it was delivered. */
static bool trial_print(const struct trial *t) {
  struct verdict v;
  receiver_judge(t->receiver, &t->answer, 0, &v);
  printf("%s (%s, %s)\n", t->receiver->name, t->receiver->service->name, t->receiver->address);
  printf("  sent     %zu bytes: %s\n", t->body.length, t->body.data);
  print_answer(t);
  if (v.outcome == OUTCOME_DELIVERED)
    printf("  verdict  delivered\n");
  else
    printf("  verdict  NOT delivered: the receiver %s; a running agent would %s\n", v.text,
           v.outcome == OUTCOME_RETRY ? "try again" : "drop such a message and say so in its log");
  return v.outcome == OUTCOME_DELIVERED;
}

/* All receivers, or the one that is named. */
static int test(const struct config *c, const char *name) {
  struct trial *trials = mem_zero((c->receiver_count + 1) * sizeof *trials);
  struct message m;
  struct net *net = net_new();
  size_t count = 0, delivered = 0;
  make_message(&m, c);
  for (size_t i = 0; i < c->receiver_count; i++)
    if (!name || !strcmp(c->receivers[i].name, name)) trial_start(&trials[count++], &c->receivers[i], &m, net);
  for (size_t i = 0; i < count; i++) {
    trial_wait(&trials[i]);
    delivered += trial_print(&trials[i]);
    fflush(stdout);
  }
  net_free(net);
  for (size_t i = 0; i < count; i++) trial_done(&trials[i]);
  free(trials);
  labels_unref((struct labels *)m.labels);
  labels_unref((struct labels *)m.annotations);
  return delivered == count ? STATUS_GOOD : STATUS_WRONG;
}

static bool is_known(const struct config *c, const char *name) {
  const char **names = mem_zero((c->receiver_count + 1) * sizeof *names);
  bool known = false;
  for (size_t i = 0; i < c->receiver_count; i++) {
    names[i] = c->receivers[i].name;
    known = known || !strcmp(names[i], name);
  }
  const char *meant = suggest(name, names, c->receiver_count);
  if (!known) fprintf(stderr, "%s has no receiver \"%.60s\"", c->path, name);
  if (!known && meant) fprintf(stderr, "; did you mean %s?", meant);
  for (size_t i = 0; !known && !meant && i < c->receiver_count; i++) fprintf(stderr, "%s%s", i ? ", " : "; there are: ", names[i]);
  if (!known) fputc('\n', stderr);
  free(names);
  return known;
}

static int test_file(const char *path, const char *name) {
  struct fail why = {0};
  struct kinds kinds = watched_kinds();
  struct config *c = config_load(path, &kinds, &why);
  if (!c) {
    fprintf(stderr, "%s\n", why.text);
    return STATUS_WRONG;
  }
  int status = STATUS_WRONG;
  if (c->receiver_count == 0)
    fprintf(stderr,
            "%s lists no receivers; add one, as in\n  receivers:\n    - {name: ops, slack: {url_file: /run/secrets/slack}}\n",
            path);
  else if (!name || is_known(c, name))
    status = test(c, name);
  config_unref(c);
  return status;
}

static int run(int argc, char **argv) {
  struct arguments a = {.command = &notify_command, .argc = argc, .argv = argv};
  const char *operands[2] = {NULL, NULL}, *path = DEFAULT_CONFIG_FILE, *value;
  size_t count = 0;
  int found;
  while ((found = arguments_next(&a, &value)) == FLAG_FILE || (found == ARGUMENT_OPERAND && count < COUNTOF(operands))) {
    if (found == FLAG_FILE)
      path = value;
    else
      operands[count++] = value;
  }
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  if (!count || strcmp(operands[0], "test") != 0)
    return usage_error(&notify_command, "say what to do: sonde notify test [RECEIVER]");
  signal(SIGPIPE, SIG_IGN);
  return test_file(path, operands[1]);
}

const struct command notify_command = {
    .name = "notify",
    .operands = "test [RECEIVER]",
    .summary = "Sends a marked test message to every receiver, or to one, and shows what was answered.",
    .flags = flags,
    .run = run,
};
