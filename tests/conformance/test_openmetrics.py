#!/usr/bin/python3
"""Pages of metrics are judged as the standards say.

Every case of a folder of good and bad pages gets the verdict that its test.json gives: tests/fixtures/openmetrics, or the folders in $OPENMETRICS
(separated by colons), in the layout of the OpenMetrics suite. Then pages are changed at random, and the verdicts are those of the parser of the
Python client (OpenMetrics), of promtool and of a scraping Prometheus (text 0.0.4). Where these are known to err or to be lax, the reference says so
in the code; any other difference is a failure. $SEED gives other pages.
"""
import collections
import concurrent.futures
import contextlib
import decimal
import glob
import http.server
import json
import os
import random
import re
import subprocess
import tempfile
import threading
import unittest

import prometheus_client.openmetrics.parser as client

from stack import Program, need, wait_for
from test_prometheus import query

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SONDE = os.environ.get("SONDE", os.path.join(ROOT, "build/release/sonde"))
PROGRAM = "build/release/tests/conformance/parser"  # made from parser.c
FOLDERS = os.environ.get("OPENMETRICS", os.path.join(ROOT, "tests/fixtures/openmetrics")).split(":")
SEED = int(os.environ.get("SEED", 1))
OPENMETRICS_PAGES, TEXT_PAGES, SCRAPED_PAGES = 12000, 500, 400
WARNING = re.compile(r"^<stdin>:\d+: warning: (\S+): (.*)$", re.M)


def lint(data, *words):
    """`sonde metrics lint` on standard input: exit status, what it wrote to standard error."""
    done = subprocess.run([SONDE, "metrics", "lint", *words], input=data, capture_output=True)
    return done.returncode, done.stderr.decode()


def read(reader, pages):
    """The verdicts of our parser as "good N" or "bad line:column: sentence"."""
    subprocess.run(["make", "-s", "MODE=release", PROGRAM], cwd=ROOT, check=True)
    data = b"".join(b"%s %d\n%s" % (reader.encode(), len(page), page) for page in pages)
    out = subprocess.run([os.path.join(ROOT, PROGRAM)], input=data, capture_output=True, check=True).stdout.decode()
    verdicts = out.splitlines()
    assert len(verdicts) == len(pages), out[-200:]
    return verdicts


# --- the standard of OpenMetrics, as far as the Python client does not ask for it ---

NAME, WORD = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
REAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
VALUE = r"(?:%s|[+-]?(?i:inf|infinity)|(?i:nan))" % REAL
LABEL = r'%s="(?:[^"\\\n]|\\[^\n])*"' % WORD
LABELS = r"\{(?:%s(?:,%s)*)?\}" % (LABEL, LABEL)
SAMPLE = re.compile(rf"(?P<name>{NAME})(?P<labels>{LABELS})? {VALUE}(?P<time> {REAL})?(?P<exemplar> # {LABELS} {VALUE}(?: {REAL})?)?", re.S)
METADATA = re.compile(rf"# (?:(?:HELP|TYPE) {NAME} .*|UNIT {NAME} [a-zA-Z0-9_:]*)", re.S)
EDGE = re.compile(rf"(?:{REAL}|\+Inf|-(?i:inf|infinity))")


def mended_timestamp(text, original=client._parse_timestamp):
    """The client orders 1.9 behind 2.1, and cannot compare 1e3 with 2."""
    if original(text) is None:
        return None
    with decimal.localcontext() as context:
        context.prec = 500
        return decimal.Decimal("".join(text)).quantize(decimal.Decimal("1e-9"), decimal.ROUND_DOWN)


def without_braces(line):
    """The client ends an exemplar's labels at the first }, though it stands in a value."""
    match = SAMPLE.fullmatch(line)
    if not match or not match["exemplar"]:
        return line
    return line[:match.start("exemplar")] + re.sub(LABEL, lambda m: m[0].replace("}", "_"), match["exemplar"])


def labels_of(match):
    pairs = (pair.split("=", 1) for pair in re.findall(LABEL, match["labels"] or ""))
    return tuple(sorted((name, value) for name, value in pairs if value != '""'))


def keeps_to_grammar(page):
    """Every line is one of the grammar; no series without a timestamp is there twice; no label takes the place of the name."""
    seen = set()
    for line in page.removesuffix("\n").split("\n")[:-1]:
        match = SAMPLE.fullmatch(line)
        if not match and not METADATA.fullmatch(line):
            return False
        series = match and (match["name"], labels_of(match))
        if match and not match["time"] and series in seen:
            return False
        if match and "__name__=" in re.sub(r'"(?:[^"\\]|\\.)*"', "", line):
            return False
        seen.add(series)
    return True


