"""Every query of the dashboard in a real Prometheus that finds a loaded sonde by /sd: numbers come back, none is NaN, and what a load must move
moves."""
import json
import math
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from application import Application, certificate
from stack import ROOT, Postgres, Program, Redis, Sonde, need, wait_for

VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "10s"}  # as Grafana fills them in with All and a scrape a second

# What each of these panels sums up to at least doubles, or leaves 0.
MOVED_BY_LOAD = ["PostgreSQL: Connections used", "PostgreSQL: Transactions committed", "PostgreSQL: Statements by time", "PostgreSQL: Rows updated",
                 "PostgreSQL: Longest running statement", "Redis: Memory used", "Redis: Clients connected", "Redis: Clients blocked", "Redis: Commands",
                 "Redis: Time by command", "Redis: Network received", "Job queues: Jobs", "Job queues: Age of the oldest job",
                 "Job queues: Jobs added and finished added", "Job queues: Jobs added and finished finished", "Application: Requests that fail",
                 "Application: Duration of requests p95", "Application: Connection pools in use", "Targets: Alerts"]

CACHE = """for i = 1, 20 do
  redis.call('SET', 'page:' .. math.random(2000), string.rep('x', 4000))
  redis.call('GET', 'page:' .. math.random(4000))
end
redis.call('SET', 'session', 1, 'PX', 1)"""

# Adds two jobs and ends one, as BullMQ leaves them; one in five fails.
QUEUE = """local now = redis.call('TIME')[1] * 1000
redis.call('HSET', 'bull:mails:meta', 'version', 'bullmq:5.34.0', 'opts.maxLenEvents', '10000')
for i = 1, 2 do
  local id = redis.call('INCR', 'bull:mails:id')
  redis.call('HSET', 'bull:mails:' .. id, 'name', 'mail', 'data', '{}', 'opts', '{}', 'timestamp', now, 'delay', 0)
  redis.call('LPUSH', 'bull:mails:wait', id)
end
local id = redis.call('RPOP', 'bull:mails:wait')
redis.call('ZADD', id % 5 == 0 and 'bull:mails:failed' or 'bull:mails:completed', now, id)"""


def series_of(dashboard):
    """{"Row: Panel legend": expression}; of a legend, what is not a label."""
    found, row = {}, ""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        for target in panel.get("targets", []):
            words = [word for word in target["legendFormat"].split() if "{{" not in word]
            name = " ".join([f"{row}: {panel['title']}", *words])
            assert name not in found, f"two series are called {name}"
            found[name] = target["expr"]
    return found


def filled_in(expression):
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression.replace('"$1"', ""), expression  # a group of label_replace(), which Grafana leaves alone
    return expression


