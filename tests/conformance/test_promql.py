#!/usr/bin/python3
"""Random expressions over random series, evaluated here and by promtool: the same elements, labels and values.

Debian's promtool is of Prometheus 2: its ranges are closed on the left. All times here are a second off the grid of the samples, where that makes
no difference. Counters stay far above zero, since versions 2 and 3 stretch a rate differently towards it.
"""
import math
import os
import random
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = "build/release/tests/conformance/promql"  # made from promql.c
STEP, TIMES = 10, [61, 301, 601, 907]
SEEDS, EXPRESSIONS = range(1, 9), 200  # of each seed, at each time
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"'
ELEMENT = re.compile(r'(\w*)(?:\{((?:%s(?:, ?)?)*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?:, |$)' % LABEL)


class World:
    """Series: gauges a and b with labels k and l, c with k alone, counters up and on."""

    def __init__(self, rng):
        self.rng, self.series = rng, {}
        for name in ("a", "b", "hits", "reads"):
            for k in "123":
                for l in "xy":
                    if rng.random() < 0.8:
                        self.add(name, {"k": k, "l": l})
        for k in "1234":
            self.add("c", {"k": k})

    def add(self, name, labels):
        text = name + "{" + ",".join('%s="%s"' % pair for pair in labels.items()) + "}"
        value, values = self.rng.randint(10000, 99999), []
        for _ in range(100):
            if name in ("hits", "reads"):
                value = value + self.rng.choice([0, 1, 7, 60]) if self.rng.random() > 0.02 else self.rng.randint(10000, 20000)
                values.append(str(value))
            else:
                values.append(self.rng.choice(["%d" % self.rng.randint(-9, 9), "%.2f" % self.rng.uniform(-100, 100)]))
            if self.rng.random() < 0.1:
                values[-1] = self.rng.choice(["_", "_", "_x3", "stale"] + ([] if name in ("hits", "reads") else ["NaN", "Inf", "-Inf"]))
        self.series[text] = " ".join(values)