def are_complete(families):
    """Each metric of a counter has its total, and the edges of buckets and quantiles are numbers without blanks and underscores."""
    for family in families:
        groups = {}
        for s in family.samples:
            groups.setdefault(tuple(sorted((k, v) for k, v in s.labels.items() if v)), set()).add(s.name)
            edge = s.labels.get("le" if s.name.endswith("_bucket") else "quantile", "0")
            if family.type in ("histogram", "gaugehistogram", "summary") and not EDGE.fullmatch(edge):
                return False
        if family.type == "counter" and any(family.name + "_total" not in names for names in groups.values()):
            return False
    return True


def openmetrics_verdict(page):
    client._parse_timestamp = mended_timestamp
    try:
        families = list(client.text_string_to_metric_families("\n".join(map(without_braces, page.split("\n")))))
    except (ValueError, ArithmeticError):
        return False
    return keeps_to_grammar(page) and are_complete(families)


# --- what the description of text 0.0.4 says and promtool lets pass ---

TEXT_SAMPLE = re.compile(rf"[ \t]*({NAME})[ \t]*(\{{.*\}})?.*", re.S)
TEXT_METADATA = re.compile(r"[ \t]*#[ \t]*(HELP|TYPE)(?:[ \t]+([^ \t]+)(.*))?", re.S)


class Letter:
    """Holds a page that promtool takes to the letter."""

    def __init__(self):
        self.types, self.begun, self.sampled, self.series, self.family = {}, set(), set(), set(), None

    def family_of(self, name):
        for ending, kinds in (("_bucket", "histogram"), ("_sum", "histogram summary"), ("_count", "histogram summary")):
            base = name.removesuffix(ending)
            if base != name and self.types.get(base, "?") in kinds.split():
                return base
        return name

    def enter(self, family):
        torn = family != self.family and family in self.begun
        self.family = family
        self.begun.add(family)
        return not torn

    def metadata(self, keyword, name, rest):
        if not name or self.family_of(name) != name or name in self.sampled or not self.enter(name):
            return False
        if keyword == "HELP":
            return True
        self.types[name] = rest.lstrip(" \t")
        if any(self.family_of(name + ending) == name and name + ending in self.begun for ending in ("_bucket", "_sum", "_count")):
            return False
        return self.types[name] in ("counter", "gauge", "histogram", "summary", "untyped")

    def sample(self, name, labels):
        family = self.family_of(name)
        pairs = re.findall(r'(%s)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*")' % WORD, labels or "")
        series = (name, tuple(sorted(pair for pair in pairs if pair[1] != '""')))
        again = series in self.series
        self.series.add(series)
        fits = self.enter(family)
        self.sampled.add(family)
        return fits and not again

    def holds(self, page):
        for line in page.split("\n"):
            match = TEXT_METADATA.fullmatch(line)
            if match and not self.metadata(*match.groups()):
                return False
            match = not line.lstrip(" \t").startswith("#") and TEXT_SAMPLE.fullmatch(line)
            if match and not self.sample(*match.groups()):
                return False
        return True


def promtool(data):
    """Exit status, findings."""
    done = subprocess.run([need("promtool"), "check", "metrics"], input=data, capture_output=True)
    return done.returncode, set(re.findall(r"^(\S+) (.*)$", done.stderr.decode(errors="replace"), re.M))


def text_verdict(data):
    """promtool takes blanks at the end of a sample's line for a timestamp; the description and Prometheus ignore them."""
    if promtool(re.sub(rb"(?m)^((?![ \t]*#)[^\n]*?)[ \t]+$", rb"\1", data))[0] not in (0, 3):
        return False
    try:
        return Letter().holds(data.decode())
    except UnicodeDecodeError:
        return False


# --- pages changed at random ---

