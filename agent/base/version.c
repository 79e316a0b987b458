/* The only file that is compiled with the version, so that a new commit recompiles one file. */
#include "base/version.h"

const char *version_number(void) {
  return SONDE_VERSION;
}

const char *version_revision(void) {
  return SONDE_REVISION;
}
