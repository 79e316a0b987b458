#!/usr/bin/python3
"""Pages in both formats against the strictest readers there are.

OpenMetrics goes to the parser of the Python client, text to promtool; both formats go through a check of our own for what those let pass:
series that appear twice, families that are torn, labels that appear twice, samples that got lost.
"""
import math
import os
import re
import subprocess
import tempfile
import unittest

from prometheus_client.openmetrics.parser import text_string_to_metric_families

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = "build/release/tests/conformance/pages"  # made from pages.c
PARSER = "build/release/tests/conformance/parser"  # made from parser.c
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-][0-9]+)?)" % (NAME, LABEL, LABEL))
META = re.compile(r"# (HELP|TYPE) (%s) (.*)" % NAME, re.DOTALL)
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "summary": ["", "_sum", "_count"]}


class Page:
    """The series of a page by name and labels, with the type they are shown with. Raises ValueError for what no page may hold."""

    def __init__(self, data, openmetrics):
        self.openmetrics = openmetrics
        self.series, self.types, self.helps = {}, {}, set()
        self.family = None
        text = data.decode("utf-8")
        if text and not text.endswith("\n"):
            raise ValueError("the last line does not end")
        lines = text.split("\n")[:-1]
        if openmetrics and (not lines or lines.pop() != "# EOF"):
            raise ValueError("no # EOF")
        for line in lines:
            self.metadata(line) if line.startswith("#") else self.sample(line)

    def metadata(self, line):
        match = META.fullmatch(line)
        if not match:
            raise ValueError("neither HELP nor TYPE: " + line)
        kind, name, rest = match.groups()
        known = self.types if kind == "TYPE" else self.helps
        if name in known:
            raise ValueError("twice: " + line)
        if kind == "TYPE":
            self.types[name] = rest
            self.family = name
        else:
            self.helps.add(name)

    def sample(self, line):
        match = SAMPLE.fullmatch(line)
        if not match:
            raise ValueError("no sample: " + line)
        name, labels, value = match.groups()
        pairs = re.findall(LABEL, labels or "")
        names = [p.split("=", 1)[0] for p in pairs]
        if len(set(names)) != len(names):
            raise ValueError("a label twice: " + line)
        type_ = self.types.get(self.family)
        suffixes = SUFFIXES.get(type_, [""]) if type_ != "counter" or self.openmetrics else [""]
        if name not in [str(self.family) + s for s in suffixes]:
            raise ValueError("not of the family %s (%s): %s" % (self.family, type_, line))
        key = (name, tuple(sorted(pairs)))
        if key in self.series:
            raise ValueError("a series twice: " + line)
        self.series[key] = (value, type_)


class Exposition(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "MODE=release", PROGRAM, PARSER], cwd=ROOT, check=True)
        cls.folder = tempfile.TemporaryDirectory()
        out = subprocess.run([os.path.join(ROOT, PROGRAM), cls.folder.name], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
        cls.pages = [(line.split()[0], [int(n) for n in line.split()[1:]]) for line in out.splitlines()]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def read(self, name, ending):
        with open(os.path.join(self.folder.name, name + "." + ending), "rb") as file:
            return file.read()

    def each(self, check, *endings):
        self.some(check, self.pages, *endings)

    def some(self, check, pages, *endings):
        for name, _ in pages:
            for ending in endings:
                with self.subTest(page=name + "." + ending):
                    check(self.read(name, ending))

    def test_there_are_pages(self):
        self.assertGreater(len(self.pages), 100)

    def test_the_strict_openmetrics_parser_takes_every_page(self):
        self.each(lambda data: list(text_string_to_metric_families(data.decode("utf-8"))), "one.om", "all.om")

    def test_promtool_takes_text_pages(self):
        def check(data):
            run = subprocess.run(["promtool", "check", "metrics"], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertIn(run.returncode, (0, 3), run.stdout.decode("utf-8", "replace"))

        made = [p for p in self.pages if not p[0].startswith("random")]
        self.some(check, made + self.pages[len(made)::15], "one.txt", "all.txt")  # each is a process

    def test_our_own_parser_takes_every_page_by_the_letter(self):
        pages = [(name + "." + ending, reader) for name, _ in self.pages
                 for reader, ending in (("strict", "one.txt"), ("strict", "all.txt"), ("openmetrics", "one.om"), ("openmetrics", "all.om"))]
        data = [self.read(*file.split(".", 1)) for file, _ in pages]
        told = subprocess.run([os.path.join(ROOT, PARSER)], input=b"".join(b"%s %d\n%s" % (r.encode(), len(d), d) for (_, r), d in zip(pages, data)),
                              stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        self.assertEqual(len(told), len(pages))
        for (file, reader), page, verdict in zip(pages, data, told):
            with self.subTest(page=file):
                self.assertEqual(verdict, "good %d" % len(Page(page, reader == "openmetrics").series))

    def test_no_series_or_family_appears_twice(self):
        self.each(lambda data: Page(data, False), "one.txt", "all.txt")
        self.each(lambda data: Page(data, True), "one.om", "all.om")

    def test_no_sample_is_lost(self):
        for name, (samples, *left_out) in self.pages:
            for ending, gone in zip(("one.txt", "all.txt"), left_out):
                with self.subTest(page=name + "." + ending):
                    self.assertEqual(len(Page(self.read(name, ending), False).series), samples - gone)
            self.assertEqual(left_out[:2], left_out[2:])

    def test_both_formats_hold_the_same(self):
        for name, _ in self.pages:
            for kind in ("one", "all"):
                with self.subTest(page=name + "." + kind):
                    text, om = Page(self.read(name, kind + ".txt"), False).series, Page(self.read(name, kind + ".om"), True).series
                    self.assertLessEqual(set(om), set(text))
                    for key, (value, type_) in text.items():
                        refused = type_ == "counter" and (math.isnan(float(value)) or float(value) < 0)
                        if key in om:
                            self.assertEqual(om[key][0], value)
                        else:
                            self.assertTrue(refused, key)

    def test_types_are_not_given_away(self):
        page = Page(self.read("every_type", "all.om"), True)
        self.assertEqual(page.types["wait_seconds"], "histogram")
        self.assertEqual(page.types["size_bytes"], "summary")
        self.assertEqual(page.types["hits"], "counter")
        self.assertEqual(page.types["odd_us_sum"], "unknown")
        kept = sum(t in ("histogram", "summary", "counter") for n, _ in self.pages for t in Page(self.read(n, "all.om"), True).types.values())
        self.assertGreater(kept, len(self.pages) / 2)


if __name__ == "__main__":
    unittest.main()
