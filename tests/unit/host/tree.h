/* A host made of files: a tree in tests/fixtures/host, or a temporary one that a test writes and changes. Polled through the collector itself. */
#ifndef SONDE_TESTS_UNIT_HOST_TREE_H
#define SONDE_TESTS_UNIT_HOST_TREE_H

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "collectors/collector.h"
#include "collectors/host/options.h"
#include "metric/section_reader.h"

extern const struct collector host_collector;

struct tree {
  char root[256], procfs[300], sysfs[300], rootfs[300];
  bool temporary;
  struct host_options options;
  void *state;
  struct poll poll;
  struct fail why;
};

static void tree_defaults(void *options, const struct option *rows) {
  for (; rows && rows->name; rows++) {
    if (rows->type == OPTION_MAP)
      tree_defaults(options, rows->sub);
    else
      memcpy((char *)options + rows->offset, &rows->fallback, sizeof rows->fallback);
  }
}

static void tree_at(struct tree *t, const char *root) {
  *t = (struct tree){0};
  snprintf(t->root, sizeof t->root, "%s", root);
  tree_defaults(&t->options, host_collector.kind.options);
  for (size_t i = 0; i < host_collector.kind.part_count; i++) tree_defaults(&t->options, host_collector.kind.parts[i].options);
  snprintf(t->procfs, sizeof t->procfs, "%s/proc", t->root);
  snprintf(t->sysfs, sizeof t->sysfs, "%s/sys", t->root);
  snprintf(t->rootfs, sizeof t->rootfs, "%s/root", t->root);
  t->options.procfs = t->procfs;
  t->options.sysfs = t->sysfs;
  t->options.rootfs = t->rootfs;
}

/* Writes a file of a tree, replacing it as a whole, with its folders. */
static UNUSED void tree_write(struct tree *t, const char *name, const char *text) {
  char path[600];
  snprintf(path, sizeof path, "%s/%s", t->root, name);
  for (char *slash = path + strlen(t->root) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    mkdir(path, 0755);
    *slash = '/';
  }
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static UNUSED void tree_temporary(struct tree *t) {
  char root[] = "/tmp/sonde-host-XXXXXX";
  assert_non_null(mkdtemp(root));
  tree_at(t, root);
  t->temporary = true;
  tree_write(t, "proc/stat", "cpu  4 0 4 8\ncpu0 4 0 4 8 0 0 0 0 0 0\n");
}

static void tree_drop(struct tree *t) {
  for (size_t i = 0; i < PARTS_MAX; i++) {
    section_unref(t->poll.sections[i]);
    t->poll.sections[i] = NULL;
  }
}

/* All parts. */
static bool tree_poll(struct tree *t) {
  if (!t->state) t->state = host_collector.open(&t->options);
  tree_drop(t);
  t->poll =
      (struct poll){.wait = {.deadline = clock_now() + 10000, .stop_fd = -1}, .due = (1u << host_collector.kind.part_count) - 1};
  t->why = (struct fail){0};
  return host_collector.poll(t->state, &t->poll, &t->why);
}

static UNUSED void tree_fixture(struct tree *t, const char *name) {
  char root[200];
  snprintf(root, sizeof root, "tests/fixtures/host/%s", name);
  tree_at(t, root);
  assert_true(tree_poll(t));
}

static int tree_remove(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *ftw UNUSED) {
  return remove(path);
}

static void tree_done(struct tree *t) {
  tree_drop(t);
  if (t->state) host_collector.close(t->state);
  if (t->temporary) nftw(t->root, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static UNUSED unsigned tree_part(const char *name) {
  for (unsigned i = 0; i < host_collector.kind.part_count; i++)
    if (!strcmp(host_collector.kind.parts[i].name, name)) return i;
  fail_msg("no part %s", name);
  return 0;
}

/* The value of a series, NaN when it is not shown. `labels` is the canonical text, sorted by name. */
static double tree_value(const struct tree *t, const char *name, const char *labels) {
  for (size_t part = 0; part < PARTS_MAX; part++) {
    size_t count = 0;
    const struct section *s = t->poll.sections[part];
    const struct sample *samples = s ? section_samples(s, &count) : NULL;
    for (size_t i = 0; i < count; i++)
      if (!strcmp(samples[i].family->name, name) && !strcmp(section_text(s, samples[i].labels), labels)) return samples[i].value;
  }
  return NAN;
}

static UNUSED size_t tree_count(const struct tree *t, const char *name) {
  size_t found = 0;
  for (size_t part = 0; part < PARTS_MAX; part++) {
    size_t count = 0;
    const struct section *s = t->poll.sections[part];
    const struct sample *samples = s ? section_samples(s, &count) : NULL;
    for (size_t i = 0; i < count; i++) found += !strcmp(samples[i].family->name, name);
  }
  return found;
}

#define assert_value(tree, name, labels, expected)                                                                                 \
  do {                                                                                                                             \
    double value_ = tree_value(tree, name, labels);                                                                                \
    if (!(fabs(value_ - (expected)) < 1e-9))                                                                                       \
      fail_msg("%s{%s} is %.17g, expected %.17g", name, labels, value_, (double)(expected));                                       \
  } while (0)
#define assert_absent(tree, name, labels)                                                                                          \
  do {                                                                                                                             \
    double value_ = tree_value(tree, name, labels);                                                                                \
    if (!isnan(value_)) fail_msg("%s{%s} is shown as %.17g", name, labels, value_);                                                \
  } while (0)

#endif
