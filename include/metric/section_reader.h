/* Reading a finished section. */
#ifndef SONDE_METRIC_SECTION_READER_H
#define SONDE_METRIC_SECTION_READER_H

#include "metric/section.h"

const char *section_part(const struct section *s);
const struct sample *section_samples(const struct section *s, size_t *ret_count);
const struct section_family *section_families(const struct section *s, size_t *ret_count);
const char *section_text(const struct section *s, uint32_t offset);
size_t section_dropped(const struct section *s); /* duplicates and what was above a cap */
size_t section_bytes(const struct section *s);
bool section_is_hidden(const struct section *s);

#endif
