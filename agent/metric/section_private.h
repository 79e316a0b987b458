/* What the exposition asks of a section and nobody else needs. */
#ifndef SONDE_METRIC_SECTION_PRIVATE_H
#define SONDE_METRIC_SECTION_PRIVATE_H

#include <stdbool.h>

#include "metric/section_reader.h"

/* A label of this section is named "target". */
bool section_has_target_label(const struct section *s);
/* The family was made by section_family() of this section: it is not static. */
bool section_made_family(const struct section *s, const struct family *family);

#endif
