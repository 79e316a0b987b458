/* The status section of a PostgreSQL target. */
#ifndef SONDE_COLLECTORS_POSTGRES_STATUS_H
#define SONDE_COLLECTORS_POSTGRES_STATUS_H

#include "collectors/collector.h"

extern const struct family postgres_status_families[]; /* ended by one without a name */
/* See struct collector. */
void postgres_status(struct section *s, const struct poll_status *status);

#endif
