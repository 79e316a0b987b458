/* A kind of target with a key of every type, for the tests of this room. */
#ifndef SONDE_TESTS_UNIT_CONFIG_EXAMPLE_KIND_H
#define SONDE_TESTS_UNIT_CONFIG_EXAMPLE_KIND_H

#include <stdio.h>
#include <string.h>

#include "config/config.h"

struct example_options {
  const char *url, *password, *mode, *filter, *certificate;
  struct strings lists;
  struct pairs labels, headers;
  const char *method;
  bool tls;
  int64_t top, memory;
  double ratio;
  msec_t patience;
};

static const char *const example_modes[] = {"prefer", "require", "disable", NULL};
static const struct option example_top_rows[] = {
    {.name = "top",
     .type = OPTION_INT,
     .fallback = "10",
     .min = 1,
     .max = 100,
     .offset = offsetof(struct example_options, top),
     .help = "How many."},
    {0},
};
static bool example_check(const char *name, const char *text, struct fail *f) {
  return !strchr(text, '!') || fail(f, FAIL_CONFIG, "%s has a \"!\"", name ? name : "a text");
}
static const struct option example_queue_rows[] = {
    {.name = "lists",
     .type = OPTION_STRINGS,
     .fallback = "[mail, 'a b']",
     .check = example_check,
     .offset = offsetof(struct example_options, lists)},
    {0},
};
static const struct option example_rows[] = {
    {.name = "example", .type = OPTION_SECRET, .help = "The URL.", .offset = offsetof(struct example_options, url)},
    {.name = "password", .type = OPTION_SECRET, .help = "The password.", .offset = offsetof(struct example_options, password)},
    {.name = "mode",
     .type = OPTION_STRING,
     .fallback = "prefer",
     .help = "How.",
     .choices = example_modes,
     .offset = offsetof(struct example_options, mode)},
    {.name = "filter", .type = OPTION_REGEX, .fallback = "^(a|b)($|/)", .offset = offsetof(struct example_options, filter)},
    {.name = "certificate", .type = OPTION_PATH, .offset = offsetof(struct example_options, certificate)},
    {.name = "queues", .type = OPTION_MAP, .help = "Queues.", .sub = example_queue_rows},
    {.name = "labels", .type = OPTION_LABELS, .offset = offsetof(struct example_options, labels)},
    {.name = "headers", .type = OPTION_PAIRS, .check = example_check, .offset = offsetof(struct example_options, headers)},
    {.name = "method", .type = OPTION_STRING, .check = example_check, .offset = offsetof(struct example_options, method)},
    {.name = "tls", .type = OPTION_BOOL, .fallback = "on", .offset = offsetof(struct example_options, tls)},
    {.name = "memory",
     .type = OPTION_BYTES,
     .fallback = "16MB",
     .min = 1024,
     .max = 1 << 30,
     .offset = offsetof(struct example_options, memory)},
    {.name = "ratio",
     .type = OPTION_NUMBER,
     .fallback = "0.5",
     .min = 0,
     .max = 1,
     .offset = offsetof(struct example_options, ratio)},
    {.name = "patience", .type = OPTION_DURATION, .fallback = "1m30s", .offset = offsetof(struct example_options, patience)},
    {0},
};
static const struct part example_parts[] = {
    {.name = "base", .summary = "What is always collected."},
    {.name = "statements", .summary = "What costs most.", .every = 30000, .options = example_top_rows},
    {.name = "sizes", .summary = "How large | it is.", .off = true},
};

/* As careless as a kind can be: its sentence repeats what it was given. */
static bool example_prepare(void *options, struct arena *a, char *name, size_t size, struct fail *f) {
  struct example_options *o = options;
  (void)a;
  if (!o->url || !strstr(o->url, "://"))
    return fail(f, FAIL_CONFIG, "\"%s\" with the password %s has no scheme; write example://host", o->url ? o->url : "",
                o->password ? o->password : "-");
  const char *host = strrchr(o->url, '@');
  snprintf(name, size, "%s", host ? host + 1 : strstr(o->url, "://") + 3);
  return true;
}

static const struct kind example_kind = {
    .name = "example",
    .job = "examples",
    .summary = "Examples.",
    .parts = example_parts,
    .part_count = COUNTOF(example_parts),
    .options = example_rows,
    .options_size = sizeof(struct example_options),
    .prepare = example_prepare,
};

static const struct option plain_rows[] = {{.name = "plain", .type = OPTION_MAP}, {0}};
static const struct kind plain_kind = {.name = "plain", .job = "plain", .summary = "Nothing.", .options = plain_rows};

struct example_service_options {
  const char *url, *channel;
};
static const struct option example_service_rows[] = {
    {.name = "url", .type = OPTION_SECRET, .help = "Where | to.", .offset = offsetof(struct example_service_options, url)},
    {.name = "channel",
     .type = OPTION_STRING,
     .fallback = "all",
     .help = "Which.",
     .offset = offsetof(struct example_service_options, channel)},
    {0},
};

static bool example_service_prepare(void *options, struct arena *a, char *address, size_t size, struct fail *f) {
  const struct example_service_options *o = options;
  (void)a;
  if (!o->url || !strstr(o->url, "://")) return fail(f, FAIL_CONFIG, "\"%s\" is no URL", o->url ? o->url : "");
  snprintf(address, size, "chat");
  return true;
}

static const struct service chat_service = {
    .name = "chat",
    .summary = "Chat.",
    .options = example_service_rows,
    .options_size = sizeof(struct example_service_options),
    .prepare = example_service_prepare,
};
static const struct service hook_service = {
    .name = "hook",
    .summary = "Hooks.",
    .options = example_service_rows,
    .options_size = sizeof(struct example_service_options),
    .prepare = example_service_prepare,
};

static const struct kind *const example_targets[] = {&plain_kind, &example_kind};
static const struct service *const example_services[] = {&chat_service, &hook_service};
static const struct kinds example_kinds = {example_targets, COUNTOF(example_targets), example_services, COUNTOF(example_services)};

#endif
