#!/usr/bin/python3
"""sonde rules check: the published alerts that can never fire are told with the reason, are indeed empty where what they are meant for is the case, and fire once
they are repaired as the finding says; the packs are clean; what cannot be read is refused with a sentence."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = ROOT / "build/release/sonde"
PUBLISHED = ROOT / "tests/fixtures/rules/published.yml"
PACKS = sorted(p for p in (ROOT / "alerts").glob("*.yml") if not p.stem.endswith("_test"))
HERE = 'job="a",instance="b",target="b"'
TABLE = HERE + ',datname="d",schemaname="public",relname="t"'
TABLES = {f"pg_stat_user_tables_{name}{{{TABLE}}}": value
          for name, value in (("n_tup_del", "100x900"), ("n_tup_upd", "100x900"), ("n_tup_hot_upd", "100x900"), ("n_dead_tup", "1000x900"),
                              ("n_live_tup", "10x900"), ("last_autovacuum", "-1e6x900"), ("last_autoanalyze", "-1e6x900"))}
SETTINGS = {f"pg_settings_{name}{{{HERE}}}": value
            for name, value in (("autovacuum_vacuum_threshold", "50x900"), ("autovacuum_analyze_threshold", "50x900"), ("max_connections", "3x900"),
                                ("autovacuum_vacuum_scale_factor", "0.2x900"), ("max_locks_per_transaction", "1x900"))}
# Of each alert that never fires: what is the case, and a pattern with its replacement that follow what is said of it.
NEVER = {
    "PostgresqlTableNotAutoVacuumed": ({**TABLES, **SETTINGS}, r"> pg_settings", "> on (job, instance, target) group_left pg_settings"),
    "PostgresqlTableNotAutoAnalyzed": ({**TABLES, **SETTINGS}, r"> pg_settings", "> on (job, instance, target) group_left pg_settings"),
    "PostgresqlUnusedReplicationSlot": ({f'pg_replication_slots_active{{{HERE},slot_name="s",database="d"}}': "0x900",
                                         f"pg_replication_is_replica{{{HERE}}}": "0x900"}, r"\) and \(", ") and on (job, instance, target) ("),
    "PostgresqlTooManyLocksAcquired": ({f'pg_locks_count{{{HERE},datname="d",mode="m"}}': "50x900", **SETTINGS}, r"sum by \(instance\)",
                                       "sum by (instance, job, target)"),
    "HostKernelVersionDeviations": ({f'node_uname_info{{{HERE},release="5.1"}}': "1x690 stale", f'node_uname_info{{{HERE},release="5.2"}}': "_x690 1x210"},
                                    r".*", "node_uname_info unless node_uname_info offset 1h"),
    "PostgresTablesNotVaccumed": ({**TABLES, **SETTINGS}, r".*", "time() - pg_stat_user_tables_last_autovacuum > 36000"),
}


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def check(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "r.yml"
        path.write_text(text)
        code, out, err = run(SONDE, "rules", "check", path)
        return code, (out + err).replace(str(path), "r.yml")


def rule(expr, more="", kind="alert: A"):
    return f"groups:\n- name: g\n  rules:\n  - {kind}\n    expr: {expr}\n{more}"


def findings(out):
    """{rule: [(severity, sentence)]}"""
    found = {}
    for severity, name, text in re.findall(r"^\S+:\d+:\d+: (warning|info): (\S+): (.*)$", out, re.M):
        found.setdefault(name, []).append((severity, text))
    return found


class Published(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.code, cls.out, cls.err = run(SONDE, "rules", "check", PUBLISHED)
        cls.found = findings(cls.out)
        cls.rules = {r["alert"]: r for g in yaml.safe_load(PUBLISHED.read_text())["groups"] for r in g["rules"]}

    def test_all_are_read_and_exactly_six_are_said_to_never_fire(self):
        self.assertEqual((self.code, self.err), (0, ""))
        self.assertEqual(self.out.splitlines()[-1], f"{PUBLISHED}: 114 rules, 7 warnings")
        never = {name for name, all_of in self.found.items() for severity, text in all_of if text.startswith("can never fire: ")}
        self.assertEqual(never, set(NEVER))

    def test_a_rate_of_a_gauge_is_the_only_other_warning(self):
        others = {(name, text) for name, all_of in self.found.items() for severity, text in all_of
                  if severity == "warning" and not text.startswith("can never fire: ")}
        self.assertEqual({name for name, _ in others}, {"PostgreSQLSlowQueries"})
        self.assertIn("rate() of pg_stat_activity_max_tx_duration, which is a gauge", others.pop()[1])

    def test_a_place_is_that_of_what_is_meant(self):
        lines = PUBLISHED.read_text().split("\n")
        places = re.findall(r"^\S+:(\d+):(\d+): warning: \S+: can never fire: the two sides of (\S+) never", self.out, re.M)
        self.assertEqual(len(places), 4)
        for line, column, operator in places:
            self.assertTrue(lines[int(line) - 1][int(column) - 1:].startswith(operator))

    def test_what_is_said_is_so_and_the_repair_repairs(self):
        for name, (series, wrong, right) in NEVER.items():
            expr = self.rules[name]["expr"]
            repaired = re.sub(wrong, right, expr, count=1, flags=re.S)
            with self.subTest(rule=name), tempfile.TemporaryDirectory() as folder:
                tests = {"interval": "1m", "input_series": [{"series": s, "values": v} for s, v in series.items()],
                         "promql_expr_test": [{"expr": expr, "eval_time": "12h"},
                                              {"expr": f"count({repaired})", "eval_time": "12h", "exp_samples": [{"labels": "{}", "value": 1}]}]}
                path = pathlib.Path(folder) / "t.yml"
                path.write_text(yaml.safe_dump({"tests": [tests]}))
                for judge in ((SONDE, "rules", "test"), ("promtool", "test", "rules")):
                    code, out, err = run(*judge, path)
                    self.assertEqual(code, 0, out + err)
                code, said = check(rule(f"|\n      {repaired}"))
                self.assertNotIn("never", said)

    def test_the_packs_are_clean(self):
        code, out, err = run(SONDE, "rules", "check", *PACKS)
        self.assertEqual((code, err), (0, ""))
        for pack in PACKS:
            self.assertRegex(out, rf"(?m)^{pack}: \d+ rules, 0 warnings$")


class Rules(unittest.TestCase):
    """What only a rule has, and what rules know of each other."""

    def test_a_wait_shorter_than_the_interval_is_told(self):
        code, said = check(rule("up == 0", "    for: 5s\n"))
        self.assertEqual((code, said), (0, "r.yml:4:5: info: A: for: 5s is shorter than the 10s between evaluations, and so the same as for: 10s\n"
                                           "r.yml: 1 rule, 0 warnings\n"))

    def test_a_label_made_of_the_value_is_told(self):
        self.assertIn("r.yml:4:5: warning: A: the label v is made of the value", check(rule("up == 0", "    labels: {v: '{{ $value }}'}\n"))[1])
        self.assertIn("warning: A: the label v", check(rule("up == 0", "    labels: {v: 'is {{ .Value | humanize }}'}\n"))[1])
        for good in ("labels: {v: '{{ if gt $value 5.0 }}a{{ else }}b{{ end }}'}", "annotations: {v: '{{ $value }}'}", "labels: {v: $value}"):
            self.assertIn("0 warnings", check(rule("up == 0", f"    {good}\n"))[1])

    def test_what_a_rule_records_has_its_labels(self):
        record = "\n  - record: datname:locks:sum\n    expr: sum by (datname, job) (pg_locks_count{datname!=\"\"})\n    labels: {kind: x}\n"
        code, said = check(rule("datname:locks:sum > pg_settings_max_connections", record))
        self.assertIn("r.yml:5:29: warning: A: can never fire: the two sides of > never match: only the left has datname, kind, only the right instance, target",
                      said)
        self.assertIn("2 rules, 1 warning\n", said)
        code, said = check(rule('datname:locks:sum{kind="x", job="a"} > 5', record))
        self.assertIn("2 rules, 0 warnings\n", said)
        code, said = check(rule("b + pg_up", "  - {record: b, expr: a}\n", "record: a"))  # in a circle
        self.assertEqual((code, said), (0, "r.yml: 2 rules, 0 warnings\n"))

    def test_settings_are_known_though_no_row_names_them(self):
        self.assertIn("0 warnings", check(rule("pg_settings_work_mem_bytes > pg_settings_max_connections"))[1])
        self.assertIn("the part settings", check(rule("rate(pg_settings_work_mem_bytes[5s])"))[1])

    def test_a_slip_is_told_with_what_was_meant(self):
        self.assertIn("info: A: node_memory_MemAvailble_bytes is no metric of sonde's own, and no rule here records it; did you mean "
                      "node_memory_MemAvailable_bytes?", check(rule("node_memory_MemAvailble_bytes < 5"))[1])
        self.assertNotIn("did you mean", check(rule("node_network_speed_bits < 5"))[1])


    def test_two_sides_one_of_which_has_no_labels_are_told_to_match_on_none(self):
        for expr in ("hour() < 9 and up == 0", "up == 0 and (hour() < 9)", "up == 0 unless count(up) > 1"):
            code, said = check(rule(expr))
            self.assertRegex(said, r"the two sides of (and|unless) never match.*: only the (left|right) has job, instance, target; write (and|unless) on \(\)\n")
            self.assertIn("0 warnings", check(rule(re.sub(r" (and|unless) ", r" \1 on () ", expr)))[1])


class Loaded(unittest.TestCase):
    def test_what_promtool_accepts_is_loaded(self):
        plain = rule("up == 0")
        for text in ("\ufeff" + plain, plain.replace("\n", "\r\n"), plain + "---\n", "---\n" + plain + "...\n", "",
                     rule("up", "    labels: &l {a: b, c: }\n  - {alert: B, expr: up, labels: *l}\n"),
                     rule("&e up == 0", "    labels: &l {a: b}\n  - alert: B\n    expr: *e\n    labels: {<<: *l, c: !!str 5}\n"),
                     rule("up", "    annotations: {__dashboardUid__: a, __panelId__: 5}\n"), rule("up", "    for: 0s\n    annotations: {}\n", "record: a"),
                     rule("up", f"    labels: {{{', '.join(f'l{i}: x' for i in range(60))}}}\n"), plain.replace("rules:", "interval: 500ms\n  limit: -1\n  rules:")):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "r.yml"
                path.write_text(text, newline="")
                ours, theirs = run(SONDE, "rules", "check", path), run("promtool", "check", "rules", path)
                self.assertEqual((ours[0], theirs[0]), (0, 0), ours[1] + ours[2] + theirs[1] + theirs[2])


class Refused(unittest.TestCase):
    def test_what_cannot_be_read_is_refused_with_a_sentence_and_a_place(self):
        for text, sentence in ((rule("rate(up[5m)"), r"^r\.yml:5:\d+: expr: "),
                               (rule("up + " * 200000 + "up"), r"^r\.yml:5:11: this value is too long; at most 65536 bytes are read"),
                               (rule("(" * 1000 + "up" + ")" * 1000), r"^r\.yml:5:\d+: expr: .* nested more than 100 deep"),
                               (rule("up", "    annotations: {a: 'x {{ $value '}\n"), r"^r\.yml:6:\d+: annotations\.a: "),
                               (rule("up", "    for: soon\n"), r"^r\.yml:6:\d+: ")):
            with self.subTest(text=text[:200]):
                code, said = check(text)
                self.assertEqual(code, 1)
                self.assertRegex(said, sentence)
                self.assertEqual(said.count("\n"), 1)

    def test_a_folder_is_no_file_of_rules_and_the_others_are_judged_all_the_same(self):
        code, out, err = run(SONDE, "rules", "check", ROOT / "alerts", PACKS[0])
        self.assertEqual(code, 1)
        self.assertEqual(err, f"cannot read {ROOT}/alerts: it is a folder\n")
        self.assertIn("0 warnings", out)


if __name__ == "__main__":
    unittest.main()
