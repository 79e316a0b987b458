"""Every page in every state is one that Prometheus takes: a page with one bad line costs a user all its series."""
import re
import subprocess
import unittest

from prometheus_client.openmetrics import parser as openmetrics

from stack import SONDE, Postgres, Program, Redis, Sonde, fetch, need, parse, wait_for

OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
OURS = re.compile(r"^(sonde|queue)_")


def lint(text):
    """promtool's findings by metric. An unreadable page is an assertion error."""
    done = subprocess.run([need("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode in (0, 3), f"promtool cannot read the page: {done.stderr}"
    return set(re.findall(r"^(\S+) (.*)$", done.stderr, re.M))


def lint_with_sonde(page):
    """The same by `sonde metrics lint`, for both formats."""
    done = subprocess.run([SONDE, "metrics", "lint"], input=page, capture_output=True)
    assert done.returncode == 0, f"sonde metrics lint refuses the page: {done.stderr.decode()}"
    return set(re.findall(r"^<stdin>:\d+: warning: (\S+): (.*)$", done.stderr.decode(), re.M))


class Pages(unittest.TestCase):
    def check(self, sonde, path):
        """One page in both formats, by the strictest readers there are."""
        text = sonde.get(path, {"Accept": "text/plain;version=0.0.4"})
        strict = sonde.get(path, OPENMETRICS)
        self.assertEqual(text.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(strict.headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        body = strict.body.decode()
        families = list(openmetrics.text_string_to_metric_families(body))
        parse("".join(line + "\n" for line in body.splitlines() if not line.startswith("#")))
        for name, finding in lint(text.body.decode()):
            self.assertNotRegex(name, OURS, finding)
        if text.body:  # before the first publication there is nothing on it, which lint takes for a mistake
            self.assertEqual(lint_with_sonde(text.body), lint(text.body.decode()))
        lint_with_sonde(strict.body)
        return families

    def check_all(self, sonde, targets):
        for path in ["/metrics", *[f"/targets/{name}/metrics" for name in targets]]:
            with self.subTest(path=path):
                self.check(sonde, path)

    def test_a_scrape_in_the_first_second_is_valid(self):
        with Sonde(targets=[{"name": "h", "host": {}}, {"name": "db", "postgres": "postgres://127.0.0.1:1/x"}]) as sonde:
            self.check_all(sonde, ["h", "db", "sonde"])

    def test_pages_are_valid_with_targets_up_and_down_and_after_they_return(self):
        with Postgres() as pg, Redis() as redis:
            pg.psql("CREATE DATABASE \"sh\\o\"\"p\n<x>\"")
            redis.cli("set", "k", "v")
            targets = [{"name": "h", "host": {}}, {"name": "db", "postgres": pg.dsn()}, {"name": "eu/cache:1", "redis": redis.url()},
                       {"name": "nobody", "redis": "redis://127.0.0.1:1"}]
            names = [t["name"] for t in targets]
            with Sonde(targets=targets) as sonde:
                sonde.wait_up("db"), sonde.wait_up("eu/cache:1"), sonde.wait_down("nobody")
                self.check_all(sonde, names)
                redis.kill()
                sonde.wait_down("eu/cache:1")
                self.check_all(sonde, names)
                redis.start()
                sonde.wait_up("eu/cache:1")
                self.check_all(sonde, names)
                self.assertNotIn("redis_memory_used_bytes", sonde.text("/targets/nobody/metrics"))

    def test_the_linter_finds_no_more_than_in_the_exporters_pages(self):
        with Postgres() as pg, Redis() as redis:
            theirs = set()
            for program in (Program("pg", ["prometheus-postgres-exporter", "--web.listen-address=127.0.0.1:{port}"],
                                    environment={"DATA_SOURCE_NAME": pg.dsn() + "?sslmode=disable"}),
                            Program("redis", ["prometheus-redis-exporter", "--web.listen-address=127.0.0.1:{port}"], environment={"REDIS_ADDR": redis.url()}),
                            Program("node", ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:{port}"])):
                with program:
                    wait_for("the exporter's page", lambda p=program: p.get("/metrics").status == 200)
                    page = program.get("/metrics").body
                    theirs |= lint(page.decode())
                    self.assertEqual(lint_with_sonde(page), lint(page.decode()))
            with Sonde(targets=[{"name": "h", "host": {}}, {"name": "db", "postgres": pg.dsn()}, {"name": "cache", "redis": redis.url()}]) as sonde:
                sonde.wait_up("db"), sonde.wait_up("cache")
                # Findings on names that newer exporters have and Debian's do not are theirs too: the names are not ours to choose.
                ours = {(name, finding) for name, finding in lint(sonde.text()) if (name, finding) not in theirs}
                print(f"\n{len(ours)} findings on names of newer exporters: {sorted(name for name, _ in ours)}")
                self.assertFalse([pair for pair in ours if OURS.match(pair[0])])

    def test_gzip_is_the_same_page(self):
        import gzip
        with Sonde(targets=[{"name": "h", "host": {}}], interval="60s") as sonde:
            sonde.wait_up("h")
            plain = sonde.get("/targets/h/metrics", OPENMETRICS).body
            packed = sonde.get("/targets/h/metrics", {**OPENMETRICS, "Accept-Encoding": "gzip"})
            self.assertEqual(packed.headers["Content-Encoding"], "gzip")
            names = lambda page: {line.split(b"{")[0].split(b" ")[0] for line in page.splitlines()}
            self.assertEqual(names(gzip.decompress(packed.body)), names(plain))


if __name__ == "__main__":
    unittest.main()
