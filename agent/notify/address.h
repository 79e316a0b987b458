/* A URL that messages are sent to. It is a credential: nobody sees more than its host. */
#ifndef SONDE_NOTIFY_ADDRESS_H
#define SONDE_NOTIFY_ADDRESS_H

#include <stddef.h>

#include "base/fail.h"
#include "config/config.h"

#define URL_BYTES_MAX 4096
/* How much of an answer is read: what of it is shown may begin with the whole URL, which must be seen whole to be taken out. */
#define ANSWER_MAX ((size_t)2 * URL_BYTES_MAX)

/* Judges a URL (NULL: none was given), and writes what may be shown of it: "https://hooks.slack.com/…". */
bool address_of(const char *url, char *address, size_t size, struct fail *f) MUST_CHECK;
/* Takes the URL, and every longer word of it besides the host, out of a text that somebody else made. */
void address_scrub(char *text, const char *url);
/* Of a receiver whose service is one of ours. */
const char *receiver_url(const struct receiver_config *r);

#endif
