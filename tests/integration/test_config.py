"""The command line as people meet it: what is said about wrong files and flags, what a reload does, and that no secret is shown."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from stack import PATIENCE, SONDE, Sonde, free_port, wait_for

SECRET = "hunter2canary"


def sonde(*arguments, environment=None):
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DATA", "REDIS"))}
    return subprocess.run([SONDE, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, env={**plain, **(environment or {})})


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sonde-test-config-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="sonde.yml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def assert_ends(self, done, status, sentence):
        self.assertIn(sentence, done.stderr)
        self.assertEqual(status, done.returncode, done)
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)


class WrongFiles(Folder):
    # what the file says, and where and what is said about it; with the real kinds of targets
    FILES = [
        ("poll_interval: ten\n", ":1:16: poll_interval: \"ten\" is not a duration; write it like 10s, 1m30s or 500ms"),
        ("targets:\n  - {name: a, postgres: 'postgres://db', parts: {statments: on}}\n",
         ":2:50: postgres has no part \"statments\"; did you mean \"statements\"?"),
        ("targets:\n  - {name: a, postgress: 'postgres://db'}\n", ":2:15: unknown key \"postgress\"; did you mean \"postgres\"?"),
        ("targets:\n  - {name: a, redis: 'http://cache'}\n", ":2:22: redis: "),
        ("targets:\n  - {name: a, postgres: 'mysql://db'}\n", ":2:25: postgres: "),
        ("targets:\n  - {name: a, postgres: 'postgres://u@db:port/x'}\n", ":2:25: postgres: the port must be a number"),
        ("targets:\n  - {name: a, host: {procsf: /x}}\n", ":2:22: unknown key \"procsf\"; did you mean \"procfs\"?"),
        ("targets:\n  - {name: a, redis: 'redis://c', queues: {list: [x]}}\n", ":2:44: unknown key \"list\"; did you mean \"lists\"?"),
        ("targets:\n  - {name: a, host: {}}\n  - {name: a, host: {}}\n", ":3:12: the name \"a\" is taken by the target in line 2"),
        ("targets:\n  - {name: a, host: {}, redis: 'redis://c'}\n", ":2:25: one target watches one thing"),
        ("targets: [{host: {}}\n", ":2:1: not valid YAML: "),
        ("state_dir: ${SONDE_TEST_UNSET}\n", ":1:12: the environment variable SONDE_TEST_UNSET is not set"),
        ("targets:\n  - {name: a, redis: 'redis://c', password_file: nowhere}\n", ":2:50: password_file: cannot read "),
        ("web: {listen_address: 10420}\n", ":1:23: web.listen_address: \"10420\" has no port"),
    ]

    def test_every_mistake_is_named_with_its_place_by_every_way_of_reading(self):
        for text, sentence in self.FILES:
            path = self.write(text)
            for arguments in (["config", "check", path], ["run", f"--config.file={path}", "--config.check"],
                              ["targets", "--config.file", path]):
                with self.subTest(text=text, way=arguments[0]):
                    self.assert_ends(sonde(*arguments), 1, f"{path}{sentence}")

    def test_a_start_with_a_wrong_file_ends_with_the_sentence(self):
        path = self.write("poll_interval: ten\n")
        done = sonde("run", f"--config.file={path}", "--log.format=json", f"--web.listen-address=127.0.0.1:{free_port()}")
        self.assertEqual(1, done.returncode)
        last = json.loads(done.stderr.strip().split("\n")[-1])
        self.assertEqual("error", last["level"])
        self.assertTrue(last["msg"].startswith(f"{path}:1:16: poll_interval: "), last)

    def test_a_good_file_is_said_to_be_good(self):
        path = self.write("targets:\n  - {name: a, host: {}}\n  - {name: b, redis: 'redis://cache'}\n")
        for arguments in (["config", "check", path], ["run", f"--config.file={path}", "--config.check"]):
            done = sonde(*arguments)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertRegex(done.stdout, f"^{path}: good, 2 targets, [0-9]+ rules\\n$")

    def test_a_file_that_is_not_there_or_no_file_is_named(self):
        self.assert_ends(sonde("config", "check", self.folder / "x"), 1, f"cannot read {self.folder}/x: No such file or directory")
        self.assert_ends(sonde("config", "check", self.folder), 1, "it is a folder")
        self.assert_ends(sonde("config", "check", "/dev/zero"), 1, "it is not a regular file")
        big = self.write("#" * ((1 << 20) + 1))
        self.assert_ends(sonde("config", "check", big), 1, "is too large: at most 1024 KB are read")

    def test_relative_paths_start_at_the_folder_of_the_file(self):
        self.write("secret\n", "pw")
        path = self.write("targets:\n  - {name: b, redis: 'redis://cache', password_file: pw}\n")
        self.assertEqual(0, sonde("config", "check", path).returncode)

    def test_the_page_of_all_keys_has_those_of_every_kind(self):
        page = sonde("config", "docs").stdout
        for key in ("web.listen_address", "poll_interval", "host", "postgres", "redis", "password_file", "queues.lists", "procfs"):
            self.assertRegex(page, rf"`([a-z.]+\.)?{key}`")
        rows = [line for line in page.split("\n") if line.startswith("| `")]
        for row in rows:
            cells = row.replace("\\|", "").strip("|").split("|")
            self.assertIn(len(cells), (3, 5), row)
            self.assertTrue(cells[-1].strip(), f"no help: {row}")


class Flags(Folder):
    def test_a_wrong_flag_or_command_ends_with_status_2_and_a_hint(self):
        for arguments, sentence in [
            (["run", "--config.fil=x"], "unknown flag --config.fil (did you mean --config.file?); see sonde run --help"),
            (["run", "-v"], "unknown flag -v; flags begin with two dashes"),
            (["run", "--config.file"], "--config.file needs a value: --config.file=FILE"),
            (["run", "--config.check=1"], "--config.check takes no value"),
            (["run", "--log.level=loud"], "--log.level is debug, info, warn or error, not \"loud\""),
            (["run", "--log.format=xml"], "--log.format is logfmt or json, not \"xml\""),
            (["run", "now"], "\"now\" is one word too many"),
            (["rum"], "there is no command \"rum\"; did you mean run?"),
            (["--config.file=x"], "a command comes before the flags"),
            (["config"], "say what to do"),
            (["metrics", "--format=pdf"], "--format is text or markdown"),
        ]:
            with self.subTest(arguments=arguments):
                self.assert_ends(sonde(*arguments), 2, sentence)

    def test_help_and_version_work_everywhere(self):
        for arguments in ([], ["help"], ["--help"], ["-h"]):
            self.assertIn("usage: sonde COMMAND", sonde(*arguments).stdout)
        for arguments in (["run", "--help"], ["run", "--config.check", "-h"]):
            self.assertIn("--web.listen-address=ADDRESS", sonde(*arguments).stdout)
        for arguments in (["--version"], ["version"], ["run", "--version"]):
            self.assertRegex(sonde(*arguments).stdout, r"^sonde, version \d+\.\d+\.\d+ \(revision: \w+\)\n(?s:.*)libmicrohttpd:(?s:.*)libyaml:")

    def test_a_wrong_address_is_found_by_the_check(self):
        self.assert_ends(sonde("run", "--config.check", "--web.listen-address=nine"), 1, "--web.listen-address: \"nine\" has no port")
        self.assert_ends(sonde("run", "--config.check", "--web.telemetry-path=/sd"), 1, "--web.telemetry-path: \"/sd\" is taken")

    def test_every_metric_is_listed(self):
        text, page = sonde("metrics").stdout, sonde("metrics", "--format=markdown").stdout
        for name in ("node_cpu_seconds_total", "pg_up", "redis_up", "queue_jobs", "sonde_build_info"):
            self.assertRegex(text, rf"(?m)^{name} ")
            self.assertRegex(page, rf"(?m)^\| {name} \|")


class Running(Folder):
    def start(self, *args, **keys):
        agent = Sonde(*args, **keys)
        self.addCleanup(agent.close)
        return agent.__enter__()

    def test_a_reload_with_a_wrong_file_keeps_all_as_it_was_and_says_so(self):
        agent = self.start([{"name": "one", "host": {}}])
        agent.wait_up("one")
        agent.configure(text="targets: [{name: two, host: {}}]\npoll_interval: ten\n")
        agent.reload()
        agent.wait_log(r"not reloaded, all goes on as it was: .*sonde.yml:2:16: poll_interval: ")
        wait_for("the failure to show", lambda: agent.value("sonde_config_last_reload_successful", target="sonde") == 0)
        self.assertEqual(1, agent.is_up("one"))
        agent.configure([{"name": "two", "host": {}}])
        agent.reload()
        agent.wait_up("two")
        self.assertIsNone(agent.is_up("one"))
        wait_for("the success to show", lambda: agent.value("sonde_config_last_reload_successful", target="sonde") == 1)

    def test_a_reload_that_needs_a_restart_says_so(self):
        agent = self.start([{"name": "one", "host": {}}])
        agent.configure([{"name": "one", "host": {}}], web={"telemetry_path": "/other"})
        agent.reload()
        agent.wait_log("telemetry path have changed: that needs a restart")

    def test_flags_stand_above_the_file(self):
        agent = self.start([{"name": "one", "host": {}}], web={"listen_address": "127.0.0.1:1", "telemetry_path": "/a"},
                           arguments=["--web.telemetry-path", "/b"])
        agent.wait_log(rf"listening on http://127.0.0.1:{agent.port}/b")
        agent.wait_log("only this machine can reach it; for a Prometheus elsewhere: --web.listen-address=:")
        wait_for("the page", lambda: agent.get("/b").status == 200)
        self.assertEqual(404, agent.get("/a").status)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = sonde("run", f"--config.file={self.write('')}", f"--web.listen-address={address}")
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr.strip().split("\n")[-1], rf"level=error .*{address}.*in use")

    def test_it_ends_when_asked_to_whatever_its_targets_do(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = silent.getsockname()[1]
            for ending in (signal.SIGTERM, signal.SIGINT):
                agent = self.start([{"name": "r", "redis": f"redis://127.0.0.1:{port}"},
                                    {"name": "p", "postgres": f"postgres://u@127.0.0.1:{port}/x"}], interval="30s")
                agent.wait_log("listening on")
                agent.process.send_signal(ending)
                self.assertEqual(0, agent.process.wait(PATIENCE))
                self.assertIn("ending: ", agent.log_text())

    def test_without_a_file_it_watches_what_the_environment_names_and_tells_where_it_looked(self):
        if pathlib.Path("/etc/sonde/sonde.yml").exists():
            self.fail("this test needs a machine without /etc/sonde/sonde.yml")
        postgres, redis = free_port(), free_port()
        found = {"DATABASE_URL": f"postgres://u:{SECRET}@127.0.0.1:{postgres}/x", "REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{redis}"}
        done = sonde("targets", environment=found)
        self.assertRegex(done.stdout, rf"found postgres at 127.0.0.1:{postgres}.* through .*DATABASE_URL")
        self.assertRegex(done.stdout, rf"(?m)^127.0.0.1:{redis} +redis ")
        self.assertRegex(done.stdout, r"(?m)^\S+ +host ")
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        agent = self.start(environment=found, arguments=["--log.level=debug"])
        agent.wait_log(r"target=127.0.0.1:\d+ msg=\"watching kind=redis ")
        self.assertNotIn(SECRET, agent.log_text())

    def test_a_socket_of_a_server_that_the_environment_names_is_not_a_second_server(self):
        port = free_port()
        path = pathlib.Path(f"/tmp/.s.PGSQL.{port}")
        self.addCleanup(path.unlink)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            self.assertRegex(sonde("targets").stdout, rf"(?m)^localhost:{port} +postgres ")
            for host in ("127.0.0.1", "localhost", "[::1]"):
                done = sonde("targets", environment={"DATABASE_URL": f"postgres://u@{host}:{port}/x"})
                self.assertEqual(len(re.findall(rf"(?m)^\S*:{port} +postgres ", done.stdout)), 1, done.stdout)

    def test_a_secret_s_file_that_cannot_be_read_is_named(self):
        missing = str(self.folder / "missing")
        done = sonde("targets", environment={"DATA_SOURCE_URI": "127.0.0.1:9/x", "DATA_SOURCE_USER": "u", "DATA_SOURCE_PASS_FILE": missing,
                                             "REDIS_ADDR": "127.0.0.1:9", "REDIS_PASSWORD_FILE": missing})
        self.assertRegex(done.stdout, r"\$DATA_SOURCE_PASS_FILE cannot be read: No such file")
        self.assertRegex(done.stdout, r"\$REDIS_PASSWORD_FILE cannot be read: No such file")

    def test_the_state_folder_is_made_and_private(self):
        folder = self.folder / "a" / "b"
        agent = self.start(text=f"state_dir: {folder}\n")
        agent.wait_log("listening on")
        self.assertEqual(0o700, folder.stat().st_mode & 0o777)


class Secrets(Folder):
    FILES = [
        f"targets: [{{name: a, postgres: 'mysql://u:{SECRET}@db'}}]",
        f"targets: [{{name: a, postgres: 'host=db password={SECRET} nonsense=1'}}]",
        f"targets: [{{name: a, redis: 'http://u:{SECRET}@db'}}]",
        f"targets: [{{name: a, redis: 'redis://u:{SECRET}@db:port'}}]",
        f"targets: [{{name: a, redis: 'redis://db', password: [{SECRET}]}}]",
        f"targets: [{{name: a, redis: 'redis://db', password:{SECRET}}}]",
        f"targets: [{{name: a, redis: 'redis://db', pasword: {SECRET}}}]",
        f"targets: [{{name: a, job: {{x: {SECRET}}}, host: {{}}}}]",
        f"poll_interval: 'postgres://u:{SECRET}@db'",
        "poll_interval: ${SONDE_TEST_SECRET}",
        "targets: [{name: a, postgres: '${SONDE_TEST_SECRET}'}]",
        f"targets: [{{name: a, redis: 'redis://db', password: \"{SECRET}\n",
        f"state_dir: x: {SECRET}\n",
    ]

    def test_no_sentence_about_a_wrong_file_shows_one(self):
        for text in self.FILES:
            path = self.write(text)
            for arguments in (["config", "check", path], ["targets", f"--config.file={path}"],
                              ["run", f"--config.file={path}", "--log.level=debug", f"--web.listen-address=127.0.0.1:{free_port()}", "--config.check"]):
                with self.subTest(text=text, way=arguments[0]):
                    done = sonde(*arguments, environment={"SONDE_TEST_SECRET": f"{SECRET} x"})
                    self.assertEqual(1, done.returncode, done)
                    self.assertNotIn(SECRET, done.stdout + done.stderr)

    def test_a_secret_on_the_command_line_is_not_in_the_process_list(self):
        pipe = self.folder / f"x?password={SECRET}"
        os.mkfifo(pipe)
        process = subprocess.Popen([SONDE, "config", "check", str(pipe)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        line = pathlib.Path(f"/proc/{process.pid}/cmdline")
        wait_for("the argument to be overwritten", lambda: b"password=***" in line.read_bytes())
        self.assertNotIn(SECRET.encode(), line.read_bytes())
        pipe.write_text("")
        self.assertEqual(0, process.wait(PATIENCE))
        self.assertIn(SECRET, process.stdout.read())  # it was still told which file to read


if __name__ == "__main__":
    unittest.main()
