"""Metrics of applications: what sonde has of a real Node application, HAProxy and node_exporter is what a real Prometheus that scrapes the same has."""
import http.server
import json
import math
import re
import threading
import unittest
import urllib.parse

from stack import Program, Sonde, fetch, free_port, need, node_folder, parse, wait_for

HAPROXY = """
global
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:{web}
  default_backend app
backend app
  server node 127.0.0.1:{app}
frontend stats
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter if {{ path /metrics }}
"""
RULES = """
groups:
  - name: app
    rules:
      - {alert: Errors, expr: 'sum by (job, status) (http_requests_total{status=~"5.."}) >= 3', labels: {severity: critical}}
      - {alert: PoolNearlyFull, expr: 'app_pool{state="active"} / ignoring (state) app_pool{state="total"} > 0.9'}
      - {alert: Slow, expr: 'histogram_quantile(0.95, sum by (job, le) (http_request_duration_seconds_bucket)) > 1'}
"""


class Application(Program):
    def __init__(self):
        super().__init__("app", ["node", str(node_folder("scrape", "app.js") / "app.js"), "{port}"])

    def hit(self, status, times):
        for _ in range(times):
            self.get(f"/hit?status={status}")


class Haproxy(Program):
    def __init__(self, app):
        super().__init__("haproxy", ["haproxy", "-f", "{folder}/haproxy.cfg", "-db"])
        self.web = free_port()
        (self.folder / "haproxy.cfg").write_text(HAPROXY.format(web=self.web, app=app.port, port=self.port))

    def command(self):
        return [need("haproxy", "/usr/sbin/haproxy"), *self.line[1:]]


