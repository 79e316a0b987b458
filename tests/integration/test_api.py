"""The agent as a Prometheus data source: the API that Grafana and promtool ask, beside a real Prometheus; and sonde query."""
import concurrent.futures
import json
import os
import pathlib
import socket
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


HEAVY = "sum(sum_over_time(count_over_time({__name__=~\".+\"}[1m])[1d:1s]))"
ENDLESS = f"sum_over_time(({' + '.join(['sum(vector(1))'] * 90)})[9d:1s])"  # until its CPU is used up, on an agent with no past, too


def dial(sonde, query):
    """A connection on which a query has been asked, and whose answer nobody has read yet."""
    s = socket.create_connection(("127.0.0.1", sonde.port), timeout=120)
    s.sendall(f"GET /api/v1/query?query={urllib.parse.quote(query)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return s


def curl(url, *words, **popen):
    done = subprocess.run(["curl", "-s", "-g", "-i", *words, url], capture_output=True, timeout=60, **popen)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


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

    def setUp(self):
        """Questions are answered in order: when this one is, none waits that another test has left behind."""
        wait_for("the queries of the last test to be over", lambda: ask(self.sonde, "query", query="1")[0] == 200)

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
            wait_for("Prometheus", lambda: fetch(real.port, "/-/ready").status == 200)
            for path, parameters in questions:
                theirs, ours = ask(real, path, **parameters), ask(self.sonde, path, **parameters)
                with self.subTest(path=path, parameters=parameters):
                    self.assertEqual((ours[0], ours[1]["status"], ours[1].get("errorType")), (theirs[0], theirs[1]["status"], theirs[1].get("errorType")), ours)
                    if "data" in theirs[1] and path == "query":
                        self.assertEqual(ours[1]["data"]["resultType"], theirs[1]["data"]["resultType"])

    def test_the_same_requests_get_the_same_answers_as_from_prometheus(self):
        shapes = [("-X", "POST", "/query?query=1", "--data", "query=2&time=3"), ("--data-urlencode", "query=vector(3)", "-d", "time=1.5", "/query"),
                  ("-G", "-d", "query=1", "-d", "query=2", "-d", "time=4", "/query"), ("/query?query=%22%5Cxff%C3%A4%0A%22",),
                  ("/query?query=1&timeout=1m",), ("/query?query=1&timeout=soon",), ("/query?query=1&time=1e300x",),
                  ("/query_range?query=1&start=0&end=10&step=1e-9",), ("/query_range?query=1&start=0&end=10&step=-1",),
                  ("/query_range?query=vector(7)&start=10&end=10&step=1y",), ("/query_range?query=vector(1)&start=1&end=3&step=0.7",),
                  ("/query_range?query=1&start=2026-01-01T00:00:00Z&end=2026-01-01T00:00:20Z&step=10",),
                  ("/query?query=1&time=2199-12-31T23:59:59Z",), ("/query?query=1&time=1969-12-31T23:59:58.5Z",),
                  ("/query_exemplars?query=up&start=1&end=2",), ("/labels?start=9&end=1",), ("/label/job/values?match[]=up[",), ("/nothing",),
                  ("/series?match%5B%5D=up%7Ba%3D%22%FF%22%7D&start=1&end=2",), ("/query?query=label_replace(vector(1),%22a%22,%22%5C%22%C3%A4%5C%5C%22,%22%22,%22%22)&time=9",),
                  ("-X", "DELETE", "/query?query=1"), ("/query?query=Inf*0&time=1",), ("/query?query=-1e-7&time=1",), ("/query?query=1e15&time=1.0004",)]
        with prometheus() as real:
            wait_for("Prometheus", lambda: fetch(real.port, "/-/ready").status == 200)
            for shape in shapes:
                path, words = next(w for w in shape if w[0] == "/"), [w for w in shape if w[0] != "/"]
                theirs, ours = (curl(f"http://127.0.0.1:{server.port}/api/v1{path}", *words) for server in (real, self.sonde))
                with self.subTest(path=path, words=words):
                    self.assertEqual(ours[0], theirs[0], (ours, theirs))
                    if theirs[0] == 200:
                        mine, other = json.loads(ours[2]), json.loads(theirs[2])
                        if "time=" not in path + "".join(words) and path.startswith("/query?"):
                            mine["data"]["result"][0] = other["data"]["result"][0] = 0  # now
                        self.assertEqual(mine["data"], other["data"])

    def test_all_that_grafana_asks_a_prometheus_succeeds(self):
        """The calls of its data source and of its lists of rules, with what each must be for the editor, variables and Explore to work."""
        now = time.time()
        window = f"start={now - 3600:.0f}&end={now:.0f}"
        everything = urllib.parse.quote('{__name__!=""}')
        calls = [("POST", "query", "query=1%2B1&time=4", dict), ("GET", "status/buildinfo", "", dict), ("POST", "status/buildinfo", "", dict),
                 ("POST", "query_range", f"query=up&{window}&step=15", dict), ("POST", "labels", f"limit=40000&{window}", list),
                 ("POST", "labels", f"limit=40000&{window}&match%5B%5D=up", list), ("GET", "labels", f"{window}&match[]=up", list),
                 ("GET", "label/__name__/values", f"limit=40000&{window}", list), ("GET", "label/instance/values", f"{window}&match[]=up", list),
                 ("GET", "label/U__a_2d_b/values", window, list), ("POST", "series", f"limit=40000&{window}&match%5B%5D={everything}", list),
                 ("GET", "metadata", "", dict), ("GET", "metadata", "metric=&limit=5", dict), ("GET", "rules", "", dict), ("GET", "alerts", "", dict),
                 ("GET", "rules", "exclude_alerts=true&group_limit=40&rule_group[]=none", dict),
                 ("POST", "query_exemplars", f"query=test&start={now * 1000 - 1800000:.0f}&end={now * 1000:.0f}", list)]
        for method, path, form, kind in calls:
            url = f"{self.url}/api/v1/{path}"
            with self.subTest(method=method, path=path, form=form):
                status, head, body = curl(url, "-d", form) if method == "POST" else curl(f"{url}?{form}")
                answer = json.loads(body)
                self.assertEqual((status, answer["status"]), (200, "success"), answer)
                self.assertIsInstance(answer["data"], kind)
                self.assertIn("Content-Type: application/json", head)
        self.assertEqual(len(self.data("metadata", metric="", limit=5)), 5)
        rules = [r for g in self.data("rules", exclude_alerts="true")["groups"] for r in g["rules"]]
        self.assertTrue(rules and all(r["alerts"] == [] for r in rules))

    def test_a_body_that_is_not_read_is_said_to_be_so(self):
        status, _, body = curl(f"{self.url}/api/v1/query", "-F", "query=1")
        self.assertEqual(status, 400)
        self.assertIn("application/x-www-form-urlencoded", json.loads(body)["error"])

    def test_a_method_that_is_not_served_is_told_which_are(self):
        for method in ("OPTIONS", "PUT"):
            status, head, _ = curl(f"{self.url}/api/v1/query?query=1", "-X", method)
            self.assertEqual(status, 405)
            self.assertIn("Allow: GET, HEAD, POST", head)

    def test_an_answer_comes_when_it_is_ready(self):
        """A hundred of them do so within a minute; each once came with the next deadline of another connection."""
        started = time.monotonic()
        for n in range(100):
            self.assertEqual(self.data("query", query=str(n))["result"][1], str(n))
        self.assertLess(time.monotonic() - started, 60)

    def test_clients_that_have_left_are_not_worked_for(self):
        for s in [dial(self.sonde, HEAVY) for _ in range(30)]:
            s.close()
        self.assertEqual(self.data("query", query="1+1")["result"][1], "2")

    def test_a_query_whose_client_leaves_is_given_up(self):
        """Who zooms in Grafana leaves the last query; it would use up its ten seconds of CPU, and all others wait for it."""
        def spent():
            for task in pathlib.Path(f"/proc/{self.sonde.process.pid}/task").iterdir():
                name, _, rest = (task / "stat").read_text().rpartition(")")
                if name.endswith("(query"):
                    return sum(map(int, rest.split()[11:13])) / os.sysconf("SC_CLK_TCK")
        before, s = spent(), dial(self.sonde, ENDLESS)
        wait_for("the query to be under way", lambda: spent() > before + 0.05)
        s.close()
        self.assertEqual(self.data("query", query="1+1")["result"][1], "2")
        self.assertLess(spent() - before, 5)

    def test_who_asks_too_much_at_once_is_told_so_and_is_still_scraped(self):
        asked = [dial(self.sonde, HEAVY)] + [dial(self.sonde, "1") for _ in range(59)]
        self.assertEqual(self.sonde.get("/metrics").status, 200)
        answers = [s.makefile("rb").read() for s in asked]
        for s in asked:
            s.close()
        for answer in answers:
            self.assertIn(answer.split()[1], (b"200", b"503"), answer)
            self.assertIn(json.loads(answer.partition(b"\r\n\r\n")[2])["status"], ("success", "error"))

    def test_two_hundred_queries_at_once_leave_an_agent_that_answers(self):
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            def one(n):
                try:
                    return ask(self.sonde, "query", query=f"{n}")[0]
                except OSError:
                    return 0  # no room for another connection of this address
            seen = set(pool.map(one, range(200)))
        self.assertIn(200, seen)
        self.assertLessEqual(seen, {0, 200, 503})
        self.assertEqual(self.data("query", query="1+1")["result"][1], "2")

    def test_answers_that_nobody_fetches_do_not_fill_the_memory(self):
        large = "label_replace(vector(1), \"a\", \"" + "x" * 1000 + "\", \"\", \"\")"
        form = urllib.parse.urlencode({"query": f"{{__name__=~\".+\"}} or {large}", "start": time.time() - 20, "end": time.time(), "step": "0.01"})
        asked = []
        for _ in range(50):
            s = socket.create_connection(("127.0.0.1", self.sonde.port), timeout=120)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(f"GET /api/v1/query_range?{form} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            asked.append(s)
        wait_for("an answer to the first", lambda: asked[0].recv(1))
        self.assertEqual(self.sonde.get("/metrics").status, 200)
        for s in asked:
            s.close()
        self.assertEqual(self.data("query", query="1+1")["result"][1], "2")

    def test_a_query_that_never_ends_is_stopped_and_holds_up_neither_metrics_nor_rules(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, self.sonde, "query", query=ENDLESS, timeout="3")
            pages = 0
            while not answer.done():
                self.assertEqual(self.sonde.get("/metrics").status, 200)
                pages += 1
            status, body = answer.result()
        self.assertGreater(pages, 3)
        self.assertEqual((status, body["errorType"]), (503, "timeout"), body)

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
            hostile = self.query(sonde, r'label_replace(vector(1), "x", "\x1b[31mred", "", "")').stdout
            self.assertEqual(hostile, '{x="?[31mred"}  1\n')
            ranked = [line.split()[-1] for line in self.query(sonde, "sort_desc(node_cpu_seconds_total)").stdout.splitlines()]
            self.assertEqual(ranked, sorted(ranked, key=float, reverse=True))
            wrong = self.query(sonde, "up[")
            self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
            self.assertIn("1:4", wrong.stderr)

    def test_a_graph_may_end_in_the_past(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.wait_up("web-1")
            for moment in ("1000000000", "2001-09-09T01:46:40Z"):
                done = self.query(sonde, "--range=1h", f"--time={moment}", "--format=json", "time()")
                points = json.loads(done.stdout)["data"]["result"][0]["values"]
                self.assertEqual(points[-1], [1000000000, "1000000000"], done.stderr)
                self.assertGreaterEqual(points[-1][0] - points[0][0], 3600)
            done = self.query(sonde, "--range=1h", "--time=2026-02-30T00:00:00Z", "up")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--time is seconds since 1970 or a time as", done.stderr)

    def test_a_script_sees_by_the_exit_status_that_its_json_is_of_a_failure(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.wait_up("web-1")
            done = self.query(sonde, "--format=json", "up[")
            self.assertEqual((done.returncode, json.loads(done.stdout)["errorType"]), (1, "bad_data"))

    def test_several_series_fit_the_width_and_end_with_the_times(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.wait_up("web-1")
            lines = self.query(sonde, "--range=1m", 'label_replace(vector(1/0), "a", "x", "", "") or label_replace(vector(2), "a", "y", "", "")').stdout.splitlines()
            self.assertEqual((lines[0], lines[1], lines[2]), ('{a="x"}', "  no finite value  last +Inf", '{a="y"}'))
            self.assertRegex(lines[-1], r"^  \d\d:\d\d:\d\d +\d\d:\d\d:\d\d$")
            self.assertLessEqual(max(map(len, lines)), 80)

    def test_without_an_agent_it_says_how_to_get_one(self):
        with Sonde(targets=[{"name": "web-1", "host": {}}]) as sonde:
            sonde.stop()
            done = self.query(sonde, "up")
            self.assertEqual(done.returncode, 1)
            self.assertIn("start one with sonde run", done.stderr)


if __name__ == "__main__":
    unittest.main()
