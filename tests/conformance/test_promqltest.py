#!/usr/bin/python3
"""build/tests/promqltest, the runner of PromQL test files in the syntax of Prometheus' suite: our own files pass, and what is wrong is seen."""
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "build/tests/promqltest"
FILES = sorted((ROOT / "tests/fixtures/promql").glob("*.test"))

# What must fail, each a case of its own over the series below.
SERIES = "load 1m\n  a{k=\"1\"} 1 2 3\n  a{k=\"2\"} 5 6 7\n  h {{schema:0 sum:1 count:1}}x2\n\n"
WRONG = {
    "another value": "eval instant at 1m a{k=\"1\"}\n  a{k=\"1\"} 2.00001\n",
    "a series too few": "eval instant at 1m a\n  a{k=\"1\"} 2\n",
    "a series too many": "eval instant at 1m a{k=\"1\"}\n  a{k=\"1\"} 2\n  a{k=\"2\"} 6\n",
    "another label": "eval instant at 1m sum by (k) (a{k=\"1\"})\n  a{k=\"1\"} 2\n",
    "a vector for a scalar": "eval instant at 1m 1\n  {} 1\n",
    "a scalar for a vector": "eval instant at 1m sum(a)\n  8\n",
    "another string": "eval instant at 1m \"x\"\n  expect string \"y\"\n",
    "a point missing": "eval range from 0 to 2m step 1m a{k=\"1\"}\n  a{k=\"1\"} 1 2 3 4\n",
    "a point too many": "eval range from 0 to 2m step 1m a{k=\"1\"}\n  a{k=\"1\"} 1 2\n",
    "a point elsewhere": "eval range from 0 to 2m step 1m a{k=\"1\"}\n  a{k=\"1\"} 1 _ 3\n",
    "a failure that does not come": "eval instant at 1m a\n  expect fail\n",
    "a failure that comes": "eval instant at 1m a + on() a\n  {} 1\n",
    "another failure": "eval instant at 1m a + on() a\n  expect fail msg: something else\n",
    "a warning that does not come": "eval instant at 1m a{k=\"1\"}\n  expect warn\n  a{k=\"1\"} 2\n",
    "an info that does not come": "eval_info instant at 1m a{k=\"1\"}\n  a{k=\"1\"} 2\n",
    "no expression": "eval instant at 1m a +\n",
    "a duration of nothing but words": "eval instant at 1m rate(a[1m + b])\n",
    "a metric's name that is a modifier before (": "eval instant at 1m fill + frobnicate(a)\n",
    "a function that nobody has": "eval instant at 1m frobnicate(a)\n",
    "a bad command": "evaluate instant at 1m a\n",
    "a bad series": "load 1m\n  a{k=} 1\n",
    "a bad value": "load 1m\n  a 1+x\n",
}
RIGHT = {
    "a millionth": "eval instant at 1m a{k=\"1\"}\n  a{k=\"1\"} 2.000001\n",
    "a failure by its text": "eval instant at 1m a + on() a\n  expect fail regex: many-to-many|one-to-one|several\n",
    "the old words": "eval_fail instant at 1m a + on() a\n",
}
SKIPPED = {
    "native histograms": "eval instant at 1m h\n  h {{schema:0 sum:1 count:1}}\n",
    "experimental function limitk()": "eval instant at 1m limitk(1, a)\n  expect fail\n",
    "functions in a duration": "eval instant at 1m rate(a[max(1m, 2m)])\n",
    "experimental modifier fill": "eval instant at 1m a + fill(0) a\n",
    "experimental modifier smoothed": "eval instant at 1m rate(a[1m] smoothed)\n",
}


def run(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, text=True, capture_output=True)
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout.splitlines()[-1])
    return done.returncode, done.stdout, [int(n) for n in counts.groups()]


def run_text(text):
    with tempfile.NamedTemporaryFile("w", suffix=".test") as file:
        file.write(text)
        file.flush()
        return run("-v", file.name)


class PromQLTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "MODE=release", PROGRAM], cwd=ROOT, check=True)

    def test_our_own_files_pass_whole(self):
        self.assertTrue(FILES)
        for file in FILES:
            with self.subTest(file=file.name):
                code, said, (passed, failed, skipped) = run(file)
                self.assertEqual((code, failed, skipped), (0, 0, 0), said)
                self.assertEqual(passed, len(re.findall(r"^eval", file.read_text(), re.M)))

    def test_what_is_wrong_is_seen_and_shown_with_its_place(self):
        for name, case in WRONG.items():
            with self.subTest(name):
                code, said, counts = run_text(SERIES + case)
                self.assertEqual((code, counts), (1, [0, 1, 0]), said)
                self.assertRegex(said, r"FAILED \S+\.test:\d+: .+\n  \S")

    def test_what_is_right_passes(self):
        for name, case in RIGHT.items():
            with self.subTest(name):
                code, said, counts = run_text(SERIES + case)
                self.assertEqual((code, counts), (0, [1, 0, 0]), said)

    def test_a_skip_says_what_it_needs(self):
        for reason, case in SKIPPED.items():
            with self.subTest(reason):
                code, said, counts = run_text(SERIES + case)
                self.assertEqual((code, counts), (0, [0, 0, 1]), said)
                self.assertIn(f"skipped 1: {reason}\n", said)

    def test_a_file_that_is_not_there_is_a_failure(self):
        code, said, counts = run("/nowhere/x.test")
        self.assertEqual((code, counts), (1, [0, 1, 0]), said)


if __name__ == "__main__":
    unittest.main()
