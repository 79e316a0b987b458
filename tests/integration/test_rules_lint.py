#!/usr/bin/python3
"""The published alerts in a running sonde: all are evaluated, what is doubtful about them is in the log once a load; what a scrape brought is known at a reload."""
import http.server
import json
import re
import threading
import unittest

from stack import ROOT, Postgres, Redis, Sonde, wait_for

PUBLISHED = ROOT / "tests/fixtures/rules/published.yml"
NEVER = {"PostgresqlTableNotAutoVacuumed", "PostgresqlTableNotAutoAnalyzed", "PostgresqlUnusedReplicationSlot", "PostgresqlTooManyLocksAcquired",
         "HostKernelVersionDeviations", "PostgresTablesNotVaccumed"}
PAGE = b'# TYPE app_jobs gauge\napp_jobs{queue="a"} 5\n# TYPE app_limit gauge\napp_limit 1\n'


class Page(http.server.BaseHTTPRequestHandler):
    ready = threading.Event()

    def do_GET(self):
        self.send_response(200 if self.ready.is_set() else 503)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def answer(sonde, path):
    return json.loads(sonde.get(path).body)["data"]


def rules(sonde):
    return [rule for group in answer(sonde, "/api/v1/rules")["groups"] for rule in group["rules"]]


class Lint(unittest.TestCase):
    def test_all_published_alerts_are_evaluated_and_the_doubtful_ones_told(self):
        targets = [{"name": "here", "host": {}}]
        with Postgres() as postgres, Redis() as redis:
            targets += [{"name": "main", "postgres": postgres.dsn()}, {"name": "cache", "redis": redis.url()}]
            with Sonde(targets=targets, rules=[str(PUBLISHED)]) as sonde:
                for target in ("here", "main", "cache"):
                    sonde.wait_up(target)
                sonde.wait_log("HostSoftwareRaidDiskFailure of the group .* has matched no series in 10 evaluations")
                known = wait_for("every rule to be evaluated", lambda: (r := rules(sonde)) and all(x["health"] != "unknown" for x in r) and r)
                self.assertEqual(len(known), 114)
                self.assertEqual([(r["name"], r["lastError"]) for r in known if r["health"] == "err" or r.get("lastError")], [])
                self.assertEqual(set(re.findall(r"(\w+): can never fire", sonde.log_text())), NEVER)
                self.assertEqual(sonde.log_text().count("can never fire"), len(NEVER))
                self.assertEqual(len(re.findall(r"RedisDown of the group .* has matched no series", sonde.log_text())), 0)
                sonde.reload()
                wait_for("the same findings after a reload", lambda: sonde.log_text().count("can never fire") == 2 * len(NEVER))
                told = re.findall(r"the rule (\S+) of the group \S+ has matched no series", sonde.log_text())
                self.assertEqual(told.count("HostSoftwareRaidDiskFailure"), 1)

    def test_what_a_scrape_brought_is_known_at_a_reload(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        with Sonde(targets=[]) as sonde:
            file = sonde.folder / "rules.yml"
            file.write_text("groups: [{name: g, rules: [{alert: A, expr: app_jobs > app_limit}]}]")
            sonde.stop()
            sonde.configure([{"name": "app", "metrics": f"http://127.0.0.1:{server.server_port}/metrics"}], rules=[str(file)])
            sonde.start()
            sonde.wait_log("msg=\"1 rule, ")  # it was linted before any scrape
            Page.ready.set()
            sonde.wait_up("app")
            wait_for("the rule to look at series", lambda: rules(sonde)[0]["health"] == "ok")
            self.assertNotIn("never match", sonde.log_text())
            wait_for("series of the application", lambda: answer(sonde, "/api/v1/query?query=app_jobs")["result"])
            sonde.reload()
            sonde.wait_log("A: can never fire: the two sides of > never match: only the left has queue; write")


if __name__ == "__main__":
    unittest.main()
