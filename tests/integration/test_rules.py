"""Rules in a running sonde: the same file gives the same alerts as in a real Prometheus that scrapes it; alerts go on over a kill; a broken file is refused."""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from stack import ROOT, SONDE, Program, Redis, Sonde, wait_for

RULES = """
groups:
  - name: records
    rules:
      - record: job:redis_up:count
        expr: count by (job) (redis_up)
        labels: {kind: count}
  - name: alerts
    interval: 1s
    rules:
      - alert: Up
        expr: redis_up == 1
        for: 2s
        labels: {severity: info, where: "{{ $labels.instance }}/{{ $labels.job | toUpper }}"}
        annotations:
          summary: "{{ $labels.target }} is {{ $value }}, {{ printf \\"%.2f\\" $value }}, {{ $labels }}"
      - alert: Down
        expr: redis_up == 0
        annotations: {summary: "{{ $labels.target }} is down"}
      - alert: Memory
        expr: node_memory_MemTotal_bytes > 1
        keep_firing_for: 1m
        annotations: {summary: "{{ $value | humanize1024 }}B or {{ humanize $value }} or {{ $value }}"}
      - alert: Filesystems
        expr: count by (job, instance) (node_filesystem_size_bytes) >= 1
        annotations: {summary: "{{ $labels.job }}"}
      - alert: Recorded
        expr: job:redis_up:count > 0
      - alert: Commands
        expr: rate(redis_commands_processed_total[6s]) > 0
        for: 1s
      - alert: Joined
        expr: redis_up == 1 and on (instance) redis_uptime_in_seconds >= 0
      - alert: Ratio
        expr: redis_memory_used_bytes / on (instance, job) redis_memory_used_peak_bytes > 0
      - alert: Or
        expr: redis_up == 5 or redis_exporter_build_info == 1 or redis_instance_info unless redis_up
      - alert: Never
        expr: redis_up > 1
      - alert: Later
        expr: redis_up == 1
        for: 1h
"""
ALL = ["Commands", "Filesystems", "Joined", "Memory", "Or", "Ratio", "Recorded", "Up"]


def kept(sonde):
    """The alerts in the state of a running sonde: {(name, labels): (state, annotations, active_at)}. What a kill would leave is read."""
    with tempfile.TemporaryDirectory() as copy:
        for file in (sonde.folder / "state").glob("state.db*"):
            shutil.copy(file, copy)
        db = sqlite3.connect(pathlib.Path(copy) / "state.db")
        try:
            rows = db.execute("SELECT labels, annotations, state, active_at FROM alerts").fetchall()
        except sqlite3.Error as caught:  # copied while it was being made
            raise AssertionError(str(caught)) from caught
        finally:
            db.close()
    result = {}
    for labels, annotations, state, active_at in rows:
        labels = json.loads(labels)
        result[tuple(sorted(labels.items()))] = (("pending", "firing")[state], json.loads(annotations), active_at)
    return result


