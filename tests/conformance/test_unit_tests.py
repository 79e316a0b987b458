#!/usr/bin/python3
"""sonde rules test gives the verdicts of promtool test rules: on tests that pass, and on the same ones with something wrong in them."""
import copy
import pathlib
import random
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = ROOT / "build/release/sonde"
FIXTURES = ROOT / "tests/fixtures/rules"


def verdict(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def judges(path):
    return verdict(SONDE, "rules", "test", path), verdict("promtool", "test", "rules", path)


def tests_of(path):
    """As they are written: `0x20` is a number to YAML, and 21 values to us."""
    tests = yaml.safe_load(path.read_text())["tests"]
    for test, text in zip(tests, yaml.load(path.read_text(), yaml.BaseLoader)["tests"]):
        for series, as_written in zip(test.get("input_series", []), text.get("input_series", [])):
            series["values"] = as_written["values"]
    return tests


def wrong(rng, test):
    """The test with one thing changed: a time, a label, an annotation, a value, or an expectation less or more."""
    test = copy.deepcopy(test)
    about = rng.choice([a for a in test.get("alert_rule_test", []) + test.get("promql_expr_test", [])])
    expected = about.get("exp_alerts", about.get("exp_samples")) or []
    how = rng.choice(["time", "less", "more", "change"])
    if how == "time":
        about["eval_time"] = rng.choice(["0m", "1m", "3m30s", "7m", "31m"])
    elif how == "less" and expected:
        expected.pop()
    elif how == "more" and expected:
        expected.append(copy.deepcopy(expected[0]))
    elif expected:
        one = rng.choice(expected)
        if "value" in one:
            one["value"] = float(one["value"]) + 1
        else:
            part = one.get(rng.choice(["exp_labels", "exp_annotations"])) or one["exp_labels"]
            part[rng.choice(sorted(part))] = "other"
    return test


class UnitTests(unittest.TestCase):
    def check(self, files, tests, expected=None):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "t.yml"
            path.write_text(yaml.safe_dump({"rule_files": [str(f) for f in files], "evaluation_interval": "30s", "tests": tests}, allow_unicode=True))
            ours, theirs = judges(path)
            self.assertEqual(ours[0], theirs[0], f"{ours[1]}\n--- promtool:\n{theirs[1]}\n--- of\n{path.read_text()}")
            if expected is not None:
                self.assertEqual(ours[0], expected, ours[1])

    def test_every_kind_of_test_has_promtools_verdict(self):
        for path in sorted(FIXTURES.glob("*_test.yml")):
            with self.subTest(file=path.name):
                ours, theirs = judges(path)
                self.assertEqual((ours[0], theirs[0]), (0, 0), ours[1] + theirs[1])

    def test_tests_with_something_wrong_fail_as_they_do_in_promtool(self):
        rng = random.Random(7)
        for rules, tests in (*((ROOT / f"alerts/{pack}.yml", ROOT / f"alerts/{pack}_test.yml") for pack in ("web-stack", "web-app")),
                             (FIXTURES / "states.yml", FIXTURES / "states_test.yml")):
            for test in tests_of(tests):
                for _ in range(2):
                    with self.subTest(test=test.get("name")):
                        self.check([rules], [wrong(rng, test)])

    def test_what_a_file_may_write_in_several_ways_has_promtools_verdict(self):
        series = "  input_series: &s\n  - {series: 'm{x=\"1\"}', values: '1+1x9'}\n  - {series: n}\n"

        def expr(text, value):
            return f"- interval: 1m\n{series}  promql_expr_test:\n  - {{expr: '{text}', eval_time: 4m, exp_samples: [{{value: {value}}}]}}\n"

        for text, code in ((expr("sum(m) * -Inf", "-.Inf"), 0), (expr("sum(m) * 1000", "5_000"), 0), (expr("sum(m) + 26", "0x1F"), 0),
                           (expr("sum(m)", "6"), 1), (expr('"a"', "1"), 1), (expr("m[5m]", "1"), 1),
                           (expr("sum(m)", "5") + "- interval: 30s\n  input_series: *s\n  promql_expr_test: [{expr: sum(m), eval_time: 4m, exp_samples: [{value: 9}]}]\n", 0)):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "t.yml"
                path.write_text("evaluation_interval: 0s\ntests:\n" + text)
                ours, theirs = judges(path)
                self.assertEqual((ours[0], theirs[0]), (code, code), ours[1] + theirs[1])

    def test_a_rule_that_fails_is_told_once_and_in_the_verdict(self):
        with tempfile.TemporaryDirectory() as folder:
            rules, path = pathlib.Path(folder) / "r.yml", pathlib.Path(folder) / "t.yml"
            rules.write_text("groups: [{name: g, limit: 1, rules: [{alert: A, expr: m}, {alert: Idle, expr: nothing}]}]\n")
            path.write_text("rule_files: [r.yml]\ntests:\n- interval: 1m\n  input_series: [{series: 'm{a=\"1\"}', values: 1x20}, {series: 'm{a=\"2\"}', values: 1x20}]\n"
                            "  alert_rule_test: [{eval_time: 20m, alertname: A}]\n")
            done = subprocess.run([SONDE, "rules", "test", path], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (1, ""))
            self.assertEqual(done.stdout.count("2 alerts are more than the group's limit of 1"), 1)

    def test_a_test_that_would_never_end_is_refused(self):
        for text, sentence in (("evaluation_interval: 1ms\ntests: [{promql_expr_test: [{expr: 'up', eval_time: 1y}]}]\n", "more than 1000000 times"),
                               ("tests: [{interval: 292277024y, input_series: [{series: up, values: 1x9}]}]\n", "100y")):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "t.yml"
                path.write_text(text)
                done = subprocess.run([SONDE, "rules", "test", path], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertIn(sentence, done.stderr)

    def test_a_file_that_is_wrong_is_refused_by_both(self):
        for text in ("colour: red\n", "tests: [{input_series: [{series: 'up{', values: '1'}]}]\n",
                     "tests: [{input_series: [{series: 'up', values: '1+x'}]}]\n", "tests: [{promql_expr_test: [{expr: 'up[', eval_time: 1m}]}]\n",
                     "evaluation_interval: soon\n", "- a\n"):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "t.yml"
                path.write_text(text)
                ours, theirs = judges(path)
                self.assertEqual((ours[0], theirs[0]), (1, 1), ours[1] + theirs[1])
                self.assertTrue(ours[1].strip())


if __name__ == "__main__":
    unittest.main()
