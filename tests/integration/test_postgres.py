"""PostgreSQL, real: what its exporter's users already query is there under the same names; and whatever a server or a network does to us, the
rest goes on, the reason is said, and nobody's sessions are harmed."""
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest

from stack import Postgres, Program, Sonde, free_port, parse, shapes, wait_for

FAST = {part: {"every": "1s"} for part in ("bgwriter", "archiver", "settings", "wal", "limits", "tables", "sizes", "statements")}


def target(address, name="main", **more):
    return {"name": name, "postgres": address, "parts": FAST, **more}


def main(sonde):
    return sonde.samples("/targets/main/metrics")


def reason(sonde, name="main"):
    """Why a target failed, by sonde's own count."""
    return {dict(labels)["reason"] for (sample, labels), value in sonde.samples().items()
            if sample == "sonde_target_failures_total" and dict(labels).get("target") == name and value > 0}


def sessions(pg):
    return int(pg.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sonde'"))


class DropIn(unittest.TestCase):
    """Names, types and labels against postgres_exporter 0.11.1. What differs is what its later releases changed, listed here one by one."""

    # Labels: `server` went in 0.14 and later; pg_stat_activity got its further labels in 0.12 and 0.17; build information is our own.
    RELABELLED = {"pg_stat_activity_count", "pg_stat_activity_max_tx_duration", "postgres_exporter_build_info"}
    # Absent while there is nothing to tell, where 0.11.1 says NaN.
    ABSENT = {"pg_stat_archiver_last_archive_age", "pg_stat_database_checksum_failures", "pg_stat_database_checksum_last_failure"}

    def test_every_series_of_the_exporter_is_there_with_its_type_and_labels(self):
        with Postgres() as pg:
            exporter = Program("exporter", ["prometheus-postgres-exporter", "--web.listen-address=127.0.0.1:{port}"],
                               environment={"DATA_SOURCE_NAME": pg.dsn() + "?sslmode=disable"})
            with exporter, Sonde(targets=[target(pg.dsn())]) as sonde:
                sonde.wait_up("main")
                theirs = wait_for("the exporter to be up", lambda: (lambda page: page if "pg_up" in page else None)(
                    shapes(exporter.get("/metrics").body.decode())))
                wait_for("all parts", lambda: ("pg_database_size_bytes", (("datname", "postgres"),)) in main(sonde))
                ours = shapes(sonde.text("/targets/main/metrics"))
                wrong = []
                for name, (kind, labels) in sorted(theirs.items()):
                    if name in self.ABSENT or name.startswith("pg_exporter_user_queries"):
                        continue
                    if name not in ours:
                        wrong.append(f"missing: {name}")
                    elif ours[name][0] != kind:
                        wrong.append(f"{name} is {ours[name][0]}, theirs is {kind}")
                    elif name not in self.RELABELLED and ours[name][1] != labels - {"server"}:
                        wrong.append(f"{name} has {sorted(ours[name][1])}, theirs has {sorted(labels)}")
                self.assertEqual(wrong, [])
                self.assertGreater(len(theirs), 250)
                self.assertEqual(ours["pg_stat_activity_count"][1] - {"application_name", "backend_type", "usename", "wait_event", "wait_event_type"},
                                 {"datname", "state"})

    def test_settings_have_the_exporters_numbers_though_our_session_has_limits_of_its_own(self):
        with Postgres() as pg:
            exporter = Program("exporter", ["prometheus-postgres-exporter", "--web.listen-address=127.0.0.1:{port}"],
                               environment={"DATA_SOURCE_NAME": pg.dsn() + "?sslmode=disable"})
            with exporter, Sonde(targets=[target(pg.dsn())]) as sonde:
                sonde.wait_up("main")
                theirs = {name: value for (name, _), value in parse(exporter.get("/metrics").body.decode()).items() if name.startswith("pg_settings_")}
                ours = {name: value for (name, _), value in main(sonde).items() if name.startswith("pg_settings_")}
                self.assertGreater(len(theirs), 200)
                different = {name: (value, ours.get(name)) for name, value in theirs.items() if ours.get(name) != value}
                self.assertEqual(different, {"pg_settings_extra_float_digits": (2.0, 1.0)} if different else {})  # Go's driver sets it for itself


class Content(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres().start()
        cls.pg.psql("CREATE DATABASE app; CREATE ROLE app LOGIN CONNECTION LIMIT 7 PASSWORD 'app'")
        cls.pg.psql("CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY, note text);"
                    "INSERT INTO orders SELECT g, g FROM generate_series(1, 5000) g; ANALYZE", database="app")

    @classmethod
    def tearDownClass(cls):
        cls.pg.close()

    def setUp(self):
        self.sonde = Sonde(targets=[target(self.pg.dsn(database="app"))]).start()
        self.addCleanup(self.sonde.close)
        self.sonde.wait_up("main")

    def value(self, name, **labels):
        return main(self.sonde)[name, tuple(sorted(labels.items()))]

    def test_a_blocked_session_and_who_blocks_show(self):
        holder = self.pg.session("BEGIN; UPDATE orders SET note = 'x' WHERE id = 1;", database="app")
        waiter = None
        try:
            wait_for("the holder", lambda: self.value("pg_stat_activity_count", datname="app", state="idle in transaction", usename="postgres",
                                                      application_name="psql", backend_type="client backend", wait_event_type="Client",
                                                      wait_event="ClientRead") == 1)
            waiter = self.pg.session("UPDATE orders SET note = 'y' WHERE id = 1;", database="app")
            wait_for("the waiter", lambda: self.value("pg_sessions_blocked", datname="app") == 1)
            wait_for("its lock", lambda: self.value("pg_locks_waiting") == 1 and self.value("pg_locks_longest_wait_seconds") > 0)
            wait_for("the age of the transaction", lambda: self.value("pg_sessions_longest_idle_in_transaction_seconds", datname="app") > 0.5)
            self.assertGreater(self.value("pg_locks_count", datname="app", mode="rowexclusivelock"), 0)
        finally:
            for client in (holder, waiter):
                client and client.kill()

    def test_connections_are_counted_against_what_is_usable(self):
        self.assertEqual(self.value("pg_connections_usable"), 37)
        before = self.value("pg_connections_used")
        clients = [self.pg.session("SELECT 1;", database="app") for _ in range(3)]
        try:
            wait_for("three more", lambda: self.value("pg_connections_used") == before + 3)
            wait_for("by role", lambda: self.value("pg_roles_connections", rolname="postgres") == 3)
            self.assertEqual(self.value("pg_roles_connection_limit", rolname="app"), 7)
        finally:
            for client in clients:
                client.kill()

    def test_a_long_query_shows_without_its_literals(self):
        self.sonde.configure([target(self.pg.dsn(database="app"), parts={"long_queries": {"threshold": "1s"}})])
        self.sonde.reload()
        client = self.pg.session("SELECT pg_sleep(600), 'canary';", database="app")
        try:
            [labels] = wait_for("the query", lambda: [dict(l) for (n, l) in main(self.sonde) if n == "pg_long_query_seconds"])
            self.assertEqual((labels["query"], labels["datname"], labels["usename"]), ("SELECT pg_sleep(?), ?;", "app", "postgres"))
        finally:
            client.kill()
            self.pg.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")

    def test_the_hit_ratio_people_compute_has_its_numbers(self):
        self.pg.psql("SELECT count(*) FROM orders", database="app")
        labels = {"datname": "app", "schemaname": "public", "relname": "orders"}
        wait_for("hits", lambda: self.value("pg_statio_user_tables_heap_blocks_hit", **labels) > 0)
        wait_for("rows", lambda: self.value("pg_stat_user_tables_n_live_tup", **labels) >= 5000)
        self.assertGreater(self.value("pg_stat_user_tables_table_size_bytes", **labels), 100000)
        self.assertGreater(self.value("pg_stat_user_tables_index_size_bytes", **labels), 8192)
        self.assertGreater(self.value("pg_database_size_bytes", datname="app"), 1e6)

    def test_only_the_largest_tables_are_shown_and_how_many_there_are_is_said(self):
        self.pg.psql("CREATE DATABASE wide")
        self.pg.psql("".join(f"CREATE TABLE t{i} (a int);" for i in range(30)) + "INSERT INTO t7 SELECT generate_series(1, 5000); VACUUM;", database="wide")
        with Sonde(targets=[{**target(self.pg.dsn(database="wide")), "parts": {"tables": {"top": 4}}}]) as sonde:
            sonde.wait_up("main")
            page = main(sonde)
            self.assertEqual(page["pg_user_tables", (("datname", "wide"),)], 30)
            for family in ("pg_stat_user_tables_seq_scan", "pg_statio_user_tables_heap_blocks_hit"):
                shown = {dict(labels)["relname"] for name, labels in page if name == family}
                self.assertEqual((len(shown), "t7" in shown), (4, True))

    def test_a_statement_shows_with_its_text_and_its_calls(self):
        def calls():
            page = main(self.sonde)
            ids = [dict(l)["queryid"] for (n, l) in page if n == "pg_stat_statements_query_id" and "sum ( id ) FROM orders" in dict(l)["query"]]
            return page["pg_stat_statements_calls_total", tuple(sorted({"user": "postgres", "datname": "app", "queryid": ids[0]}.items()))] if ids else 0
        self.pg.psql("SELECT sum ( id ) FROM orders WHERE id > 17;" * 50, database="app")
        first = wait_for("the statement", calls)
        self.pg.psql("SELECT sum ( id ) FROM orders WHERE id > 23;" * 50, database="app")
        wait_for("fifty more", lambda: calls() == first + 50)
        self.assertNotIn("> 17", self.sonde.text())

    def test_a_changed_setting_shows_after_a_reload_and_unchanged_ones_are_not_asked_for_again(self):
        asked = lambda: int(self.pg.psql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%reset_val%vartype%'"
                                         " AND query NOT LIKE '%coalesce%'"))
        self.assertEqual(self.value("pg_settings_work_mem_bytes"), 4 << 20)
        before, polls = asked(), self.value("pg_exporter_scrapes_total")
        wait_for("five more polls", lambda: self.value("pg_exporter_scrapes_total") > polls + 5)
        self.assertEqual(asked(), before)
        self.pg.psql("ALTER SYSTEM SET work_mem = '9MB'")
        self.pg.psql("SELECT pg_reload_conf()")
        wait_for("the new value", lambda: self.value("pg_settings_work_mem_bytes") == 9 << 20)

    def test_it_is_one_read_only_session_with_limits(self):
        wait_for("polls", lambda: self.value("pg_exporter_scrapes_total") > 3)
        self.assertEqual(sessions(self.pg), 1)
        with Sonde(targets=[target(self.pg.dsn(database="app") + f"?application_name=other")]) as second:
            second.wait_up("main")
            self.assertEqual(sessions(self.pg), 1)

    def test_a_terminated_session_is_replaced_without_a_gap(self):
        wait_for("polls", lambda: self.value("pg_exporter_scrapes_total") > 1)
        for _ in range(3):
            polls = self.value("pg_exporter_scrapes_total")
            self.pg.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sonde'")
            wait_for("more polls", lambda: self.value("pg_exporter_scrapes_total") > polls + 1)
        self.assertEqual(reason(self.sonde), set())

    def test_a_locked_table_takes_nothing_away(self):
        holder = self.pg.session("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;", database="app")
        try:
            wait_for("the lock", lambda: self.value("pg_locks_count", datname="app", mode="accessexclusivelock") >= 1)
            polls = self.value("pg_exporter_scrapes_total")
            wait_for("more polls", lambda: self.value("pg_exporter_scrapes_total") > polls + 3)
            self.assertGreaterEqual(self.value("pg_stat_user_tables_n_live_tup", datname="app", schemaname="public", relname="orders"), 5000)  # or what a late ANALYZE makes of it
            self.assertEqual(self.value("pg_up"), 1)
            self.assertEqual(sessions(self.pg), 1)
        finally:
            holder.kill()

    def test_a_locked_catalogue_loses_only_the_parts_that_need_it(self):
        holder = self.pg.session("BEGIN; LOCK TABLE pg_index IN ACCESS EXCLUSIVE MODE; SELECT 1;", database="app")
        try:
            wait_for("the part to fail", lambda: self.value("pg_scrape_collector_success", collector="tables") == 0)
            self.assertEqual(self.value("pg_up"), 1)
            self.assertEqual(self.value("pg_scrape_collector_success", collector="activity"), 1)
            self.sonde.wait_log("part tables: .*lock")
        finally:
            holder.kill()
        wait_for("the part to come back", lambda: self.value("pg_scrape_collector_success", collector="tables") == 1)


class Rights(unittest.TestCase):
    def test_a_role_without_rights_is_told_what_to_grant_and_sees_the_rest(self):
        with Postgres() as pg:
            pg.psql("CREATE ROLE plain LOGIN PASSWORD 'secret'")
            with Sonde(targets=[target(pg.dsn(user="plain"))]) as sonde:
                sonde.wait_up("main")
                sonde.wait_log("part activity: .*GRANT pg_monitor")
                sonde.wait_log("part wal: .*permission denied.*GRANT pg_monitor")
                page = main(sonde)
                self.assertEqual(page["pg_scrape_collector_success", (("collector", "database"),)], 1)
                self.assertEqual(page["pg_scrape_collector_success", (("collector", "wal"),)], 0)
                polls = sonde.value("pg_exporter_scrapes_total", "/targets/main/metrics")
                wait_for("ten polls", lambda: sonde.value("pg_exporter_scrapes_total", "/targets/main/metrics") > polls + 10)
                self.assertEqual(len(re.findall("part wal:", sonde.log_text())), 1)
                refused = pg.log_text().count("permission denied for function pg_ls_waldir")
                self.assertLess(refused, 8)  # it backs off: not at every tick
                pg.psql("GRANT pg_monitor TO plain")
                wait_for("the part", lambda: main(sonde)["pg_scrape_collector_success", (("collector", "wal"),)] == 1)

    def test_a_missing_extension_is_a_hint(self):
        with Postgres() as pg:
            pg.psql("CREATE DATABASE bare")
            with Sonde(targets=[target(pg.dsn(database="bare"))]) as sonde:
                sonde.wait_up("main")
                sonde.wait_log("level=info target=main msg=\"part statements: database bare has no extension .*CREATE EXTENSION")
                pg.psql("CREATE SCHEMA \"odd Name\"; CREATE EXTENSION pg_stat_statements SCHEMA \"odd Name\"", database="bare")
                sonde.wait_log("part statements: .*GRANT USAGE ON SCHEMA")
                pg.psql("GRANT USAGE ON SCHEMA \"odd Name\" TO sonde", database="bare")
                wait_for("statements", lambda: main(sonde)["pg_scrape_collector_success", (("collector", "statements"),)] == 1)
                pg.psql("DROP EXTENSION pg_stat_statements", database="bare")
                wait_for("no statements", lambda: main(sonde)["pg_scrape_collector_success", (("collector", "statements"),)] == 0)
                self.assertEqual(main(sonde)["pg_up", ()], 1)
        with Postgres(settings={"shared_preload_libraries": ""}) as pg, Sonde(targets=[target(pg.dsn())]) as sonde:
            sonde.wait_up("main")
            sonde.wait_log("part statements: .*shared_preload_libraries.*restart")

    def test_statements_without_the_right_to_see_them(self):
        with Postgres() as pg:
            pg.psql("CREATE ROLE plain LOGIN PASSWORD 'secret'; SELECT 1;")
            with Sonde(targets=[target(pg.dsn(user="plain"))]) as sonde:
                sonde.wait_up("main")
                self.assertNotIn("<insufficient privilege>", sonde.text())

    def test_bytes_that_are_no_utf8_reach_nobody(self):
        with Postgres(encoding="SQL_ASCII") as pg:
            environment = {**os.environ, "PGAPPNAME": "caf\u00e9 \"q\" \\ "}
            subprocess.run([str(pg.bin / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(pg.port), "-U", "postgres", "postgres"],
                           input=b"CREATE TABLE \"caf\xe9\" (a int); CREATE ROLE \"r\xf6le\"; CREATE DATABASE \"d\xe4ta\"; SELECT '\xff\xfe' AS \"\xff\";\n",
                           env=environment, check=True, stdout=subprocess.DEVNULL)
            with Sonde(targets=[target(pg.dsn())]) as sonde:
                sonde.wait_up("main")
                page = sonde.get("/targets/main/metrics").body
                page.decode("utf-8")  # raises when it is none
                samples = main(sonde)
                self.assertIn(("pg_roles_connection_limit", (("rolname", "r\ufffdle"),)), samples)
                self.assertIn(("pg_database_connection_limit", (("datname", "d\ufffdta"),)), samples)
                self.assertTrue(any(name == "pg_stat_user_tables_seq_scan" and dict(labels)["relname"] == "caf\ufffd" for name, labels in samples))
                success = {dict(l)["collector"]: v for (n, l), v in samples.items() if n == "pg_scrape_collector_success"}
                self.assertEqual({part for part, ok in success.items() if not ok}, set())


class Trouble(unittest.TestCase):
    def test_a_stopped_server_is_down_within_a_tick_and_comes_back(self):
        with Postgres() as pg, Sonde(targets=[target(pg.dsn())]) as sonde:
            sonde.wait_up("main")
            pg.pause()
            sonde.wait_down("main")
            self.assertEqual({name for name, _ in main(sonde) if name.startswith("pg_stat")}, set())
            self.assertEqual(main(sonde)["pg_up", ()], 0)
            self.assertEqual(reason(sonde), {"timeout"})
            pg.resume()
            sonde.wait_up("main")
            wait_for("one session", lambda: sessions(pg) == 1)

    def test_a_restart_is_seen(self):
        with Postgres() as pg, Sonde(targets=[target(pg.dsn())]) as sonde:
            sonde.wait_up("main")
            before = sonde.value("pg_postmaster_start_time_seconds", "/targets/main/metrics")
            pg.stop()
            sonde.wait_down("main")
            sonde.wait_log("down: 127.0.0.1:%d.*is PostgreSQL running" % pg.port)
            pg.start()
            sonde.wait_up("main")
            wait_for("the new start", lambda: sonde.value("pg_postmaster_start_time_seconds", "/targets/main/metrics") > before)

    def test_a_refused_password_is_said_and_not_shown(self):
        with Postgres() as pg:
            with Sonde(targets=[target(pg.dsn(password="canary-secret"))], arguments=["--log.level=debug"]) as sonde:
                sonde.wait_down("main")
                sonde.wait_log("user sonde.*password authentication failed.*correct the password")
                self.assertEqual(reason(sonde), {"auth"})
                for page in ("/metrics", "/", "/health", "/targets/main/metrics", "/sd"):
                    self.assertNotIn(b"canary", sonde.get(page).body)
                self.assertNotIn("canary", sonde.log_text())

    def test_a_revoked_login_does_not_stay_up_after_the_session_ends(self):
        with Postgres() as pg, Sonde(targets=[target(pg.dsn())]) as sonde:
            sonde.wait_up("main")
            pg.psql("ALTER ROLE sonde NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sonde'")
            sonde.wait_down("main")
            self.assertEqual(reason(sonde), {"auth"})

    def test_a_full_server_keeps_the_session_that_is_there_and_refuses_a_new_one_with_a_remedy(self):
        with Postgres(settings={"max_connections": 8, "superuser_reserved_connections": 2}) as pg:
            pg.psql("ALTER ROLE sonde CONNECTION LIMIT -1; CREATE ROLE app LOGIN PASSWORD 'app'")
            with Sonde(targets=[target(pg.dsn())]) as sonde:
                sonde.wait_up("main")
                environment = {**os.environ, "PGPASSWORD": "app"}
                clients = [subprocess.Popen([str(pg.bin / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(pg.port), "-U", "app", "postgres", "-c",
                                             "SELECT pg_sleep(600)"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                           for _ in range(5)]
                try:
                    wait_for("a full server", lambda: sonde.value("pg_connections_used", "/targets/main/metrics") ==
                             sonde.value("pg_connections_usable", "/targets/main/metrics"))
                    with Sonde(targets=[target(pg.dsn())]) as late:
                        late.wait_down("main")
                        self.assertEqual(reason(late), {"too_many"})
                        late.wait_log("max_connections")
                    self.assertEqual(sonde.is_up("main"), 1)
                finally:
                    for client in clients:
                        client.kill()

    def test_a_name_without_an_address_and_a_port_without_a_server(self):
        with Sonde(targets=[target("postgres://u@no.such.host.invalid/x"), target(f"postgres://u@127.0.0.1:{free_port()}/x", name="closed")]) as sonde:
            sonde.wait_down("main"), sonde.wait_down("closed")
            self.assertEqual((reason(sonde), reason(sonde, "closed")), ({"resolve"}, {"connect"}))

    def test_a_peer_that_is_silent_and_one_that_talks_nonsense(self):
        ports, keep = [], []
        for answer in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            listener = socket.create_server(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])

            def serve(listener=listener, answer=answer):
                while True:
                    try:
                        client, _ = listener.accept()
                    except OSError:
                        return
                    keep.append(client)
                    if answer:
                        client.sendall(answer)
            threading.Thread(target=serve, daemon=True).start()
            self.addCleanup(listener.close)
        with Sonde(targets=[target(f"postgres://u@127.0.0.1:{ports[0]}/x?sslmode=disable"),
                            target(f"postgres://u@127.0.0.1:{ports[1]}/x?sslmode=disable", name="http")]) as sonde:
            sonde.wait_down("main"), sonde.wait_down("http")
            self.assertEqual((reason(sonde), reason(sonde, "http")), ({"timeout"}, {"protocol"}))


class Ways(unittest.TestCase):
    """All the ways in that libpq knows."""

    def test_a_unix_socket_by_peer_trust_and_key_value(self):
        with Postgres() as pg, Sonde(targets=[target(f"host={pg.folder} port={pg.port} user=postgres dbname=postgres")]) as sonde:
            os.chmod(pg.folder, 0o755)
            sonde.wait_up("main")

    def test_the_environment_and_password_files_are_found_without_a_configuration(self):
        with Postgres() as pg:
            secret = pg.folder / "pass"
            secret.write_text("secret\n")
            for environment, found in (({"DATABASE_URL": pg.dsn() + "?schema=public"}, "DATABASE_URL"),
                                       ({"DATA_SOURCE_NAME": pg.dsn()}, "DATA_SOURCE_NAME"),
                                       ({"DATA_SOURCE_URI": f"127.0.0.1:{pg.port}/postgres?sslmode=disable", "DATA_SOURCE_USER": "sonde",
                                         "DATA_SOURCE_PASS_FILE": str(secret)}, "DATA_SOURCE_URI"),
                                       ({"PGHOST": "127.0.0.1", "PGPORT": str(pg.port), "PGUSER": "sonde", "PGPASSWORD": "secret",
                                         "PGDATABASE": "postgres"}, "PGHOST")):
                with self.subTest(found), Sonde(environment=environment) as sonde:
                    sonde.wait_up(f"127.0.0.1:{pg.port}")
                    self.assertIn(found, sonde.log_text())
                    self.assertNotIn("secret", sonde.log_text())

    def test_tls_and_a_certificate_that_is_not_trusted(self):
        pg = Postgres(settings={"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key"},
                      hba=["local all all trust", "host all postgres 127.0.0.1/32 trust", "hostssl all all 127.0.0.1/32 scram-sha-256"])
        pg.initialise()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", str(pg.data / "server.key"), "-out", str(pg.data / "server.crt")],
                       check=True, stderr=subprocess.DEVNULL)
        for file in ("server.key", "server.crt"):
            os.chmod(pg.data / file, 0o600)
            if os.geteuid() == 0:
                shutil.chown(pg.data / file, "postgres", "postgres")
        with pg:
            pg.psql("CREATE ROLE sonde LOGIN PASSWORD 'secret'; GRANT pg_monitor TO sonde") if not pg.psql(
                "SELECT 1 FROM pg_roles WHERE rolname = 'sonde'") else None
            root = pg.folder / "root.crt"
            root.write_bytes((pg.data / "server.crt").read_bytes())
            os.chmod(pg.folder, 0o755), os.chmod(root, 0o644)
            targets = [target(pg.dsn() + "?sslmode=require", "require"), target(pg.dsn() + f"?sslmode=verify-full&sslrootcert={root}", "verify"),
                       target(pg.dsn() + "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt", "foreign"),
                       target(pg.dsn() + "?sslmode=disable", "plain")]
            with Sonde(targets=targets) as sonde:
                sonde.wait_up("require"), sonde.wait_up("verify"), sonde.wait_down("foreign"), sonde.wait_down("plain")
                self.assertEqual((reason(sonde, "foreign"), reason(sonde, "plain")), ({"tls"}, {"auth"}))


def pgbouncer(pg, **settings):
    program = Program("pgbouncer", ["pgbouncer", "{folder}/pgbouncer.ini"])
    program.user = "postgres"
    lines = {"listen_addr": "127.0.0.1", "listen_port": program.port, "auth_type": "any", "pool_mode": "transaction", "default_pool_size": 2,
             "admin_users": "sonde", "unix_socket_dir": "", **settings}
    (program.folder / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={pg.port} dbname=postgres user=postgres\n[pgbouncer]\n" + "".join(
            f"{key} = {value}\n" for key, value in lines.items()))
    os.chmod(program.folder / "pgbouncer.ini", 0o644)
    return program


class Pooled(unittest.TestCase):
    def test_behind_pgbouncer_everything_works_and_no_limit_leaks_into_an_application_s_session(self):
        with Postgres() as pg, pgbouncer(pg) as pool:
            with Sonde(targets=[target(f"postgres://sonde@127.0.0.1:{pool.port}/postgres")]) as sonde:
                sonde.wait_up("main")
                polls = lambda: sonde.value("pg_exporter_scrapes_total", "/targets/main/metrics")
                client = lambda sql: subprocess.run(
                    [str(pg.bin / "psql"), "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(pool.port), "-U", "app", "postgres"],
                    input=sql, text=True, capture_output=True)
                for _ in range(8):
                    before = polls()
                    wait_for("another poll", lambda: polls() > before)
                    for setting, value in (("statement_timeout", "0"), ("lock_timeout", "0"), ("default_transaction_read_only", "off"),
                                           ("transaction_read_only", "off"), ("jit", "on"), ("search_path", '"$user", public')):
                        self.assertEqual(client(f"SHOW {setting}").stdout.strip(), value, setting)
                written = client("CREATE TABLE made (a int); INSERT INTO made VALUES (1); DROP TABLE made;")
                self.assertEqual((written.returncode, written.stderr), (0, ""))
                success = {dict(l)["collector"]: v for (n, l), v in main(sonde).items() if n == "pg_scrape_collector_success"}
                self.assertEqual({part for part, ok in success.items() if not ok}, set())
                self.assertEqual(reason(sonde), set())
                self.assertEqual(pg.psql("SELECT count(*) FROM pg_prepared_statements"), "0")

    def test_a_pooler_that_swallows_startup_options_is_no_trap(self):
        with Postgres() as pg, pgbouncer(pg, ignore_startup_parameters="extra_float_digits,options") as pool:
            with Sonde(targets=[target(f"postgres://sonde@127.0.0.1:{pool.port}/postgres")]) as sonde:
                sonde.wait_up("main")
                polls = lambda: sonde.value("pg_exporter_scrapes_total", "/targets/main/metrics")
                wait_for("ten polls", lambda: polls() > 10)
                self.assertEqual(reason(sonde), set())

    def test_the_poolers_own_console_is_named(self):
        with Postgres() as pg, pgbouncer(pg) as pool:
            with Sonde(targets=[target(f"postgres://sonde@127.0.0.1:{pool.port}/pgbouncer")]) as sonde:
                sonde.wait_down("main")
                sonde.wait_log("PgBouncer's own console: name a database")


class Replicated(unittest.TestCase):
    def standby(self, pg, slot):
        """A streaming standby of `pg`, as a Postgres of its own."""
        copy = Postgres(settings={})
        if os.geteuid() == 0:
            shutil.chown(copy.folder, "postgres", "postgres")
        subprocess.run(copy.as_user([str(pg.bin / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(pg.port), "-U", "postgres", "-D", str(copy.data), "-R",
                                     "-C", "-S", slot, "-c", "fast", "--no-sync"]), check=True, cwd=copy.folder)
        with open(copy.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {copy.port}\nunix_socket_directories = '{copy.folder}'\n")
        return copy

    def test_senders_slots_and_a_standby_that_is_promoted(self):
        pg = Postgres(hba=["local all all trust", "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256",
                           "host replication all 127.0.0.1/32 trust"])
        with pg:
            first, second = self.standby(pg, "one"), self.standby(pg, "two")
            with first, second, Sonde(targets=[target(pg.dsn(), "primary"), target(first.dsn(), "standby")]) as sonde:
                sonde.wait_up("primary"), sonde.wait_up("standby")
                primary, standby = (lambda: sonde.samples("/targets/primary/metrics")), (lambda: sonde.samples("/targets/standby/metrics"))
                # Both standbys call themselves walreceiver: each has its own series.
                wait_for("two senders", lambda: sum(name == "pg_stat_replication_pg_wal_lsn_diff" for name, _ in primary()) == 2)
                labels = [dict(l) for n, l in primary() if n == "pg_stat_replication_pg_wal_lsn_diff"]
                self.assertEqual({(l["slot_name"], l["client_addr"], l["state"]) for l in labels},
                                 {("one", "127.0.0.1", "streaming"), ("two", "127.0.0.1", "streaming")})
                page = primary()
                self.assertEqual(page["pg_replication_slots_active", (("slot_name", "one"),)], 1)
                self.assertEqual(page["pg_replication_slots_wal_status", (("slot_name", "one"), ("slot_type", "physical"), ("wal_status", "reserved"))], 1)
                self.assertEqual(page["pg_replication_is_replica", ()], 0)
                page = standby()
                self.assertEqual((page["pg_replication_is_replica", ()], page["pg_wal_receiver_running", ()]), (1, 1))
                self.assertIn("pg_replication_lag", {name for name, _ in page})
                self.assertTrue(any(n == "pg_stat_wal_receiver_flushed_lsn" and dict(l)["slot_name"] == "one" and v > 0 for (n, l), v in page.items()))
                pg.psql("CREATE TABLE first AS SELECT 1")  # without a replayed transaction a standby knows no lag
                wait_for("its replay", lambda: first.psql("SELECT to_regclass('first') IS NOT NULL") == "t")
                first.psql("SELECT pg_wal_replay_pause()")
                pg.psql("CREATE TABLE filler AS SELECT g, repeat('x', 500) FROM generate_series(1, 5000) g")
                wait_for("lag", lambda: standby()["pg_replication_replay_backlog_bytes", ()] > 1e6 and standby()["pg_replication_lag_seconds", ()] > 0)
                first.psql("SELECT pg_wal_replay_resume()")
                wait_for("no lag", lambda: standby()["pg_replication_lag_seconds", ()] == 0)
                second.stop()
                wait_for("an unused slot", lambda: primary()["pg_replication_slots_active", (("slot_name", "two"),)] == 0)
                pg.stop()
                wait_for("a lost receiver", lambda: standby()["pg_wal_receiver_running", ()] == 0)
                self.assertEqual(standby()["pg_up", ()], 1)
                first.psql("SELECT pg_promote()")
                wait_for("the promotion", lambda: standby()["pg_replication_is_replica", ()] == 0)
                wait_for("settings of a primary", lambda: standby()["pg_settings_in_hot_standby", ()] == 0)
                self.assertNotIn("pg_wal_receiver_running", {name for name, _ in standby()})


if __name__ == "__main__":
    unittest.main()
