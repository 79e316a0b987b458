"""sonde check against real servers: what it prints and how it exits on healthy, broken, hung and refused stacks, with and without an agent."""
import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import time
import unittest

from stack import PATIENCE, ROOT, SONDE, Postgres, Redis, Sonde, fetch, free_port, hung_resolver, wait_for

PLAIN = {k: v for k, v in os.environ.items() if not re.match(r"PG|DATA_SOURCE|DATABASE_URL|REDIS|NO_COLOR|STATE_DIRECTORY", k)}
NAGIOS = re.compile(r"SONDE (OK|WARNING|CRITICAL|UNKNOWN): ([^|\n]+) \| ('[^=|\n]+'=(U|-?[0-9.]+)[a-z]*(;[-0-9.@:~;]*)? ?)+$")


class Done:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def __repr__(self):
        return f"exit {self.status} after {self.seconds:.3f} s\n{self.out}{self.err}"


def check(*arguments, environment=None):
    start = time.monotonic()
    done = subprocess.run([SONDE, "check", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, env={**PLAIN, **(environment or {})})
    return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - start)


def check_on_terminal(*arguments, environment=None):
    """The same on a pseudo terminal."""
    parent, child = pty.openpty()
    start = time.monotonic()
    process = subprocess.Popen([SONDE, "check", *map(str, arguments)], stdin=child, stdout=child, stderr=subprocess.PIPE, text=True,
                               env={**PLAIN, "TERM": "xterm", **(environment or {})})
    os.close(child)
    out = b""
    with contextlib.suppress(OSError):  # EIO: the other side has closed
        while piece := os.read(parent, 65536):
            out += piece
    os.close(parent)
    err = process.stderr.read()
    process.stderr.close()
    return Done(process.wait(PATIENCE), out.decode().replace("\r\n", "\n"), err, time.monotonic() - start)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sonde-test-check-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, targets, **keys):
        path = self.folder / "sonde.yml"
        path.write_text(json.dumps({"state_dir": str(self.folder / "state"), "targets": targets, **keys}))
        return f"--config.file={path}"

    def assert_exit(self, status, done):
        print(f"  {self._testMethodName}: exit {done.status} in {done.seconds:.3f} s: {done.out.splitlines()[0] if done.out else '-'}")
        self.assertEqual(status, done.status, done)
        self.assertEqual("", done.err, done)

    def assert_nagios(self, status, done):
        self.assert_exit(status, done)
        first, *rest = done.out.splitlines()
        self.assertRegex(first, NAGIOS)
        self.assertEqual(("OK", "WARNING", "CRITICAL", "UNKNOWN")[status], first.split()[1].rstrip(":"))
        self.assertNotIn("|", "".join(rest))
        return first

    def checks(self, done):
        """{(check, target): row} of a JSON report."""
        report = json.loads(done.out)
        self.assertEqual(done.status, report["exit_code"])
        self.assertEqual({0: "ok", 1: "warning", 2: "critical", 3: "unknown"}[done.status], report["status"])
        return {(row["check"], row.get("target")): row for row in report["checks"]}


