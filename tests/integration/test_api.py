"""The agent as a Prometheus data source: the API that Grafana and promtool ask, beside a real Prometheus; and sonde query."""
import concurrent.futures
import json
import subprocess
import time
import unittest
import urllib.parse

from stack import SONDE, Program, Sonde, fetch, need, wait_for

PROMTOOL = need("promtool", "/usr/bin/promtool")


def prometheus():
    program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                     "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
    (program.folder / "prometheus.yml").write_text("scrape_configs: []\n")
    return program


def ask(server, path, **parameters):
    answer = server.get(f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))
    return answer.status, json.loads(answer.body)


def promtool(sonde, *words):
    done = subprocess.run([PROMTOOL, "query", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sonde = Sonde(targets=[{"name": "web-1", "host": {}}]).__enter__()
        cls.addClassCleanup(cls.sonde.__exit__)
        cls.sonde.wait_up("web-1")
        wait_for("three points of a series", lambda: int(ask(cls.sonde, "query", query='count_over_time(up{job="node"}[1m])')[1]["data"]["result"][0]["value"][1]) > 2)
        cls.url = f"http://127.0.0.1:{cls.sonde.port}"

    def data(self, path, **parameters):
        status, answer = ask(self.sonde, path, **parameters)
        self.assertEqual((status, answer["status"]), (200, "success"), answer)
        return answer["data"]

    def test_promtool_reads_instants_ranges_series_and_labels(self):
        self.assertIn('up{instance="web-1", job="node", target="web-1"} => 1', promtool(self.sonde, "instant", self.url, 'up{job="node"}'))
        now = time.time()
        drawn = promtool(self.sonde, "range", f"--start={now - 60:.0f}", f"--end={now:.0f}", "--step=1s", self.url, 'up{job="node"}')
        self.assertIn("1 @[", drawn)
        self.assertIn('__name__="node_load1"', promtool(self.sonde, "series", '--match=node_load1', self.url))
        self.assertIn("node", promtool(self.sonde, "labels", self.url, "job"))

    def test_a_range_has_its_points_at_the_steps_asked_for(self):
        end = int(time.time())
        data = self.data("query_range", query='up{job="node"}', start=end - 30, end=end, step="5")
        self.assertEqual(data["resultType"], "matrix")
        for at, value in data["result"][0]["values"]:
            self.assertEqual((at - end) % 5, 0)
            self.assertEqual(value, "1")

    def test_labels_values_and_series_are_those_that_match(self):
        self.assertIn("mode", self.data("labels"))
        self.assertEqual(self.data("labels", **{"match[]": "node_load1"}), ["__name__", "instance", "job", "target"])
        self.assertIn("idle", self.data("label/mode/values"))
        self.assertEqual(self.data("label/job/values", **{"match[]": 'up{target="web-1"}'}), ["node"])
        self.assertEqual(self.data("series", **{"match[]": 'up{job="node"}'}), [{"__name__": "up", "instance": "web-1", "job": "node", "target": "web-1"}])
        self.assertEqual(len(self.data("label/__name__/values", limit=3)), 3)
        self.assertEqual(self.data("series", **{"match[]": "up", "start": 1, "end": 2}), [])

    def test_metadata_tells_type_and_help(self):
        self.assertEqual(self.data("metadata", metric="node_load1")["node_load1"][0]["type"], "gauge")
        self.assertEqual(self.data("metadata", metric="node_cpu_seconds_total")["node_cpu_seconds_total"][0]["type"], "counter")

    def test_rules_and_alerts_have_what_grafana_shows(self):
        groups = self.data("rules", type="alert")["groups"]
        rule = groups[0]["rules"][0]
        for key in ("state", "name", "query", "duration", "labels", "annotations", "alerts", "health", "evaluationTime", "lastEvaluation", "type"):
            self.assertIn(key, rule)
        self.assertEqual(self.data("rules", type="record")["groups"], [])
        self.assertEqual([r["name"] for g in self.data("rules", **{"rule_name[]": rule["name"]})["groups"] for r in g["rules"]], [rule["name"]])
        self.assertIsInstance(self.data("alerts")["alerts"], list)
        self.assertIn("version", self.data("status/buildinfo"))

    def test_a_long_expression_may_be_posted(self):
        expression = "vector(1)" + " + vector(1)" * 90 + "#" + "x" * 40000
        body = urllib.parse.urlencode({"query": expression, "time": "1234.5"})
        done = subprocess.run(["curl", "-s", "--data", "@-", f"{self.url}/api/v1/query"], input=body, capture_output=True, text=True, timeout=60)
        self.assertEqual(json.loads(done.stdout)["data"]["result"], [{"metric": {}, "value": [1234.5, "91"]}])

    def test_wrong_questions_fail_as_in_prometheus(self):
        questions = [("query", {}), ("query", {"query": "up["}), ("query", {"query": "up", "time": "noon"}), ("query", {"query": "1+1"}),
                     ("query", {"query": '"text"'}), ("query", {"query": "vector(1)"}), ("query", {"query": "vector(1)[2s:1s]"}),
                     ("query", {"query": "1", "time": "2026-11-21T08:00:00+02:00"}), ("query_range", {"query": "1", "start": 1, "end": 2}),
                     ("query_range", {"query": "1", "start": 9, "end": 2, "step": 1}), ("query_range", {"query": "1", "start": 1, "end": 2, "step": 0}),
                     ("query_range", {"query": "1", "start": 0, "end": 1e6, "step": 1}), ("query_range", {"query": "up[5m]", "start": 0, "end": 1, "step": 1}),
                     ("query_range", {"query": "1", "start": 0, "end": 10, "step": "5s"}), ("series", {}), ("series", {"match[]": "up["}),
                     ("series", {"match[]": "{}"}), ("labels", {"match[]": "rate(up[1m])"}), ("rules", {"type": "x"})]
        with prometheus() as real:
            for path, parameters in questions:
                theirs, ours = ask(real, path, **parameters), ask(self.sonde, path, **parameters)
                with self.subTest(path=path, parameters=parameters):
                    self.assertEqual((ours[0], ours[1]["status"], ours[1].get("errorType")), (theirs[0], theirs[1]["status"], theirs[1].get("errorType")), ours)
                    if "data" in theirs[1] and path == "query":
                        self.assertEqual(ours[1]["data"]["resultType"], theirs[1]["data"]["resultType"])

    def test_a_query_that_never_ends_is_stopped_and_holds_up_neither_metrics_nor_rules(self):
        heavy = "sum(sum_over_time(count_over_time({__name__=~\".+\"}[1m])[1d:1s]))"
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, self.sonde, "query", query=heavy)
            pages = 0
            while not answer.done():
                self.assertEqual(self.sonde.get("/metrics").status, 200)
                pages += 1
            status, body = answer.result()
        self.assertGreater(pages, 3)
        self.assertIn(status, (200, 503), body)

    def test_too_much_is_refused_with_a_sentence(self):
        deep = "(" * 1000 + "1" + ")" * 1000
        for expression, sentence in ((deep, "deep"), ("up + " * 20000 + "up", "the most is 65536")):
            body = urllib.parse.urlencode({"query": expression})
            done = subprocess.run(["curl", "-s", "--data", "@-", f"{self.url}/api/v1/query"], input=body, capture_output=True, text=True, timeout=60)
            self.assertIn(sentence, json.loads(done.stdout)["error"])

    def test_the_agent_ends_at_once_while_a_query_runs(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde, concurrent.futures.ThreadPoolExecutor(1) as pool:
            sonde.wait_up("web-1")
            pool.submit(fetch, sonde.port, "/api/v1/query?query=" + urllib.parse.quote("sum_over_time(vector(1)[100d:1ms])"))
            time.sleep(0.3)
            sonde.stop()
            self.assertEqual(sonde.process.returncode, 0)


class Command(unittest.TestCase):
    def query(self, sonde, *words):
        return subprocess.run([SONDE, "query", f"--config.file={sonde.folder}/sonde.yml", *words], capture_output=True, text=True, timeout=60)

    def test_an_expression_is_answered_as_a_table_a_graph_and_json(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.wait_up("web-1")
            done = self.query(sonde, 'up{job="node"}')
            self.assertEqual(done.stdout, 'up{instance="web-1",job="node",target="web-1"}  1\n', done.stderr)
            graph = self.query(sonde, "--range=1m", 'up{job="node"}').stdout
            self.assertIn("┤", graph)
            self.assertIn("min 1  mean 1  max 1  last 1", graph)
            self.assertEqual(json.loads(self.query(sonde, "--format=json", "1+1").stdout)["data"]["result"][1], "2")
            wait_for("two points", lambda: "might not be a counter" in self.query(sonde, "rate(node_load1[1m])").stderr)
            wrong = self.query(sonde, "up[")
            self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
            self.assertIn("1:4", wrong.stderr)

    def test_without_an_agent_it_says_how_to_get_one(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.stop()
            done = self.query(sonde, "up")
            self.assertEqual(done.returncode, 1)
            self.assertIn("start one with sonde run", done.stderr)


if __name__ == "__main__":
    unittest.main()
