/* Whether an answer is what was expected of it. Pure. */
#ifndef SONDE_COLLECTORS_HTTP_EXPECT_H
#define SONDE_COLLECTORS_HTTP_EXPECT_H

#include "collectors/http/probe.h"

/* True when everything holds; else the first reason and a sentence. `document` is the body when it is JSON that was asked for; when it should be and
 * is none, NULL, and *no_document says why. */
bool expect_judge(const struct probe *p, const struct net_answer *a, const json_t *document, const struct fail *no_document,
                  struct verdict *v, struct fail *f) MUST_CHECK;
/* True when the body came packed though that was not offered. */
bool expect_packed(const struct probe *p, const struct net_answer *a);
/* Appends `: "…"`, the beginning of the body without secrets. */
void expect_quote(const struct probe *p, const struct net_answer *a, struct buf *out);

#endif