class Foreground(Case):
    def test_a_healthy_stack(self):
        with Postgres() as pg, Redis() as redis:
            self.assert_nagios(0, check(pg.dsn(), redis.url(), "host"))
            done = check("--format=json", pg.dsn(), redis.url(), "host")
            self.assert_exit(0, done)
            report = json.loads(done.out)
            self.assertEqual(("poll", 1), (report["source"], report["schema"]))
            up = [row for row in report["checks"] if row["check"] == "up"]
            self.assertEqual(3, len(up))
            self.assertTrue(all(row["status"] == "ok" and row["state"] == "up" for row in up), up)

    def test_a_server_that_is_gone_is_critical(self):
        port = free_port()
        done = check(f"redis://127.0.0.1:{port}")
        self.assert_nagios(2, done)
        self.assertIn(f"cannot connect to 127.0.0.1:{port}", done.out)

    def test_a_refused_login_is_critical_and_no_secret_is_shown(self):
        with Postgres() as pg, Redis("--requirepass", "right") as redis:
            for url in (pg.dsn(password="hunter2canary"), redis.url(password="hunter2canary"), redis.url()):
                done = check(url)
                self.assert_nagios(2, done)
                self.assertNotIn("hunter2canary", done.out + done.err)
                self.assertRegex(done.out, "password|login")

    def test_hung_servers_are_critical_within_the_deadline(self):
        with Postgres() as pg, Redis() as redis:
            pg.pause()
            redis.pause()
            done = check("--timeout=2s", "--format=json", pg.dsn(), redis.url(), "host")
            self.assert_exit(2, done)
            states = sorted(row["status"] for row in json.loads(done.out)["checks"] if row["check"] == "up")
            self.assertEqual(["critical", "critical", "ok"], states)
            pg.resume()
            redis.resume()

    def test_names_that_are_never_resolved_are_critical_within_the_deadline(self):
        global SONDE
        old, SONDE = SONDE, str(ROOT / "build/release/sonde")  # a preloaded library and ASan do not go together
        try:
            with Redis() as redis:
                done = check("--timeout=2s", "redis://nowhere.example", "postgres://nowhere.example/x", redis.url(),
                             environment={"LD_PRELOAD": hung_resolver()})
        finally:
            SONDE = old
        self.assert_exit(2, done)
        self.assertRegex(done.out, r"nowhere\.example:6379 down \(timeout\).*\n(.*\n)*CRITICAL: nowhere\.example:5432.*no answer within 2s")

    def test_a_server_that_loads_its_data_is_critical_though_it_answers(self):
        with Redis() as redis:
            redis.cli("EVAL", "for i = 1, 5000 do redis.call('SET', 'k' .. i, string.rep('x', 100)) end", "0")
            redis.cli("SAVE")
            redis.kill()
            redis.arguments += ["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"]
            redis.start()
            wait_for("the server to load", lambda: "loading:1" in redis.cli("INFO", "persistence"))
            done = check(redis.url())
            self.assert_nagios(2, done)
            self.assertIn("starting", done.out)
            self.assertIn("loading its data", done.out)

    def test_without_a_configuration_it_checks_what_it_finds(self):
        with Redis() as redis:
            done = check("--format=json", environment={"REDIS_URL": redis.url(), "STATE_DIRECTORY": str(self.folder)})
            self.assertEqual(done.status, json.loads(done.out)["exit_code"])
            self.assertIn(("up", f"127.0.0.1:{redis.port}"), self.checks(done))

    def test_targets_are_chosen_by_name_and_kind(self):
        with Redis() as redis:
            file = self.write([{"name": "cache", "redis": redis.url()}, {"name": "gone", "redis": f"redis://127.0.0.1:{free_port()}"}, {"host": {}}])
            self.assert_exit(2, check(file))
            self.assert_exit(0, check(file, "cache"))
            self.assert_exit(0, check(file, "cache", "host"))
            self.assert_exit(2, check(file, "gone", "host"))
            done = check(file, "cahce")
            self.assert_exit(3, done)
            self.assertEqual('SONDE UNKNOWN: there is no target "cahce"; did you mean cache?\n', done.out)

    def test_a_wrong_configuration_is_unknown(self):
        path = self.folder / "wrong.yml"
        path.write_text("targets:\n- {name: a, redis: redis://x, passwort: y}\n")
        done = check(f"--config.file={path}")
        self.assert_exit(3, done)
        self.assertRegex(done.out, r"^SONDE UNKNOWN: .*wrong\.yml:2:\d+: .*did you mean \"password\"")
        done = check(f"--config.file={path}", "--format=json")
        self.assertEqual((3, "unknown"), (done.status, json.loads(done.out)["status"]))
        self.assert_exit(3, check(f"--config.file={self.folder}/absent.yml"))
        self.assert_exit(3, check("mysql://root@db"))

    def test_a_wrong_call_is_unknown(self):
        for words in (["--timeout=never"], ["--window=2y"], ["--format=xml"], ["--nonsense"], ["-x"]):
            done = check(*words)
            self.assertEqual(3, done.status, done)
            self.assertEqual(1, done.err.count("\n"), done)
            self.assertTrue(done.out.startswith("SONDE UNKNOWN: "), done)

    def test_a_terminal_gets_an_aligned_table(self):
        with Redis() as redis:
            file = self.write([{"name": "cache", "redis": redis.url()}, {"name": "gone", "redis": f"redis://127.0.0.1:{free_port()}"}])
            done = check_on_terminal(file, environment={"NO_COLOR": "1"})
            self.assert_exit(2, done)
            lines = done.out.splitlines()
            self.assertRegex(lines[0], r"^CRITICAL: 1 problem; judged \d+")
            head = next(i for i, line in enumerate(lines) if line.startswith("STATUS"))
            column = lines[head].index("TARGET")
            self.assertEqual("gone", lines[head + 1][column:].split()[0])
            self.assertTrue(lines[head + 1].startswith("CRITICAL  up"), done)
            self.assertIn("cannot connect", lines[head + 2])
            self.assertIn("cache", [line[column:].split()[0] for line in lines[head + 3:] if re.match("OK +up ", line)])

    def test_colours_only_where_they_are_wanted(self):
        file = self.write([{"host": {}}])
        self.assertIn("\033[", check_on_terminal(file).out)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\033[", check_on_terminal(file, environment=environment).out)
        self.assertNotIn("\033[", check(file, "--format=table").out)


RULES = """groups:
  - name: test
    rules:
      - alert: ManyClients
        expr: redis_connected_clients > 1e6
        labels: {severity: critical}
      - alert: SomeClients
        expr: redis_connected_clients >= 1
        for: 10m
        labels: {severity: SEVERITY}
        annotations: {summary: "{{ $labels.target }} has {{ $value }} clients", description: "Send them home."}
      - alert: Commands
        expr: rate(redis_commands_processed_total[4s]) > 1e9
      - alert: Later
        expr: rate(redis_commands_processed_total[2h]) > 1e9
      - alert: NothingHere
        expr: no_such_series > 1
"""


class Rules(Case):
    def broken(self, severity):
        (self.folder / "rules.yml").write_text(RULES.replace("SEVERITY", severity))
        return {"rules": ["rules.yml"]}

    def test_a_broken_threshold_exits_by_its_severity(self):
        with Redis() as redis:
            for severity, status in (("critical", 2), ("page", 2), ("warning", 1), ("other", 1), ("info", 0)):
                done = check(self.write([{"name": "cache", "redis": redis.url()}], **self.broken(severity)))
                first = self.assert_nagios(status, done)
                self.assertIn("judged 2, waiting for history 2 (ask the running agent, or --window 1h48m)", first)
                self.assertRegex(first, r"'SomeClients cache'=[0-9]+;" + (";" if status == 2 else "") + "@1:")
                self.assertRegex(first, r"'ManyClients cache'=[0-9]+;;1000000")
                if status:
                    self.assertRegex(done.out, r"(?m)^[A-Z]+: SomeClients cache [0-9]+ >= 1: cache has [0-9]+ clients$")

    def test_a_table_shows_the_value_beside_the_threshold_and_what_to_do(self):
        with Redis() as redis:
            done = check_on_terminal(self.write([{"name": "cache", "redis": redis.url()}], **self.broken("warning")), environment={"NO_COLOR": "1"})
            self.assert_exit(1, done)
            self.assertRegex(done.out, r"(?m)^WARNING +SomeClients +cache +[0-9]+ >= 1\n +Send them home\.$")
            self.assertRegex(done.out, r"(?m)^OK +ManyClients +cache +[0-9]+ \(alert > 1000000\)$")
            self.assertRegex(done.out, r"(?m)^WAITING +Later ")

    def test_a_window_gives_rules_their_range(self):
        with Redis() as redis:
            done = check(self.write([{"name": "cache", "redis": redis.url()}], **self.broken("info")), "--window=6s", "--format=json")
            self.assert_exit(0, done)
            checks = self.checks(done)
            self.assertEqual("ok", checks["Commands", "cache"]["status"])
            self.assertEqual("waiting", checks["Later", None]["status"])

    def test_a_wrong_rule_file_is_unknown(self):
        file = self.write([{"host": {}}], **self.broken("info"))
        (self.folder / "rules.yml").write_text(RULES.replace("no_such_series > 1", "no_such_series >"))
        done = check(file)
        self.assert_exit(3, done)
        self.assertRegex(done.out, r"^SONDE UNKNOWN: .*rules\.yml:\d+:\d+: ")

    def test_an_agent_says_when_a_pending_alert_fires_and_check_counts_it(self):
        with Redis() as redis:
            sonde = Sonde(targets=[{"name": "cache", "redis": redis.url()}], **self.broken("critical"))
            self.addCleanup(sonde.close)
            (sonde.folder / "rules.yml").write_text((self.folder / "rules.yml").read_text())
            sonde.start()
            sonde.wait_up("cache")
            ask = lambda *words: check(f"--config.file={sonde.path}", *words)
            wait_for("the alert to be pending", lambda: "fires in" in ask().out)
            done = ask("--format=json")
            self.assert_exit(2, done)
            report = json.loads(done.out)
            self.assertEqual("agent", report["source"])
            pending = self.checks(done)["SomeClients", "cache"]
            self.assertEqual(("pending", "critical", "Send them home."), (pending["state"], pending["status"], pending["hint"]))
            self.assertTrue(0 < pending["fires_in_seconds"] <= 600, pending)
            page = sonde.get("/").body.decode()
            self.assertRegex(page, r"SomeClients</td><td>cache</td><td class=\"number\">[0-9]+ &gt;= 1</td><td>fires in [0-9ms]+<")
            self.assertIn("Later (", page)
            (sonde.folder / "rules.yml").write_text(RULES.replace("SEVERITY", "info"))
            self.assertEqual("poll", json.loads(ask("--format=json").out)["source"], "the agent still runs the other rules")
            sonde.reload()
            wait_for("the reload", lambda: json.loads(ask("--format=json").out)["source"] == "agent")


class WithAgent(Case):
    def agent(self, targets, **keys):
        sonde = Sonde(targets=targets, interval=keys.pop("interval", "1s"), **keys)
        self.addCleanup(sonde.close)
        return sonde.start()

    def ask(self, sonde, *arguments):
        return check(f"--config.file={sonde.path}", "--format=json", *arguments)

    def source(self, done):
        return json.loads(done.out)["source"]

    def test_an_agent_with_the_same_configuration_is_asked(self):
        with Redis() as redis:
            sonde = self.agent([{"name": "cache", "redis": redis.url()}, {"name": "web-1", "host": {}}])
            sonde.wait_up("cache")
            sonde.wait_up("web-1")
            polls = sonde.value("sonde_target_polls_total", target="cache")
            done = self.ask(sonde)
            self.assert_exit(0, done)
            self.assertEqual("agent", self.source(done))
            self.assertLess(json.loads(done.out)["data_age_seconds"], 60)
            self.assertGreaterEqual(sonde.value("sonde_target_polls_total", target="cache"), polls)
            redis.kill()
            sonde.wait_down("cache")
            done = self.ask(sonde)
            self.assert_exit(2, done)
            self.assertEqual("agent", self.source(done))
            self.assertIn("127.0.0.1", self.checks(done)["up", "cache"]["message"])
            self.assert_exit(0, self.ask(sonde, "web-1"))

    def test_another_configuration_is_polled(self):
        sonde = self.agent([{"name": "web-1", "host": {}}])
        sonde.wait_up("web-1")
        self.assertEqual("agent", self.source(self.ask(sonde)))
        sonde.configure([{"name": "web-1", "host": {}, "every": "5s"}])
        done = self.ask(sonde)
        self.assertEqual(("poll", "The agent that runs here has another configuration"), (self.source(done), json.loads(done.out)["note"]))
        sonde.reload()
        wait_for("the reload", lambda: self.source(self.ask(sonde)) == "agent")

    def test_a_window_and_addresses_are_polled(self):
        with Redis() as redis:
            sonde = self.agent([{"name": "cache", "redis": redis.url()}])
            sonde.wait_up("cache")
            self.assertEqual("poll", self.source(self.ask(sonde, "--window=2s")))
            self.assertEqual("poll", self.source(self.ask(sonde, redis.url())))

    def test_an_agent_that_hangs_is_a_problem_and_is_not_waited_for(self):
        sonde = self.agent([{"name": "web-1", "host": {}}])
        sonde.wait_up("web-1")
        sonde.pause()
        done = self.ask(sonde)
        self.assert_exit(1, done)
        self.assertEqual("poll", self.source(done))
        self.assertEqual("hung", self.checks(done)["agent", None]["state"])
        sonde.resume()

    def test_the_socket_of_a_killed_agent_is_replaced_and_that_of_a_living_one_is_not(self):
        sonde = self.agent([{"name": "web-1", "host": {}}])
        sonde.wait_up("web-1")
        path = sonde.folder / "state/sonde.sock"
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        port = free_port()
        second = subprocess.Popen([SONDE, "run", f"--config.file={sonde.path}", f"--web.listen-address=127.0.0.1:{port}"], env=PLAIN,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(second.stderr.close)
        self.addCleanup(second.kill)
        wait_for("the second agent", lambda: fetch(port, "/-/healthy").status == 200)
        second.terminate()
        self.assertEqual(0, second.wait(PATIENCE))
        self.assertIn("sonde check cannot ask this agent", second.stderr.read())
        self.assertEqual("agent", self.source(self.ask(sonde)))
        sonde.kill()
        self.assertTrue(path.exists())
        self.assertEqual("poll", self.source(self.ask(sonde)))
        sonde.start()
        sonde.wait_up("web-1")
        self.assertEqual("agent", self.source(self.ask(sonde)))
        sonde.stop()
        self.assertFalse(path.exists())

    def test_a_folder_too_deep_for_a_socket_costs_the_socket_alone(self):
        deep = self.folder / ("d" * 120)
        sonde = self.agent([{"name": "web-1", "host": {}}], state_dir=str(deep))
        sonde.wait_log("too long for a unix socket")
        sonde.wait_up("web-1")
        self.assertEqual("poll", self.source(self.ask(sonde)))


if __name__ == "__main__":
    unittest.main()
