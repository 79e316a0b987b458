/* What is to be checked: see check.h. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/check.h"
#include "agent/cli/watched.h"
#include "alert/status.h"
#include "collectors/collector.h"
#include "config/suggest.h"

static bool takes_address(const struct collector *c) {
  return c->discover || c->ask;
}

static bool is_address(const char *operand) {
  return strstr(operand, "://") != NULL;
}

/* Of the kind whose name begins the address (postgresql://, rediss://), else of the first that can read it (valkey://). */
static bool add_address(struct config *c, const char *address, struct fail *f) {
  bool readable = false;
  for (size_t i = 0; collectors[i]; i++) {
    const struct kind *kind = &collectors[i]->kind;
    if (takes_address(collectors[i]) && !strncmp(address, kind->name, strlen(kind->name)))
      return config_add_target(c, kind, address, f);
  }
  for (size_t i = 0; collectors[i] && !readable; i++)
    readable = takes_address(collectors[i]) && config_add_target(c, &collectors[i]->kind, address, NULL);
  return readable ||
         fail(f, FAIL_CONFIG, "nothing here can check %.*s://; addresses begin with postgres://, redis://, http:// or tcp://",
              (int)MIN(strcspn(address, ":"), 40), address);
}

/* A kind that needs no address: host. */
static bool add_kind(struct config *c, const char *name, struct fail *f) {
  for (size_t i = 0; collectors[i]; i++)
    if (!takes_address(collectors[i]) && !strcmp(collectors[i]->kind.name, name))
      return config_add_target(c, &collectors[i]->kind, "", f);
  return fail(f, FAIL_CONFIG, "beside an address only addresses and host can be checked, not \"%.*s\"",
              (int)MIN(strcspn(name, ":@="), 80), name);
}

static struct config *made_up(const char *const *operands, size_t count, struct fail *f) {
  struct config *c = config_new();
  for (size_t i = 0; i < count; i++) {
    if (is_address(operands[i]) ? add_address(c, operands[i], f) : add_kind(c, operands[i], f)) continue;
    config_unref(c);
    return NULL;
  }
  return c;
}

static bool is_chosen(const struct target_config *t, const char *operand) {
  return !strcmp(t->name, operand) || !strcmp(t->kind->name, operand);
}

static bool fail_choice(const struct config *c, const char *operand, struct fail *f) {
  const char *names[64];
  size_t count = 0;
  for (size_t i = 0; i < c->target_count && count < COUNTOF(names); i++) names[count++] = c->targets[i].name;
  const char *meant = suggest(operand, names, count);
  if (meant) return fail(f, FAIL_CONFIG, "there is no target \"%.80s\"; did you mean %s?", operand, meant);
  return fail(f, FAIL_CONFIG, "there is no target \"%.80s\"; sonde targets shows those there are", operand);
}

/* Keeps the targets that an operand names. */
static bool choose(struct config *c, const char *const *operands, size_t count, struct fail *f) {
  for (size_t k = 0; k < count; k++) {
    size_t i = 0;
    while (i < c->target_count && !is_chosen(&c->targets[i], operands[k])) i++;
    if (i == c->target_count) return fail_choice(c, operands[k], f);
  }
  size_t kept = 0;
  for (size_t i = 0; i < c->target_count; i++) {
    bool chosen = count == 0;
    for (size_t k = 0; k < count && !chosen; k++) chosen = is_chosen(&c->targets[i], operands[k]);
    if (chosen) c->targets[kept++] = c->targets[i];
  }
  c->target_count = kept;
  return true;
}

static void say(bool good, const char *sentence) {
  if (!good) fprintf(stderr, "%s\n", sentence);
}

void check_plan_done(struct check_plan *p) {
  rules_free(p->rules);
  config_unref(p->config);
  *p = (struct check_plan){0};
}

bool check_plan_make(struct check_plan *p, const char *path, const char *const *operands, size_t count, struct fail *f) {
  *p = (struct check_plan){.whole = true};
  for (size_t i = 0; i < count; i++) p->addressed |= is_address(operands[i]);
  p->config = p->addressed ? made_up(operands, count, f) : watched_load(path, say, f);
  p->rules = p->config ? rules_load(&p->config->rules, f) : NULL;
  size_t all = p->config ? p->config->target_count : 0;
  if (p->rules) p->digest = status_digest(p->config, p->rules);
  if (!p->rules || (!p->addressed && !choose(p->config, operands, count, f))) {
    check_plan_done(p);
    return false;
  }
  p->whole = p->config->target_count == all;
  return true;
}