def prometheus(sonde, rules):
    program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                     "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
    (program.folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: sonde
    http_sd_configs: [{{url: "http://127.0.0.1:{sonde.port}/sd", refresh_interval: 1s}}]
""")
    return program


def alerts_of(program):
    answer = json.loads(program.get("/api/v1/alerts").body)
    return {tuple(sorted(a["labels"].items())): (a["state"], a["annotations"]) for a in answer["data"]["alerts"]}


def names(alerts, state):
    return sorted({dict(labels)["alertname"] for labels, value in alerts.items() if value[0] == state})


class Rules(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-rules-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.rules = self.folder / "rules.yml"
        self.rules.write_text(RULES)

    def sonde(self, redis, **keys):
        targets = [{"name": "web-1", "host": {}}, {"name": "cache", "redis": redis.url()}]
        return Sonde(targets=targets, rules=[str(self.folder / "*.yml")], **keys)

    def assert_same(self, sonde, server):
        ours = {labels: value[:2] for labels, value in kept(sonde).items()}
        self.assertEqual(ours, alerts_of(server))
        return True

    def test_the_same_file_gives_the_same_alerts_in_prometheus(self):
        with Redis() as redis, self.sonde(redis) as sonde, prometheus(sonde, self.rules) as server:
            expected = ALL
            wait_for("the alerts of sonde", lambda: names(kept(sonde), "firing") == expected)
            wait_for("the alerts of Prometheus", lambda: names(alerts_of(server), "firing") == expected)
            self.assertEqual(names(kept(sonde), "pending"), ["Later"])
            wait_for("both to agree in labels, annotations and states", lambda: self.assert_same(sonde, server))
            redis.kill()
            expected = ["Down", "Filesystems", "Memory", "Or", "Recorded"]
            wait_for("Prometheus to see it", lambda: names(alerts_of(server), "firing") == expected)
            wait_for("sonde to see it", lambda: set(names(kept(sonde), "firing")) >= set(expected) and "Up" not in names(kept(sonde), "firing"))
            ours = kept(sonde)
            # What Prometheus resolves because its series went, is not known to be over: sonde keeps it until Redis answers.
            unknown = {"Commands", "Ratio"}
            self.assertEqual(set(names(ours, "firing")) - set(expected), unknown & set(names(ours, "firing")))
            redis.start()
            expected = ALL
            wait_for("sonde to fire again", lambda: names(kept(sonde), "firing") == expected)
            wait_for("Prometheus to fire again", lambda: names(alerts_of(server), "firing") == expected)
            wait_for("both to agree again", lambda: self.assert_same(sonde, server))

    def test_alerts_go_on_over_a_kill_and_are_not_told_twice(self):
        with Redis() as redis, self.sonde(redis) as sonde:
            expected = ALL
            wait_for("the alerts", lambda: names(kept(sonde), "firing") == expected)
            before = kept(sonde)
            for _ in range(3):
                sonde.kill()
                sonde.start()
                wait_for("rules to be evaluated", lambda: sonde.value("sonde_alerts", target="sonde", alertstate="firing") == len(before) - 1)
            self.assertEqual(kept(sonde), before)  # also since when they are pending
            log = sonde.log_text()
            for name in expected:
                self.assertEqual(log.count(f"firing {name}:"), len([k for k in before if dict(k)["alertname"] == name]), name)
            self.assertNotIn("resolved", log)

    def test_what_was_over_while_sonde_was_away_is_resolved(self):
        with Redis() as redis, self.sonde(redis) as sonde:
            wait_for("the alert", lambda: "Up" in names(kept(sonde), "firing"))
            sonde.kill()
            redis.kill()
            sonde.start()
            sonde.wait_log(r"resolved Up: cache is 1.*value=0")
            self.assertNotIn("Up", names(kept(sonde), "firing"))

    def test_a_rule_that_is_gone_is_resolved(self):
        with Redis() as redis, self.sonde(redis) as sonde:
            wait_for("the alert", lambda: "Memory" in names(kept(sonde), "firing"))
            self.rules.write_text("groups: [{name: other, rules: [{alert: Other, expr: redis_up == 1}]}]")
            sonde.reload()
            sonde.wait_log("resolved Memory")
            wait_for("the new rule", lambda: names(kept(sonde), "firing") == ["Other"])
            wait_for("one rule to be shown", lambda: sonde.value("sonde_rules", target="sonde") == 1)

    def test_a_reload_of_a_broken_file_keeps_the_old_rules(self):
        with Redis() as redis, self.sonde(redis) as sonde:
            wait_for("the alert", lambda: "Up" in names(kept(sonde), "firing"))
            before = kept(sonde)
            self.rules.write_text(RULES.replace("redis_up == 1\n        for: 2s", "redis_up == nosuch(1)\n        for: 2s"))
            sonde.reload()
            sonde.wait_log(r"not reloaded, all goes on as it was: .*rules\.yml:12:27: expr: there is no function nosuch\(\)")
            wait_for("the reload to be shown", lambda: sonde.value("sonde_config_last_reload_successful", target="sonde") == 0)
            self.assertEqual(sonde.value("sonde_rules", target="sonde"), 12)
            self.assertEqual({k: v for k, v in kept(sonde).items() if k in before}, before)

    def test_a_broken_file_is_refused_at_the_start_and_by_the_check(self):
        self.rules.write_text("groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n    fro: 5m\n")
        config = self.folder / "sonde.conf"
        config.write_text(f"rules: ['*.yml']\nstate_dir: {self.folder}/state\n")
        sentence = f'{self.rules}:6:5: unknown key "fro"; did you mean "for"?'
        for words in (["run", f"--config.file={config}", "--web.listen-address=127.0.0.1:0"], ["config", "check", str(config)]):
            done = subprocess.run([SONDE, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn(sentence.replace('"', r'\"') if words[0] == "run" else sentence, done.stderr)

    def test_without_the_key_the_shipped_rules_are_on(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            shipped = sum((ROOT / f"alerts/{pack}.yml").read_text().count("- alert:") for pack in ("web-stack", "web-app"))
            wait_for("the shipped rules", lambda: sonde.value("sonde_rules", target="sonde") == shipped)
        with Sonde(targets=[{"name": "web-1", "host": {}}], rules=[]) as sonde:
            sonde.wait_log("0 rules")
            sonde.wait_up("web-1")
            self.assertEqual(sonde.value("sonde_rules", target="sonde"), 0)

    def test_a_state_that_is_no_database_is_set_aside(self):
        with Redis() as redis, self.sonde(redis) as sonde:
            wait_for("the alert", lambda: "Up" in names(kept(sonde), "firing"))
            sonde.stop()
            (sonde.folder / "state/state.db").write_bytes(b"not a database " * 1000)
            sonde.start()
            sonde.wait_log(r"it was set aside as .*state\.db\.broken-")
            wait_for("the alert again", lambda: "Up" in names(kept(sonde), "firing"))
            self.assertEqual(os.stat(sonde.folder / "state/state.db").st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
