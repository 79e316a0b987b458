/* One poll of a Redis server: everything that is due travels in one batch, and the queues may ask further. On a connection that is new, INFO
 * goes first and alone decides what else is asked: a server that is no cluster counts CLUSTER INFO as an error of its clients, and the queues
 * must know whether it is still the server they knew. */
#include "collectors/redis/visit.h"

#include <stdio.h>
#include <string.h>

#include "collectors/redis/refusal.h"

static const struct family connect_time = {"redis_exporter_last_scrape_connect_time_seconds",
                                           "Seconds the last poll needed to connect; 0 when the connection was there.",
                                           METRIC_GAUGE, NULL, false};
static const struct family scrape_duration = {"redis_exporter_scrape_duration_seconds", "Seconds the polls before this one took.",
                                              METRIC_SUMMARY, NULL, false};

enum { COMMAND_MAX = 64, WORDS_MAX = 4 };

struct visit {
  struct redis *redis;
  struct poll *poll;
  struct arena arena;
  struct redis_batch batch;
  double start;
  ticket_t info, first[PART_COUNT]; /* the first command of each part … */
  uint32_t asked;                   /* … that was asked */
  struct fail broken;               /* why the batch is not answered to its end */
  bool queues_answered;             /* at least their first round */
};

/* ---- asking ---- */

static bool flush(struct visit *v) {
  return redis_session_flush(&v->redis->session, &v->batch, &v->poll->wait, &v->broken);
}

static ticket_t ask(struct visit *v, const char *command) {
  char words[COMMAND_MAX];
  const char *argv[WORDS_MAX];
  int argc = 0;
  snprintf(words, sizeof words, "%s", command);
  for (char *rest = words, *word; argc < WORDS_MAX && (word = strsep(&rest, " "));) argv[argc++] = word;
  return redis_command(&v->batch, argc, argv, NULL);
}

static void ask_info(struct visit *v) {
  v->info = v->redis->plain_info ? redis_ask(&v->batch, "INFO", NULL) : redis_ask(&v->batch, "INFO", "ALL", NULL);
}

static void ask_part(struct visit *v, unsigned id) {
  const struct redis_part *part = redis_part(id);
  if (!part || !poll_due(v->poll, id) || v->redis->refused[id].kind != FAIL_NONE) return;
  for (unsigned i = 0; i < part->count; i++) {
    ticket_t ticket = ask(v, part->commands[i]);
    if (i == 0) v->first[id] = ticket;
  }
  v->asked |= 1u << id;
}

static void ask_parts(struct visit *v) {
  for (unsigned id = PART_INFO + 1; id < PART_COUNT; id++) {
    if (id != PART_CLUSTER || v->redis->facts.cluster) ask_part(v, id);
  }
}

static void ask_queues(struct visit *v) {
  if (!poll_due(v->poll, PART_QUEUES)) return;
  queues_ask(v->redis->queues, &v->batch, v->redis->server_changed);
  v->redis->server_changed = false;
  v->asked |= 1u << PART_QUEUES;
}

/* ---- INFO ---- */

static void publish(struct visit *v, unsigned id, struct section *s) {
  v->poll->seconds[id] = clock_seconds() - v->start;
  poll_done(v->poll, id, s);
}

static void write_self(struct visit *v, struct section *s) {
  section_add(s, &connect_time, 0, v->redis->session.connect_seconds);
  section_add_suffix(s, &scrape_duration, SUFFIX_SUM, 0, v->redis->poll_seconds);
  section_add_suffix(s, &scrape_duration, SUFFIX_COUNT, 0, (double)v->redis->polls);
}

static void note_server(struct redis *r, const struct info_facts *facts) {
  if (r->facts.run_id[0] && strcmp(r->facts.run_id, facts->run_id) != 0) r->server_changed = true;
  r->facts = *facts;
}

static bool write_info(struct visit *v, const struct reply *answer, struct fail *f) {
  struct redis *r = v->redis;
  struct section *s = section_new(redis_parts[PART_INFO].name);
  struct info_pass pass = {.section = s, .arena = &v->arena, .memory = &r->memory, .wall = clock_wall(), .databases = r->databases};
  struct info_facts facts;
  if (!info_write(&pass, answer->text, answer->length, &facts, f)) {
    section_unref(s);
    return fail_prefix(f, "%s", r->options->shown);
  }
  write_self(v, s);
  note_server(r, &facts);
  if (poll_due(v->poll, PART_INFO))
    publish(v, PART_INFO, s);
  else
    section_unref(s);
  return true;
}

/* False when there is no use in going on: the target is down. */
static bool read_info(struct visit *v, struct fail *f) {
  const struct reply *answer = redis_reply(&v->batch, v->info);
  bool login_refused = v->broken.kind != FAIL_NONE && redis_batch_complete(&v->batch);
  if (login_refused || v->info >= v->batch.answered) {
    *f = v->broken;
    return false;
  }
  if (answer->type == REPLY_STRING) return write_info(v, answer, f);
  redis_refused(f, "INFO", answer, v->redis->options);
  if (f->kind != FAIL_PROTOCOL || answer->type != REPLY_ERROR || v->redis->plain_info || v->broken.kind != FAIL_NONE) return false;
  v->redis->plain_info = true;
  ask_info(v);
  flush(v);
  return read_info(v, f);
}