OPENMETRICS_PAGE = r'''# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds he\"lp \\ \n x
a_seconds_total{x="1",y="b\"c"} 1 1.5 # {trace="x y",id="q"} 0.5 3
a_seconds_created{x="1",y="b\"c"} 5 1.5
a_seconds_total{x="2"} 17 2
# TYPE h histogram
h_bucket{le="0.5",m="GET"} 1
h_bucket{le="1.0",m="GET"} 2 # {} 0.7
h_bucket{le="+Inf",m="GET"} 4
h_sum{m="GET"} 3.5
h_count{m="GET"} 4
h_bucket{le="+Inf",m="PUT"} 0
h_sum{m="PUT"} 0
h_count{m="PUT"} 0
h_created{m="PUT"} 0
# TYPE g gaugehistogram
g_bucket{le="-1.0"} 1
g_bucket{le="+Inf"} 3
g_gcount 3
g_gsum -5
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.99"} 2
s_sum 3
s_count 2
# TYPE st stateset
st{st="a",k="1"} 0
st{st="b",k="1"} 1
st{st="a",k="2"} 1
# TYPE i info
i_info{v="1"} 1
i_info{v="2"} 1
# HELP u x
u 1e5
v{a="b"} NaN
v{a="c"} +Inf
v{a="d"} -1.25e-3 1234567890.123
v{a="d"} -1.25e-3 1234567890.124
# EOF
'''
TEXT_PAGE = r'''# HELP a_seconds_total help \\ \n x
# TYPE a_seconds_total counter
a_seconds_total{x="1",y="b\"c"} 1 1500
a_seconds_total{x="2"} 17 2
# TYPE h histogram
# HELP h A histogram.
h_bucket{le="0.5",m="GET"} 1
h_bucket{le="1.0",m="GET"} 2
h_bucket{le="+Inf",m="GET"} 4
h_sum{m="GET"} 3.5
h_count{m="GET"} 4
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.99"} NaN
s_sum 3
s_count 2

# a comment
# HELP u x
u 1e5
v{a="b"} NaN
v { a = "c", } +Inf
 	v{a="d"} -1.25e-3 123
w_ms{aB="1"} 1
# TYPE bytes_total gauge
bytes_total 3
'''
WORDS = ["", " ", "  ", "\t", "\n", '"', "\\", "{", "}", ",", "=", "#", " # ", ":", ".", "e", "é", "\r", "\0", "0", "1", "-1", "1.5", "1e3", "1_0", "0x1", "nan", "inf",
         "NaN", "+Inf", "-Inf", " 1", 'le="1"', 'le="+Inf"', 'le="x"', 'quantile="0.5"', '__name__="a"', '=""', "_total", "_bucket", "_sum", "_count", "_created",
         "_info", "# EOF\n", "# TYPE a gauge\n", "# HELP a x\n", "# TYPE h_sum gauge\n", "# UNIT a s\n", " # {} 1", "untyped", "unknown", "info", "1e999",
         "9223372036854775807", '{"a"}']


def change(rng, page, others):
    """One to four changes: a word put in or over something, a character or line taken out, lines doubled, swapped or brought from other pages."""
    for _ in range(rng.choice([1, 1, 1, 1, 2, 3, 4])):
        lines, at = page.split("\n"), rng.randrange(len(page) + 1)
        a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
        kind = rng.randrange(8)
        if kind < 2:
            page = page[:at] + rng.choice(WORDS) + page[at + kind:]
        elif kind < 4:
            page = page[:at] + page[at + 1:]
        else:
            if kind == 4:
                lines.insert(b, lines[a])
            elif kind == 5:
                del lines[a]
            elif kind == 6:
                lines[a], lines[b] = lines[b], lines[a]
            else:
                lines[a] = rng.choice(rng.choice(others).split("\n"))
            page = "\n".join(lines)
    return page


def cases():
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(folder, "*", "test.json"))):
            with open(path) as verdict, open(os.path.join(os.path.dirname(path), "metrics"), "rb") as page:
                yield os.path.basename(os.path.dirname(path)), json.load(verdict), page.read()


class Cases(unittest.TestCase):
    def test_every_case_gets_its_verdict_and_bad_ones_their_place(self):
        right = collections.Counter()
        for name, verdict, page in cases():
            with self.subTest(case=name):
                status, said = lint(page, "--format=openmetrics")
                self.assertEqual(status, 0 if verdict["shouldParse"] else 1, said)
                if status:
                    self.assertRegex(said, r"(?m)^<stdin>:\d+:\d+: error: .+$")
                right["good" if verdict["shouldParse"] else "bad"] += 1
        print(f"\n{right['good']} good pages taken, {right['bad']} bad ones refused, of {len(list(cases()))}")
        self.assertGreater(right.total(), 60)

    def test_the_python_client_gives_the_same_verdicts_but_where_the_case_says_so(self):
        for name, verdict, page in cases():
            with self.subTest(case=name):
                try:
                    good = bool(list(client.text_string_to_metric_families(page.decode())) or True)
                except ValueError:
                    good = False
                self.assertEqual(good, verdict["shouldParse"] or "pythonParser" in verdict)


