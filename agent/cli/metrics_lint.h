/* sonde metrics lint. */
#ifndef SONDE_AGENT_CLI_METRICS_LINT_H
#define SONDE_AGENT_CLI_METRICS_LINT_H

/* Judges the page in the file (NULL or "-": standard input). `format` is "text", "openmetrics", or NULL to go by its last line.
 * Findings are written to standard error, as compilers do; returns the exit status. */
int metrics_lint(const char *path, const char *format);

#endif
