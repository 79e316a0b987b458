#!/usr/bin/python3
"""The shipped rules and the dashboard, as files: Prometheus' own tool reads and tests the rules, every metric they name is one that sonde
has, and the page that shows the rules shows these."""
import json
import pathlib
import re
import subprocess
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = sorted(p for p in (ROOT / "alerts").glob("*.yml") if not p.stem.endswith("_test"))
DASHBOARDS = sorted((ROOT / "dashboards").glob("*.json"))
MADE_BY_PROMETHEUS = {"up", "ALERTS"}
# What applications show of themselves: the names of the client libraries that alerts/web-app.yml lists, not sonde's.
APPLICATIONS = {f"{name}_{part}" for part in ("bucket", "count") for name in (
    "http_request_duration_seconds", "http_request_duration_highr_seconds", "http_server_requests_seconds", "http_server_request_duration_seconds",
    "starlette_request_duration_seconds", "flask_http_request_duration_seconds")} | {
    "http_requests_total", "starlette_requests_total", "flask_http_request_total", "nodejs_eventloop_lag_p99_seconds", "process_start_time_seconds",
    "db_pool_connections", "db_pool_connections_active", "db_pool_connections_in_use", "db_pool_connections_used", "db_pool_connections_max",
    "hikaricp_connections_active", "hikaricp_connections_max", "go_sql_in_use_connections", "go_sql_max_open_connections",
    "active_record_connection_pool_busy", "active_record_connection_pool_size"}
LANGUAGE = {"rate", "increase", "delta", "irate", "changes", "time", "sum", "avg", "min", "max", "count", "by", "without", "on", "ignoring",
             "and", "or", "unless", "histogram_quantile", "quantile_over_time", "label_replace"} | {
                 f"{how}_over_time" for how in ("avg", "min", "max", "sum", "count", "last")}


def run(*command):
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def catalogue():
    code, page = run("build/release/sonde", "metrics", "--format=markdown")
    assert code == 0, page
    rows = re.findall(r"^\| (\w+) \| (\w+) \|", page, re.M)
    buckets = {f"{name}_bucket" for name, kind in rows if kind == "histogram"}
    return {name for name, _ in rows} | buckets | MADE_BY_PROMETHEUS | APPLICATIONS


def words(expression):
    """The names of metrics and of functions in an expression."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]', " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left)\s*\([^)]*\)", r"\1 ", bare)
    called = set(re.findall(r"\b([a-z_]\w*)\s*\(", bare)) - {"and", "or", "unless"}
    return set(re.findall(r"(?<![\w.$])[a-zA-Z_:][\w:]*", bare)) - called - LANGUAGE, called


def rules(files=RULES):
    """(file, comment, name, the rule's text) of every rule."""
    for file in files:
        for comment, text in re.findall(r"((?:^ *# .*\n)*)^ {6}- (alert: (?:.*\n)(?: {8}.*\n)*)", file.read_text(), re.M):
            yield file.name, comment, text.split("\n")[0].removeprefix("alert: "), text


def key(text, name):
    found = re.search(rf"^ {{8,10}}{name}: (.*\n(?: {{10,}}.*\n)*)", text, re.M)
    return " ".join(found[1].split()).removeprefix(">- ") if found else ""


def expressions(value):
    """All of a dashboard's queries."""
    if isinstance(value, dict):
        yield from ([value["expr"]] if "expr" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from expressions(item)


class Rules(unittest.TestCase):
    def test_promtool_accepts_every_file(self):
        for file in RULES:
            code, said = run("promtool", "check", "rules", str(file))
            self.assertEqual(code, 0, said)
            self.assertIn(f"{len(list(rules([file])))} rules found", said)

    def test_promtool_sees_each_rule_fire_and_keep_quiet_as_its_tests_say(self):
        for file in RULES:
            tests = file.with_name(f"{file.stem}_test.yml")
            code, said = run("promtool", "test", "rules", str(tests))
            self.assertEqual(code, 0, said)
            for _, _, name, _ in rules([file]):
                with self.subTest(rule=name):
                    self.assertRegex(tests.read_text(), rf"alertname: {name}\n +exp_alerts:\n", "no test that it fires")
                    self.assertRegex(tests.read_text(), rf"alertname: {name}, exp_alerts: \[\]", "no test that it keeps quiet")

    def test_sonde_says_of_the_same_series_what_prometheus_says(self):
        for file in RULES:
            code, said = run("build/release/sonde", "rules", "test", str(file.with_name(f"{file.stem}_test.yml")))
            self.assertEqual(code, 0, said)

    def test_a_rule_has_a_reason_a_severity_and_texts_that_tell_where(self):
        for file, comment, name, text in rules():
            with self.subTest(rule=name):
                self.assertRegex(name, r"^([A-Z][a-z]+)+$")
                self.assertGreater(len(comment), 60, "no reason above it")
                self.assertRegex(text, r"labels: \{severity: (critical|warning|info)\}")
                self.assertIn("{{ $labels.target }}", key(text, "summary"))
                self.assertRegex(key(text, "description"), r"\{\{ \$labels\.(target|instance) \}\}")

    def test_a_rule_uses_what_sonde_measures_and_can_evaluate(self):
        known = catalogue()
        for file, _, name, text in rules():
            with self.subTest(rule=name):
                named, called = words(key(text, "expr"))
                self.assertTrue(named)
                self.assertEqual(named - known, set())
                self.assertEqual(called - LANGUAGE, set())

    def test_a_description_names_metrics_that_exist(self):
        known = catalogue()
        for _, _, name, text in rules():
            for metric in re.findall(r"\b(?:pg|redis|queue|node|probe|sonde)_\w+[a-z](?![\w(])", key(text, "description")):
                with self.subTest(rule=name):
                    self.assertTrue(metric in known or metric == "pg_wal", metric)

    def test_the_page_of_alerts_shows_these_rules(self):
        code, page = run("tools/alerts-page")
        self.assertEqual(code, 0, page)
        tables = page[page.index("\n## "):]
        self.assertEqual(tables.count("\n| ") - tables.count("| alert |"), len(list(rules())))
        self.assertEqual(page, (ROOT / "docs/alerts.md").read_text(), "make docs writes it anew")


class Dashboards(unittest.TestCase):
    def test_there_is_one_with_panels(self):
        for file in DASHBOARDS:
            self.assertGreater(len(list(expressions(json.loads(file.read_text())))), 10, file)
        self.assertTrue(DASHBOARDS)

    def test_a_dashboard_asks_for_what_sonde_measures(self):
        known = catalogue()
        for file in DASHBOARDS:
            for expression in expressions(json.loads(file.read_text())):
                with self.subTest(dashboard=file.name, expression=expression):
                    self.assertEqual(words(expression)[0] - known - {"group_left"}, set())


if __name__ == "__main__":
    unittest.main()
