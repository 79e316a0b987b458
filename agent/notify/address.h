/* A URL that messages are sent to. It is a credential: nobody sees more than its host. */
#ifndef SONDE_NOTIFY_ADDRESS_H
#define SONDE_NOTIFY_ADDRESS_H

#include <stddef.h>

#include "base/fail.h"

#define URL_BYTES_MAX 4096

/* Judges a URL (NULL: none was given), and writes what may be shown of it: "https://hooks.slack.com/…". */
bool address_of(const char *url, char *address, size_t size, struct fail *f) MUST_CHECK;
/* Takes the URL, and every longer word of it besides the host, out of a text that somebody else made. */
void address_scrub(char *text, const char *url);

#endif