class Loaded:
    """Postgres with a standby, Redis with a queue, an application, something that is down, sonde, and a Prometheus that has the shipped rules."""

    def __enter__(self):
        self.clients = []
        self.postgres = Postgres(settings={"wal_level": "replica"}).start()
        self.standby = self.follow(self.postgres).start()
        self.redis = Redis("--maxmemory", "100mb").start()
        self.folder = tempfile.TemporaryDirectory(prefix="sonde-test-dashboard-")
        self.app, self.tls = Application(), Application(certificate(pathlib.Path(self.folder.name), 20))
        self.app.good = 1000
        self.sonde = Sonde(targets=[{"name": "web", "host": {}}, {"name": "shop", "postgres": self.postgres.dsn(), "parts": {"statements": {"every": "1s"}}},
                                    {"name": "standby", "postgres": self.standby.dsn()}, {"name": "cache", "redis": self.redis.url()},
                                    {"name": "gone", "redis": "redis://127.0.0.1:1"},
                                    {"name": "app", "instance": "app", "metrics": f"http://127.0.0.1:{self.app.port}/metrics", "expose": True},
                                    {"name": "health", "instance": "health", "http": f"http://127.0.0.1:{self.app.port}/health", "json": {"values": "$.pool.*"}},
                                    {"name": "tls", "instance": "tls", "http": f"https://127.0.0.1:{self.tls.port}/", "insecure_skip_verify": True}]).start()
        for target in ("web", "shop", "standby", "cache", "app", "health", "tls"):
            self.sonde.wait_up(target)
        self.prometheus = self.scrape().start()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.kill()
            client.wait()
        for server in (self.prometheus, self.sonde, self.redis, self.standby, self.postgres):
            server.close()
        for server in (self.app, self.tls):
            server.shutdown()
            server.server_close()
        self.folder.cleanup()

    @staticmethod
    def follow(primary):
        copy = Postgres()
        if os.geteuid() == 0:
            shutil.chown(copy.folder, copy.user, copy.user)
        subprocess.run(copy.as_user([str(primary.bin / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D", str(copy.data),
                                     "-R", "-c", "fast", "--no-sync"]), check=True, cwd=copy.folder)
        with open(copy.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {copy.port}\nunix_socket_directories = '{copy.folder}'\n")
        return copy

    def scrape(self):
        program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                         "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
        (program.folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{ROOT}/alerts/web-stack.yml", "{ROOT}/alerts/web-app.yml"]
scrape_configs:
  - job_name: sonde
    http_sd_configs: [{{url: "http://127.0.0.1:{self.sonde.port}/sd", refresh_interval: 1s}}]
""")
        return program

    def client(self, *command):
        self.clients.append(subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL))

    def load(self):
        bench = [self.postgres.bin / "pgbench", "-h", "127.0.0.1", "-p", self.postgres.port, "-U", "postgres"]
        cli = [need("redis-cli"), "-s", self.redis.socket]
        subprocess.run([str(word) for word in [*bench, "-i", "-q", "-s", "1", "postgres"]], check=True, capture_output=True)
        self.client(*bench, "-c", "5", "-R", "200", "-T", "600", "postgres")
        self.client(self.postgres.bin / "psql", "-X", "-h", "127.0.0.1", "-p", self.postgres.port, "-U", "postgres", "-c", "SELECT pg_sleep(600)")
        self.client(*cli, "-r", "100000", "-i", "0.05", "EVAL", CACHE, "0")
        self.client(*cli, "-r", "100000", "-i", "0.1", "EVAL", QUEUE, "0")
        for _ in range(4):
            self.client(*cli, "BLPOP", "nothing", "0")
        self.app.broken = True

    def ask(self, expression):
        """The values of an instant query."""
        answer = json.loads(self.prometheus.get("/api/v1/query?query=" + urllib.parse.quote(filled_in(expression))).body)
        assert answer["status"] == "success", f"{expression}: {answer}"
        return [float(result["value"][1]) for result in answer["data"]["result"]]

    def variable(self, definition):
        """What label_values(selector, label) offers."""
        selector, label = definition.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        query = urllib.parse.urlencode({"match[]": filled_in(selector)})
        return json.loads(self.prometheus.get(f"/api/v1/label/{label}/values?{query}").body)["data"]


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dashboard = json.loads((ROOT / "dashboards/overview.json").read_text())
        cls.series = series_of(cls.dashboard)
        cls.stack = cls.enterClassContext(Loaded())
        wait_for("all targets in Prometheus", lambda: len(cls.stack.ask("up == 1")) == 9 and cls.stack.ask("pg_stat_statements_calls_total"))
        before = {name: cls.total(name) for name in MOVED_BY_LOAD if name != "Targets: Alerts"}
        cls.before = {**before, "Targets: Alerts": 0}
        cls.stack.load()

    @classmethod
    def total(cls, name):
        return sum(value for value in cls.stack.ask(cls.series[name]) if not math.isnan(value))

    def test_every_query_gives_numbers(self):
        for name, expression in self.series.items():
            with self.subTest(series=name):
                values = wait_for(f"{name}: {filled_in(expression)}", lambda: self.stack.ask(expression), patience=30)
                self.assertFalse([value for value in values if not math.isfinite(value)])

    def test_load_moves_what_it_must(self):
        for name, before in self.before.items():
            with self.subTest(series=name):
                wait_for(f"{name} to rise from {before}", lambda: self.total(name) > 2 * before, patience=60)
        self.assertEqual({client.args[0]: client.poll() for client in self.stack.clients if client.poll() is not None}, {}, "load that ended")

    def test_the_variables_offer_what_is_watched(self):
        variables = {v["name"]: v for v in self.dashboard["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        self.assertEqual(self.stack.variable(variables["job"]["definition"]), ["app", "blackbox", "node", "postgres", "redis"])
        self.assertEqual(self.stack.variable(variables["instance"]["definition"]), ["app", "cache", "gone", "health", "shop", "standby", "tls", "web"])

    def test_panels_have_a_place_a_unit_and_the_chosen_source(self):
        source, taken = {"type": "prometheus", "uid": "${datasource}"}, set()
        self.assertEqual(len({panel["id"] for panel in self.dashboard["panels"]}), len(self.dashboard["panels"]))
        for panel in self.dashboard["panels"]:
            with self.subTest(panel=panel["title"]):
                place = panel["gridPos"]
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & taken, "lies on another")
                taken |= cells
                self.assertLessEqual(place["x"] + place["w"], 24)
                if panel["type"] != "row":
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    self.assertEqual([panel["datasource"], *[t["datasource"] for t in panel["targets"]]], [source] * (1 + len(panel["targets"])))


if __name__ == "__main__":
    unittest.main()
