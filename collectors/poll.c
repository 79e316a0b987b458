/* The collector's half of a poll: how it hands in what it collected. See collectors/collector.h. */
#include "collectors/collector.h"

void poll_done(struct poll *p, unsigned part, struct section *s) {
  section_unref(p->sections[part]);
  p->sections[part] = section_finish(s);
}
