#!/usr/bin/python3
"""Random expressions over random series (grow.py), evaluated here and by promtool: the same elements, labels and values.

More of them than the usual eight seeds: SEEDS=100 tests/conformance/test_promql.py
"""
import math
import os
import random
import re
import subprocess
import tempfile
import unittest

from grow import STEP, TIMES, Expression, World

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = "build/release/tests/conformance/promql"  # made from promql.c
SEEDS, EXPRESSIONS = range(int(os.environ.get("FROM", 1)), 1 + int(os.environ.get("SEEDS", 8))), 200  # of each seed, at each time
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"'
ELEMENT = re.compile(r'([^\s{}]*)(?:\{((?:%s(?:, ?)?)*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?:, |$)' % LABEL)


def elements(lines):
    """The elements of a value as {labels: number}; None for an error."""
    found = {}
    for line in lines:
        if line.startswith("!"):
            return None
        if re.fullmatch(r"\S+", line):
            line = "{} " + line
        for name, labels, _, _, value in ELEMENT.findall(line):
            pairs = re.findall(LABEL, labels) + ([("__name__", name)] if name else [])
            found[tuple(sorted(pairs))] = float(value.replace("Inf", "inf"))
    return found


def ours(world, questions):
    lines = ["load %d %s|%s" % (STEP * 1000, s, v) for s, v in world.series.items()]
    lines += ["eval %d %s" % (at * 1000, text) for at, text in questions]
    done = subprocess.run([os.path.join(ROOT, PROGRAM)], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, check=True, universal_newlines=True)
    answers = re.findall(r"(.*?)^\.\n", done.stdout, re.M | re.S)
    return [elements(a.splitlines()) for a in answers], answers


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def theirs(world, questions):
    """promtool prints what it got where that is not what we say we expect; an empty value is what we say."""
    text = "evaluation_interval: 1m\ntests:\n  - interval: %ds\n    input_series:\n" % STEP
    for series, values in world.series.items():
        text += "      - {series: %s, values: %s}\n" % (quote(series), quote(values))
    text += "    promql_expr_test:\n"
    for at, expr in questions + [(STEP * 100, "0")]:  # the last one makes promtool load all points, for offsets into the future
        text += "      - {expr: %s, eval_time: %ds, exp_samples: []}\n" % (quote(expr), at)
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(["promtool", "test", "rules", file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    reports = {}
    for expr, minutes, seconds, rest in re.findall(r'^ +expr: "((?:[^"\\]|\\.)*)", time: (?:(\d+)m)?(\d+)s,(.*(?:\n +(?:exp|got): .*)*)', done.stdout, re.M):
        got = re.search(r"got: (.*)", rest)
        question = (int(minutes or 0) * 60 + int(seconds), re.sub(r"\\(.)", r"\1", expr))
        reports[question] = got[1] if got else "! " + rest
    return [elements([reports[q]] if q in reports else []) for q in questions], done.stdout


def near(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or (not math.isinf(a) and not math.isinf(b) and abs(a - b) <= 1e-9 * max(1, abs(a), abs(b)))


def refuses_what_is_filtered_out(answer, expression, theirs):
    """Since Prometheus 3 what a comparison would filter out has to meet one element alone, too. Prometheus 2 looked at what was left."""
    return theirs is not None and answer.startswith("! multiple matches for labels") and re.search(r"[<>]|[!=]=", expression)


def equal(a, b):
    if a is None or b is None:
        return a is b
    return a.keys() == b.keys() and all(near(a[key], b[key]) for key in a)


class PromQL(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "MODE=release", PROGRAM], cwd=ROOT, check=True)

    def test_random_expressions_have_the_value_that_prometheus_gives(self):
        values = errors = empty = 0
        for seed in SEEDS:
            rng = random.Random(seed)
            world, grow = World(rng), Expression(rng)
            texts = {grow.vector(rng.randint(0, 4)) for _ in range(EXPRESSIONS)} | {grow.scalar(3) for _ in range(5)}
            questions = [(at, text) for text in sorted(texts) for at in TIMES]
            mine, answers = ours(world, questions)
            yours, _ = theirs(world, questions)
            self.assertEqual(len(mine), len(questions))
            for question, a, b, answer in zip(questions, mine, yours, answers):
                with self.subTest(seed=seed, at=question[0], expression=question[1]):
                    if not refuses_what_is_filtered_out(answer, question[1], b):
                        self.assertTrue(equal(a, b), "here %s\npromtool %s" % (answer, b))
                values, errors, empty = values + bool(a), errors + (a is None), empty + (a == {})
        # the comparison means something only when most expressions have a value, and some are refused by both
        self.assertGreater(values, 1000)
        self.assertGreater(errors, 50)
        self.assertGreater(empty, 50)


if __name__ == "__main__":
    unittest.main()