class Expression:
    """Grows an expression of the language that both sides know."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *items):
        return self.rng.choice(items)

    def number(self):
        return self.pick("0", "1", "2.5", "-3", "1e2", "0.37", "0x1F", "50.123", "+Inf")

    def scalar(self, depth):
        if depth <= 0 or self.rng.random() < 0.5:
            return self.pick(self.number(), self.number(), "time()")
        op = self.pick("+", "-", "*", "/", "%", "^", "atan2", "> bool", "== bool", "<= bool")
        return "(%s %s %s)" % (self.scalar(depth - 1), op, self.scalar(depth - 1))

    def matchers(self):
        some = [self.pick('k="1"', 'k!="2"', 'k=~"1|2"', 'k!~"[13]"', 'l="x"', 'l!=""', 'l=""', 'k=~".+"', 'none=""', 'l=~"x|"')
                for _ in range(self.pick(0, 0, 1, 2))]
        return "{%s}" % ",".join(some) if some else ""

    def selector(self, *names):
        return self.pick(*names) + self.matchers()

    def offset(self):
        """Times stay off the grid; the end of an instant query is its only moment."""
        return self.pick("", "", "", "", " offset 30s", " offset 2m", " offset -20s", " @ 301", " @ 455.5 offset 20s", " offset -30s @ 205",
                         " @ end()", " @ start() offset 1m")

    def span(self):
        return self.pick("[20s]", "[30s]", "[1m]", "[5m]", "[1h]", "[2m30s]")

    def over_range(self):
        if self.rng.random() < 0.5:
            function = self.pick("rate", "increase", "irate", "delta", "changes")
            return "%s(%s%s%s)" % (function, self.selector("hits", "reads"), self.span(), self.offset())
        name = self.pick("avg", "sum", "min", "max", "count", "last", "present", "stddev", "stdvar")
        inner = self.selector("a", "b", "c", "hits") + self.span() + self.offset()
        if self.rng.random() < 0.1:
            return "quantile_over_time(%s, %s)" % (self.pick("0.5", "0", "1", "0.9", "-1", "2"), inner)
        return "%s_over_time(%s)" % (name, inner)

    def subquery(self, depth):
        """The steps of a subquery stand on the grid, so that the ranges within must not end on it."""
        inner = self.pick(self.selector("a", "b", "hits"), self.selector("a", "b", "hits") + " offset 20s", "(%s)" % self.grid(depth - 1))
        span = self.pick("[1m:10s]", "[2m:30s]", "[5m:]", "[90s:20s]", "[3m:1m]", "[40s:10s]")
        name = self.pick("avg", "sum", "min", "max", "count", "last", "present", "stddev")
        return "%s_over_time(%s%s%s)" % (name, inner, span, self.pick("", "", " offset 30s", " @ 301", " offset 1m @ 455"))

    def grid(self, depth):
        """What a subquery may hold."""
        if depth <= 0 or self.rng.random() < 0.3:
            return self.pick("irate(hits[25s])", "sum by (k) (a)", "-a", "a + on(k, l) b", "max_over_time(b[35s])", "a > 0", "time() * a",
                             "hits - hits offset 30s", "count_over_time(a[55s])", "a @ 301 + a")
        return self.pick("sum without (l) (%s)", "abs(%s)", "-(%s)", "max_over_time((%s)[25s:10s])") % self.grid(depth - 1)

    def labels(self):
        return self.pick("", "k", "l", "k, l", "l, k", "none", "k, none")

    def aggregate(self, depth):
        name, inner = self.pick("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile", "count_values", "topk"), self.vector(depth - 1)
        if name == "quantile":
            inner = self.pick("0.5", "0", "1", "0.9", "-1", "2", "NaN", "1/3", "scalar(sum(b))") + ", " + inner
        if name == "count_values":
            inner = self.pick('"v"', '"k"', '"l"') + ", " + self.selector("a", "b", "hits")  # the last digit of what was computed may differ
        if name.startswith("std"):  # of NaN and Inf Prometheus 2 makes something else
            inner = self.selector("hits", "reads")
        if name == "topk":  # without ties
            name = self.pick("topk", "bottomk")
            inner = self.pick("1", "2", "3.7", "0", "-5", "1000", "scalar(count(c))") + ", " + self.selector("hits", "reads")
        by = self.pick("", " by (%s)", " without (%s)")
        by = by % self.labels() if by else ""
        return self.pick("%s%s (%s)" % (name, by, inner), "%s(%s)%s" % (name, inner, by))

    def matching(self):
        return self.pick("", "", "", "on(k)", "on(k, l)", "ignoring(l)", "ignoring(none)", "on()", "ignoring(k)")

    def binary(self, depth):
        comparison = self.pick(">", "<", ">=", "<=", "!=", "==")
        kind = self.rng.random()
        if kind < 0.25:
            op = self.pick("+", "-", "*", "/", "^", comparison, comparison + " bool")
            sides = [self.vector(depth - 1), self.scalar(depth - 2)]
            self.rng.shuffle(sides)
            return "%s %s %s" % (sides[0], op, sides[1])
        if kind < 0.4:
            op = self.pick("+", "-", "*", "/", "%", comparison, comparison + " bool")
            many, one = self.vector(depth - 1), self.pick("c", "sum by (k) (%s)" % self.vector(depth - 2), self.vector(depth - 1))
            on, labels = self.pick("on(k)", "on(k)", "ignoring(l)", "on()"), self.pick("", "", "()", "(l)", "(l, none)")
            if self.rng.random() < 0.5:
                return "%s %s %s group_left%s %s" % (many, op, on, labels, one)
            return "%s %s %s group_right%s %s" % (one, op, on, labels, many)
        if kind < 0.6:
            op = self.pick("+", "-", "*", "/", "atan2", comparison, comparison + " bool")
            text = "%s %s %s %s" % (self.vector(depth - 1), op, self.matching(), self.vector(depth - 1))
            return "-(%s)" % text if op == "atan2" else text  # whose result has no name only since 2.47
        return "%s %s %s %s" % (self.vector(depth - 1), self.pick("and", "or", "unless"), self.matching(), self.vector(depth - 1))

    def vector(self, depth):
        kind = self.rng.random()
        if depth <= 0 or kind < 0.15:
            return self.selector("a", "b", "c", "hits") + self.offset()
        if kind < 0.22:
            return self.subquery(depth)
        if kind < 0.35:
            return self.over_range()
        if kind < 0.55:
            return self.aggregate(depth)
        if kind < 0.62:
            return "-" + self.vector(depth - 1)
        inner = self.binary(depth)
        return "(%s)" % inner if self.rng.random() < 0.7 else inner


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