def prometheus(jobs):
    program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                     "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
    scrapes = [{"job_name": name, "metrics_path": path, "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"target": name}}]}
               for name, (port, path) in jobs.items()]
    (program.folder / "prometheus.yml").write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": scrapes}))
    return program


def query(server, expression):
    """{((label, value), …): value}"""
    answer = json.loads(server.get("/api/v1/query?query=" + urllib.parse.quote(expression)).body)
    assert answer["status"] == "success", answer
    return {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in answer["data"]["result"]}


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


class Beside(unittest.TestCase):
    """All of them at once, scraped by both."""

    @classmethod
    def setUpClass(cls):
        cls.app = cls.enter(Application())
        cls.haproxy = cls.enter(Haproxy(cls.app))
        cls.node = cls.enter(Program("node_exporter", ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:{port}"]))
        for status, times in (("200", 20), ("404", 2), ("500", 3)):
            cls.app.hit(status, times)
        for _ in range(5):
            fetch(cls.haproxy.web, "/hit?status=200")
        cls.jobs = {"app": (cls.app.port, "/metrics"), "app-om": (cls.app.port, "/openmetrics"), "balancer": (cls.haproxy.port, "/metrics"),
                    "machine": (cls.node.port, "/metrics")}
        targets = [{"name": name, "metrics": f"http://127.0.0.1:{port}{path}"} for name, (port, path) in cls.jobs.items()]
        rules = cls.app.folder / "rules.yml"
        rules.write_text(RULES)
        cls.sonde = cls.enter(Sonde(targets=targets, rules=[str(rules)]))
        cls.prometheus = cls.enter(prometheus(cls.jobs))
        for server in (cls.sonde, cls.prometheus):
            wait_for("three scrapes of each", lambda: len(query(server, 'count_over_time(up{job=~"app.*|balancer|machine"}[1h]) >= 3')) == 4)

    @classmethod
    def enter(cls, server):
        server.__enter__()
        cls.addClassCleanup(server.__exit__, None, None, None)
        return server

    def both(self, expression):
        return query(self.sonde, expression), query(self.prometheus, expression)

    def test_the_series_have_the_names_and_labels_that_prometheus_gives_them(self):
        for job in ("app", "app-om", "balancer"):
            ours, theirs = self.both(f'{{job="{job}",__name__!~"sonde_.*|ALERTS.*|nodejs_(active|gc)_.*"}}')
            self.assertEqual(set(ours) ^ set(theirs), set(), job)
            self.assertGreater(len(ours), 20)
        churns = "node_(netstat|network|sockstat|softnet|schedstat|cooling|disk|filesystem|thermal|udp|arp|tcp|nf|timex|go|scrape_collector)"
        ours, theirs = self.both(f'{{job="machine",__name__!~"sonde_.*|{churns}.*"}}')
        self.assertEqual(set(ours) ^ set(theirs), set())

    def test_the_values_are_those_that_prometheus_has(self):
        still = {"app": "http_.*|app_.*", "app-om": "http_.*|app_.*", "balancer": 'haproxy_(backend|server)_.*',
                 "machine": "node_uname_info|node_memory_MemTotal_bytes|node_boot_time_seconds|node_cpu_info|node_exporter_build_info"}
        for job, names in still.items():
            matcher = '{job="%s",__name__=~"%s"}' % (job, names)
            if job == "balancer":
                matcher = '{job="balancer",proxy="app",__name__=~"%s",__name__!~".*_(seconds|time_.*|check.*)"}' % names
            ours, theirs = self.both(matcher)
            self.assertEqual(set(ours), set(theirs))
            self.assertGreater(len(ours), 3, job)
            self.assertEqual({k: (ours[k], theirs[k]) for k in ours if not same(ours[k], theirs[k])}, {})

    def test_labels_that_are_ours_give_way_as_in_prometheus(self):
        ours = query(self.sonde, 'app_odd{job="app",exported_instance="mine"}')
        [labels] = [dict(k) for k in ours]
        self.assertEqual(labels["text"], 'quote " backslash \\ newline \n umlaut ü')
        self.assertEqual((labels["instance"], labels["job"]), (f"127.0.0.1:{self.app.port}", "app"))
        answer = json.loads(self.sonde.get("/api/v1/series?match[]=" + urllib.parse.quote('app_odd{exported_target!=""}')).body)
        self.assertEqual({s["exported_target"] for s in answer["data"]}, {"mine too"})
        self.assertEqual(len(query(self.sonde, 'http_requests_total{job="app",exported_job="its own"}')), 3)

    def test_what_prometheus_adds_to_a_scrape_is_there(self):
        for name in ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
            ours, theirs = self.both(f'{name}{{job=~"app-om|balancer"}}')
            self.assertEqual(ours, theirs)
        ours, theirs = self.both('scrape_series_added{job="app-om"}')
        self.assertEqual((list(ours.values()), list(theirs.values())), ([0], [0]))
        self.assertTrue(all(v > 0 for v in query(self.sonde, "scrape_duration_seconds").values()))

    def test_rules_judge_what_is_hidden_from_our_pages(self):
        wait_for("the alerts", lambda: len(query(self.sonde, "ALERTS")) == 4)
        firing = {(dict(k)["alertname"], dict(k)["job"]) for k in query(self.sonde, 'ALERTS{alertstate="firing"}')}
        self.assertEqual(firing, {("Errors", "app"), ("Errors", "app-om"), ("PoolNearlyFull", "app"), ("PoolNearlyFull", "app-om")})
        self.assertNotIn("http_requests_total", self.sonde.text("/metrics") + self.sonde.text("/targets/app/metrics"))
        self.assertIn(("scrape_samples_scraped", ()), self.sonde.samples("/targets/app/metrics"))

    def test_exposed_it_is_the_page_of_the_application(self):
        apart = ("sonde_", "scrape_", "nodejs_active_", "nodejs_gc_")  # ours, and what prom-client shows only once or while it happens

        def names(page):
            return {k for k in parse(page) if not k[0].startswith(apart)}

        def types(page):
            return {t for t in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M) if not t[0].startswith(apart)}

        with Sonde(targets=[{"name": "app", "metrics": f"http://127.0.0.1:{self.app.port}/metrics", "expose": True}]) as sonde:
            sonde.wait_up("app")
            page = sonde.text("/targets/app/metrics")
            theirs = self.app.get("/metrics").body.decode()
            self.assertEqual(names(page), names(theirs))
            self.assertEqual(types(page), types(theirs))
            self.assertIn('http_requests_total{target="app",', sonde.text("/metrics"))


class Trouble(unittest.TestCase):
    def test_a_page_that_is_none_is_down_with_the_reason_and_comes_back(self):
        with Application() as app, Sonde(targets=[{"name": "app", "metrics": f"http://127.0.0.1:{app.port}/metrics"}]) as sonde:
            sonde.wait_up("app")
            app.get("/mode?is=html")
            sonde.wait_down("app")
            self.assertEqual(sonde.get("/targets/app/metrics").status, 503)
            health = sonde.get("/targets/app/health")
            self.assertEqual(health.status, 503)
            self.assertRegex(health.body.decode(), "answered text/html, which is no page of metrics: line 1, column 1: ")
            self.assertEqual(query(sonde, 'up{job="app"}').popitem()[1], 0)
            self.assertEqual(query(sonde, 'scrape_samples_scraped{job="app"}').popitem()[1], 0)
            self.assertEqual(query(sonde, 'http_requests_total{job="app"}'), {})
            app.get("/mode?is=ok")
            sonde.wait_up("app")
            self.assertEqual(sonde.get("/targets/app/metrics").status, 200)

    def test_logins_redirects_and_choices_are_as_configured(self):
        with Application() as app:
            app.hit("500", 1), app.hit("200", 1)
            base = f"http://127.0.0.1:{app.port}"
            token = app.folder / "token"
            token.write_text("sesame\n")
            targets = [
                {"name": "in", "metrics": base + "/secure", "bearer_file": str(token)},
                {"name": "out", "metrics": base + "/secure", "bearer": "wrong-token"},
                {"name": "moved", "metrics": base + "/moved"},
                {"name": "unmoved", "metrics": base + "/moved", "redirects": 0},
                {"name": "some", "metrics": base + "/metrics", "expose": True, "keep": ['http_requests_total{status=~"5.."}', "app_pool"],
                 "drop": ['{state="total"}']},
                {"name": "few", "metrics": base + "/metrics", "sample_limit": 10},
                {"name": "short", "metrics": base + "/metrics", "body_limit": "1KB"},
            ]
            with Sonde(targets=targets) as sonde:
                for name in ("in", "moved", "some"):
                    sonde.wait_up(name)
                for name, reason in (("out", "status 401"), ("unmoved", "status 302, not 200"), ("few", "more than 10 series, the sample_limit"),
                                     ("short", "more than 1 KB, the body_limit")):
                    sonde.wait_down(name)
                    self.assertIn(reason, sonde.get(f"/targets/{name}/health").body.decode())
                self.assertNotIn("wrong-token", sonde.log_text())
                page = {k for k in sonde.samples("/targets/some/metrics") if not k[0].startswith(("sonde_", "scrape_"))}
                self.assertEqual(page, {("http_requests_total", (("job", "its own"), ("path", "/hit"), ("status", "500"))),
                                        ("app_pool", (("state", "active"),))})

    def test_a_million_series_and_a_page_without_end_cost_one_target_alone(self):
        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                try:
                    if self.path == "/million":
                        for i in range(100):
                            self.wfile.write(b"".join(b'a{b="%d"} 1\n' % (i * 10000 + k) for k in range(10000)))
                    while self.path == "/endless":
                        self.wfile.write(b"# nothing but comments\n" * 1000)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        base = f"http://127.0.0.1:{server.server_port}"
        targets = [{"name": "million", "metrics": base + "/million"}, {"name": "endless", "metrics": base + "/endless"},
                   {"name": "empty", "metrics": base + "/empty"}]
        with Sonde(targets=targets, interval="3s") as sonde:
            sonde.wait_up("empty")
            for name, reason in (("million", "more than 20000 series"), ("endless", "the body_limit")):
                sonde.wait_down(name)
                self.assertIn(reason, sonde.get(f"/targets/{name}/health").body.decode())


if __name__ == "__main__":
    unittest.main()
