/* Statements by pg_stat_statements, in up to three steps of one poll: where the extension is (once a session), the counters of all
 * statements, and the texts of those that newly came into view. */
#ifndef SONDE_COLLECTORS_POSTGRES_STATEMENTS_H
#define SONDE_COLLECTORS_POSTGRES_STATEMENTS_H

#include "collectors/postgres/driver.h"
#include "collectors/postgres/part.h"

struct statements;

struct statements *statements_new(const struct postgres_options *options, const char *database);
void statements_free(struct statements *s); /* NULL allowed */
/* Another session began. `same_server`: its counters go on. */
void statements_session(struct statements *s, bool same_server);

/* Asks for the next step. */
void statements_ask(struct statements *s, struct link *link, unsigned tag);
/* Reads its answer. False with a sentence when the part failed. *ret_more: there is another step. */
bool statements_answer(struct statements *s, const struct rows *rows, bool *ret_more, struct fail *f) MUST_CHECK;
void statements_write(struct statements *s, struct section *section);

#endif