/* ---- parts ---- */

/* An answer that will not change while the connection lives is not asked for again. */
static void remember(struct redis *r, unsigned id, const struct fail *why) {
  if (why->kind == FAIL_UNSUPPORTED || why->kind == FAIL_PERMISSION) r->refused[id] = *why;
}

static bool part_answered(struct visit *v, unsigned id, struct fail *f) {
  const struct redis_part *part = redis_part(id);
  for (unsigned i = 0; i < part->count; i++) {
    const struct reply *r = redis_reply(&v->batch, v->first[id] + i);
    if (v->first[id] + i >= v->batch.answered) {
      *f = v->broken;
      return false;
    }
    if (r->type != REPLY_ERROR) continue;
    redis_refused(f, part->commands[i], r, v->redis->options);
    remember(v->redis, id, f);
    return false;
  }
  return true;
}

static void write_part(struct visit *v, unsigned id) {
  const struct redis_part *part = redis_part(id);
  struct fail *f = &v->poll->fails[id];
  if (v->redis->refused[id].kind != FAIL_NONE) {
    *f = v->redis->refused[id];
    return;
  }
  bool asked = v->asked >> id & 1;
  if (asked && !part_answered(v, id, f)) return;
  struct section *s = section_new(redis_parts[id].name);
  if (!asked || part->write(s, v->batch.replies + v->first[id])) {
    publish(v, id, s);
    return;
  }
  section_unref(s);
  fail(f, FAIL_PROTOCOL, "%s answered %s in a form that is not known", v->redis->options->shown, part->commands[0]);
}

static void write_queues(struct visit *v) {
  struct section *s = section_new(redis_parts[PART_QUEUES].name);
  queues_write(v->redis->queues, &v->batch, s);
  if (v->queues_answered) {
    publish(v, PART_QUEUES, s);
    return;
  }
  section_unref(s);
  v->poll->fails[PART_QUEUES] = v->broken;
}

static void write_parts(struct visit *v) {
  for (unsigned id = PART_INFO + 1; id < PART_COUNT; id++) {
    if (redis_part(id) && poll_due(v->poll, id)) write_part(v, id);
  }
}

/* Before INFO is written: it tells of databases without keys. */
static void note_databases(struct visit *v) {
  struct fail ignored = {.kind = FAIL_NONE};
  if (!(v->asked >> PART_CONFIG & 1) || !part_answered(v, PART_CONFIG, &ignored)) return;
  int64_t databases = redis_config_databases(v->batch.replies + v->first[PART_CONFIG]);
  if (databases > 0) v->redis->databases = databases;
}

/* ---- the poll ---- */

static void finish_queues(struct visit *v) {
  if (!(v->asked >> PART_QUEUES & 1)) return;
  v->queues_answered = v->broken.kind == FAIL_NONE;
  for (bool good = v->queues_answered; good && queues_ask_more(v->redis->queues, &v->batch);) good = flush(v);
  write_queues(v);
}

/* The second round of a new connection. */
static void ask_known_server(struct visit *v) {
  if (v->redis->facts.cluster) ask_part(v, PART_CLUSTER);
  ask_queues(v);
  if (v->broken.kind == FAIL_NONE) flush(v);
}

static bool talk(struct visit *v, struct fail *f) {
  struct redis *r = v->redis;
  if (!redis_session_begin(&r->session, &v->batch, &v->poll->wait, f)) return false;
  bool fresh = !r->session.welcome;
  if (fresh) {
    memset(r->refused, 0, sizeof r->refused);
    r->facts.cluster = false;
  }
  ask_info(v);
  ask_parts(v);
  if (!fresh) ask_queues(v);
  flush(v);
  note_databases(v);
  if (!read_info(v, f)) return false;
  if (fresh) ask_known_server(v);
  finish_queues(v);
  write_parts(v);
  return true;
}

/* A server that answers INFO alone is seen, and of no use to anybody. */
static void judge(const struct redis *r, struct fail *f) {
  f->kind = FAIL_NONE;
  if (r->facts.loading) fail(f, FAIL_STARTING, "%s is loading its data and refuses commands until it is done", r->options->shown);
}

bool redis_visit(struct redis *r, struct poll *poll, struct fail *f) {
  struct visit v = {.redis = r, .poll = poll, .start = clock_seconds()};
  arena_init(&v.arena);
  redis_batch_init(&v.batch, &v.arena);
  bool up = talk(&v, f);
  if (up) judge(r, f);
  if (!up) redis_session_close(&r->session);
  snprintf(poll->server, sizeof poll->server, "%s", r->facts.run_id);
  redis_batch_done(&v.batch);
  arena_done(&v.arena);
  r->polls++;
  r->poll_seconds += clock_seconds() - v.start;
  return up;
}

void redis_visit_catalogue(family_fn *each, const char *part, void *arg) {
  each(&connect_time, part, arg);
  each(&scrape_duration, part, arg);
}
