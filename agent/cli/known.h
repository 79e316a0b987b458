/* What is known of metrics: the catalogues of the collectors and of the agent, and what a running agent has seen. */
#ifndef SONDE_AGENT_CLI_KNOWN_H
#define SONDE_AGENT_CLI_KNOWN_H

#include "alert/lint.h"

struct known;
/* `config` says how often parts are collected; NULL: the defaults. `history` NULL: no agent runs. Both outlive it. */
struct known *known_new(const struct config *config, struct history *history);
void known_free(struct known *k);
/* Lints the rules with it. */
void known_lint(struct known *k, const struct rule_set *rules, void (*each)(const struct rule_finding *found, void *arg),
                void *arg);
/* Does so and prints what is found and is at least so severe, a line each. Returns how many warnings there are. */
size_t known_lint_print(struct known *k, const struct rule_set *rules, enum lint_severity least);
/* Calls `each` for every family of the agent's own, as a collector's catalogue does. */
void own_catalogue(void (*each)(const struct family *family, const char *part, void *arg), void *arg);

#endif