class Differences(unittest.TestCase):
    def compare(self, pages, ours, theirs):
        both, wrong = collections.Counter(), []
        for page, said, good in zip(pages, ours, theirs):
            both["good" if said.startswith("good") else "bad"] += 1
            if said.startswith("good") != good:
                wrong.append(f"ours: {said}; theirs: {'good' if good else 'bad'}\n{page}")
        print(f"\n{len(pages)} pages: {dict(both)}, {len(wrong)} differences")
        if wrong:
            self.fail(f"{len(wrong)} differences; the first:\n" + "\n".join(wrong[:3]))
        self.assertGreater(min(both["good"], both["bad"]), len(pages) / 50)

    def test_openmetrics_is_judged_as_the_python_client_and_the_grammar_judge_it(self):
        rng = random.Random(SEED)
        others = [OPENMETRICS_PAGE] + [page.decode() for _, _, page in cases() if b"\xff" not in page]
        bases = others + [OPENMETRICS_PAGE] * len(others)
        pages = [change(rng, rng.choice(bases), others) for _ in range(OPENMETRICS_PAGES)]
        ours = read("openmetrics", [page.encode() for page in pages])
        self.compare(pages, ours, map(openmetrics_verdict, pages))

    def test_text_is_judged_as_promtool_and_the_description_judge_it(self):
        rng = random.Random(SEED)
        pages = [change(rng, TEXT_PAGE, [TEXT_PAGE]).encode() for _ in range(TEXT_PAGES)]
        ours = read("strict", pages)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.compare(pages, ours, pool.map(text_verdict, pages))

    def test_what_prometheus_scrapes_is_read_and_what_it_refuses_is_refused(self):
        """But for three: Debian's Prometheus takes blanks before a name into it, a value over several lines, and a NUL for the end."""
        rng = random.Random(SEED)
        base = re.sub(r"(?m)^[ \t]+", "", TEXT_PAGE)
        pages = [page.encode() for page in (change(rng, base, [base]) for _ in range(SCRAPED_PAGES)) if not re.search(r"(?m)^[ \t]+[^ \t#\n]|\0", page)]
        ours = read("text", pages)
        theirs = [up and "has no closing quote on its line" not in said for up, said in zip(scraped(pages), ours)]
        self.compare(pages, ours, theirs)

    def test_what_prometheus_scrapes_as_openmetrics_is_read(self):
        """But for labels that stand twice, and a NUL."""
        rng = random.Random(SEED)
        pages = [page.encode() for page in (change(rng, OPENMETRICS_PAGE, [OPENMETRICS_PAGE]) for _ in range(SCRAPED_PAGES)) if "\0" not in page]
        ours = read("lax", pages)
        up = scraped(pages, "application/openmetrics-text; version=1.0.0")
        lost = [f"{said}\n{page.decode()}" for page, said, taken in zip(pages, ours, up) if taken and said.startswith("bad") and "stands twice in one set" not in said]
        self.assertEqual(lost, [])
        self.assertGreater(min(up.count(True), up.count(False)), len(pages) / 50)


