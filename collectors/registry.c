/* The only list of the collectors: a new kind is one line here. The order is that of the documentation. */
#include "base/attr.h"
#include "collectors/collector.h"

#define COLLECTORS(X) X(host) X(postgres) X(redis) X(http) X(tcp) X(metrics)

#define X(kind) extern const struct collector kind##_collector;
COLLECTORS(X)
#undef X

#define X(kind) &kind##_collector,
const struct collector *const collectors[] = {COLLECTORS(X) NULL};
#undef X

#define X(name) &name##_collector.kind,
static const struct kind *const kinds[] = {COLLECTORS(X)};
#undef X

const struct collector *collector_of(const struct kind *kind) {
  for (size_t i = 0; collectors[i]; i++)
    if (&collectors[i]->kind == kind) return collectors[i];
  return NULL;
}

const struct kind *const *collector_kinds(size_t *ret_count) {
  *ret_count = COUNTOF(kinds);
  return kinds;
}
