/* Which sonde this is. */
#ifndef SONDE_BASE_VERSION_H
#define SONDE_BASE_VERSION_H

const char *version_number(void);   /* "1.2.3" */
const char *version_revision(void); /* the commit, "unknown" when built outside a checkout */

#endif