def scraped(pages, content_type="text/plain; version=0.0.4"):
    """Whether a real Prometheus takes each page."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                     "--web.listen-address=127.0.0.1:{port}", "--log.level=error"])
    targets = [{"targets": [f"127.0.0.1:{server.server_port}"], "labels": {"__metrics_path__": f"/{i}", "page": str(i)}} for i in range(len(pages))]
    scrape = {"job_name": "pages", "scrape_interval": "8s", "scrape_timeout": "5s", "static_configs": targets}
    (program.folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
    with program:
        wait_for("a scrape of every page", lambda: len(query(program, "up")) == len(pages))
        up = {int(dict(labels)["page"]): value == 1 for labels, value in query(program, "up").items()}
    server.shutdown()
    server.server_close()
    return [up[i] for i in range(len(pages))]


class Findings(unittest.TestCase):
    """The warnings are those of promtool, name by name."""

    def page(self, rng):
        lines = []
        words = ["http", "Requests", "queueSize", "s", "ms", "MB", "h", "b", "counter", "gauge", "histogram", "summary", "gauge_histogram", "ns", "pool:used", "x1"]
        units = ["", "", "bytes", "seconds", "milliseconds", "kilobytes", "minutes", "bits", "thermometers", "fahrenheit", "kelvins", "kibibytes", "Seconds"]
        endings = ["", "", "_total", "_sum", "_count", "_bucket", "_total_sum"]
        for i in range(40):
            parts = [rng.choice(words), rng.choice(units), rng.choice(words), f"n{i}"]
            rng.shuffle(parts)
            name = "_".join(p for p in parts if p) + rng.choice(endings)
            kind = rng.choice(["counter", "gauge", "untyped", "histogram", "summary", None])
            if rng.random() < 0.6:
                lines.append(f"# HELP {name} {rng.choice(['x', '', ' ', 'Some words.'])}")
            if kind:
                lines.append(f"# TYPE {name} {kind}")
            if rng.random() < 0.9:
                labels = [l + '="1"' for l in rng.sample(["le", "quantile", "a", "aB", "Ab", "b_c"], rng.randrange(3))]
                suffix = rng.choice(["", "_sum", "_count"]) if kind in ("histogram", "summary") else ""
                lines.append(f"{name}{suffix}{{{','.join(labels)}}} 1")
        return ("\n".join(lines) + "\n").encode()

    def test_findings_are_those_of_promtool(self):
        rng, kinds = random.Random(SEED), collections.Counter()
        for _ in range(40):
            page = self.page(rng)
            (status, said), (their_status, theirs) = lint(page), promtool(page)
            self.assertIn(their_status, (0, 3), page.decode())
            self.assertEqual(status, 0, said)
            self.assertEqual(set(WARNING.findall(said)), theirs, page.decode())
            kinds.update(re.sub(r"'\w+'|\"\w+\"", "…", finding) for _, finding in theirs)
        print("\n" + "\n".join(f"{n:5} {kind}" for kind, n in kinds.most_common()))
        self.assertGreaterEqual(len(kinds), 12)

    def test_openmetrics_has_the_same_findings_on_its_own_names(self):
        page = b"# TYPE aB_milliseconds counter\naB_milliseconds_total 1\n# TYPE x_total gauge\nx_total{le=\"1\"} 1\n# EOF\n"
        status, said = lint(page)
        self.assertEqual((status, set(WARNING.findall(said))), (0, {
            ("aB_milliseconds_total", "no help text"), ("x_total", "no help text"),
            ("aB_milliseconds_total", 'use base unit "seconds" instead of "milliseconds"'),
            ("aB_milliseconds_total", "metric names should be written in 'snake_case' not 'camelCase'"),
            ("x_total", 'non-counter metrics should not have "_total" suffix'), ("x_total", 'non-histogram metrics should not have "le" label')}))


class Files(unittest.TestCase):
    def run_on(self, *words, **options):
        done = subprocess.run([SONDE, "metrics", "lint", *words], capture_output=True, text=True, **options)
        return done.returncode, done.stdout + done.stderr

    def test_what_is_no_page_is_said_in_a_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            empty, packed = os.path.join(folder, "empty"), os.path.join(folder, "page.gz")
            open(empty, "w").close()
            subprocess.run(["sh", "-c", f"echo a 1 | gzip >{packed}"], check=True)
            for path, part in ((folder, "Is a directory"), (folder + "/none", "No such file"), (SONDE, "binary"), (packed, "gzip"), (empty, "empty"),
                               ("/dev/zero", "64 MiB")):
                with self.subTest(path=path):
                    status, said = self.run_on(path)
                    self.assertEqual(status, 1)
                    self.assertTrue(said.startswith(path + ": error: ") and part in said, said)

    def test_a_pipe_without_end_ends(self):
        with subprocess.Popen(["yes", "a 1"], stdout=subprocess.PIPE) as endless:
            status, said = self.run_on(stdin=endless.stdout)
            endless.stdout.close()
            endless.terminate()
        self.assertEqual((status, said.count("\n")), (1, 1))

    def test_the_last_line_tells_the_format(self):
        page = "# TYPE a counter\n# HELP a b.\na_total 1\n"
        self.assertIn("good text", self.run_on("-", input=page)[1])
        self.assertIn("good OpenMetrics", self.run_on(input=page + "# EOF\n")[1])
        self.assertIn("good text", self.run_on("--format=text", input=page + "# EOF\n")[1])
        self.assertEqual(self.run_on("--format", "openmetrics", input=page)[0], 1)
        self.assertEqual(self.run_on("--format=json", input=page)[0], 2)

    def test_nothing_of_a_page_reaches_a_terminal_as_it_is(self):
        for control in "\x1b[", "\x9b":
            status, said = self.run_on(input=f"a {control}31mred\n")
            self.assertEqual(status, 1)
            self.assertNotIn(control, said)


if __name__ == "__main__":
    unittest.main()
