/* sonde setup postgres: what a database administrator does once, as a script for psql. It asks for no connection and changes nothing by itself. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"

static const char postgres_script[] =
    "-- What sonde needs of a PostgreSQL server. Read it, then run it as a superuser in the database that sonde is to log in to:\n"
    "--   sonde setup postgres | sudo -u postgres psql postgres\n"
    "\n"
    "-- 1. The role: it sees all statistics, reads no table and changes nothing. sonde holds one connection.\n"
    "CREATE ROLE sonde LOGIN CONNECTION LIMIT 3;\n"
    "GRANT pg_monitor TO sonde;\n"
    "\n"
    "-- 2. Its password: psql asks for it and sends it hashed. Not needed where pg_hba.conf lets the role in by peer or trust.\n"
    "\\password sonde\n"
    "\n"
    "-- 3. Which statements take the time.\n"
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;\n"
    "-- It counts only when it was loaded at the server's start. Is it in this list?\n"
    "SHOW shared_preload_libraries;\n"
    "-- If not, add it to those already there. THIS IS THE ONE STEP THAT NEEDS A RESTART of PostgreSQL:\n"
    "--   ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';\n"
    "--   systemctl restart postgresql\n"
    "-- A managed server has a switch for it in its parameter group, and mostly loads it already.\n"
    "\n"
    "-- 4. If you like: how long blocks take to read and write. No restart.\n"
    "--   ALTER SYSTEM SET track_io_timing = on;\n"
    "--   SELECT pg_reload_conf();\n"
    "\n"
    "-- Then, in sonde's configuration:\n"
    "--   targets:\n"
    "--     - {name: main, postgres: \"postgres://sonde@127.0.0.1:5432/postgres\", password_file: /run/secrets/postgres}\n"
    "-- or without one, in its environment: DATABASE_URL=postgres://sonde:…@127.0.0.1:5432/postgres, or PGUSER=sonde for a local "
    "socket.\n";

static int run(int argc, char **argv) {
  struct arguments a = {.command = &setup_command, .argc = argc, .argv = argv};
  const char *value, *what = NULL;
  int found;
  while ((found = arguments_next(&a, &value)) == ARGUMENT_OPERAND && !what) what = value;
  int status = arguments_done(&a, found, value);
  if (status != STATUS_GOOD) return status;
  if (!what || strcmp(what, "postgres") != 0) return usage_error(&setup_command, "what is to be set up? sonde setup postgres");
  fputs(postgres_script, stdout);
  return STATUS_GOOD;
}

const struct command setup_command = {
    .name = "setup",
    .operands = "postgres",
    .summary = "Prints the SQL that gives sonde its role and its statistics, and says which step needs a restart.",
    .run = run,
};
