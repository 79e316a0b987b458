"""Queues in a real Redis, made by the real Bull and BullMQ: what sonde shows is what the library itself counts."""
import collections
import json
import subprocess
import unittest

from stack import Program, Redis, Sonde, need, node_folder, shapes, wait_for

LIBRARIES = ["bull4", "bullmq1", "bullmq2", "bullmq3", "bullmq4", "bullmq5", "bullmq6"]
PREFIXES = {"bull4": "bull", "bullmq3": "my:app", "bullmq4": "{tagged}"}  # others are called like the library


class Jobs:
    """A process of one library's version that has made its jobs and answers commands."""

    def __init__(self, library, redis):
        self.prefix = PREFIXES.get(library, library)
        self.process = subprocess.Popen([need("node"), "jobs.js", library, self.prefix, str(redis.port)], cwd=node_folder("queues", "jobs.js"), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, f"jobs.js ended with {self.process.wait(20)}"
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


def shown(sonde, prefix):
    """{queue: {state: jobs}} of one prefix."""
    queues = collections.defaultdict(dict)
    for (name, labels), value in sonde.samples("/targets/q/metrics").items():
        labels = dict(labels)
        if name == "queue_jobs" and labels["prefix"] == prefix:
            queues[labels["queue"]][labels["state"]] = value
    return dict(queues)


def counted(answer, redis, library):
    """The same from the library's own getJobCounts(). It keeps the jobs of a paused queue apart, and BullMQ 2 takes its own marker for a job."""
    queues = {}
    for queue in answer:
        counts = queue["counts"]
        states = {state.replace("-", "_"): jobs for state, jobs in counts.items() if state not in ("waiting", "paused")}
        states["waiting"] = counts["waiting"] + counts.get("paused", 0)
        if library == "bullmq2" and redis.cli("LINDEX", f"{queue['prefix']}:{queue['queue']}:wait", -1) == "0":
            states["waiting"] -= 1
        if queue["system"] == "bullmq":
            states = {"prioritized": 0, "waiting_children": 0, **states}
        queues[queue["queue"]] = states
    return queues


class RealLibraries(unittest.TestCase):
    maxDiff = None

    def check_library(self, library):
        with Redis() as redis, Jobs(library, redis) as jobs, Sonde(targets=[{"name": "q", "redis": redis.url()}]) as sonde:
            sonde.wait_up("q")
            before = shown(sonde, jobs.prefix)  # before the library's own count removes its markers
            answer = jobs.ask("counts")
            self.assertEqual(before, counted(answer, redis, library))
            self.assertGreaterEqual(len(before), 5)
            page = sonde.samples("/targets/q/metrics")
            for queue in answer:
                labels = (("prefix", queue["prefix"]), ("queue", queue["queue"]), ("system", queue["system"]))
                self.assertEqual(page["queue_paused", labels], float(queue["paused"]), labels)
            self.check_numbers(page, library, jobs.prefix)
            jobs.ask("more")
            expected = counted(jobs.ask("counts"), redis, library)
            wait_for(f"the same counts after more jobs: {expected}", lambda: shown(sonde, jobs.prefix) == expected)

    def check_numbers(self, page, library, prefix):
        system = "bull" if library.startswith("bull4") else "bullmq"
        worked = (("prefix", prefix), ("queue", "worked"), ("system", system))
        self.assertEqual(page["queue_jobs_added_total", worked], 8)
        self.assertEqual(page["queue_jobs_finished_total", worked], 0)  # all of it was before
        if system == "bullmq":
            native = (("prefix", prefix), ("queue", "worked"), ("source", "native"), ("system", system))
            self.assertEqual((page["queue_jobs_completed_total", native], page["queue_jobs_failed_total", native]), (3, 2))
        for state in "waiting", "active":
            age = page["queue_oldest_job_age_seconds", (("prefix", prefix), ("queue", "worked"), ("state", state), ("system", system))]
            self.assertTrue(0 < age < 600, age)
        delayed = (("prefix", prefix), ("queue", "only-delayed"), ("system", system))
        self.assertTrue(3000 < page["queue_next_due_seconds", delayed] <= 3600)
        self.assertEqual(page["queue_overdue_jobs", delayed], 0)
        waiting = (("prefix", prefix), ("queue", "only-delayed"), ("state", "waiting"), ("system", system))
        self.assertEqual(page["queue_oldest_job_age_seconds", waiting], 0)


    def check_throughput(self, library, system):
        with Redis() as redis, Jobs(library, redis) as jobs, Sonde(targets=[{"name": "q", "redis": redis.url()}]) as sonde:
            sonde.wait_up("q")
            labels = {"prefix": jobs.prefix, "queue": "quick", "system": system}
            self.assertEqual(sonde.value("queue_jobs_finished_total", "/targets/q/metrics", **labels), 0)
            jobs.ask("run")
            finished = lambda: sonde.value("queue_jobs_finished_total", "/targets/q/metrics", **labels)
            failed = lambda: sonde.value("queue_jobs_failed_total", "/targets/q/metrics", source="derived", **labels)
            wait_for("55 finished jobs", lambda: finished() == 55)
            wait_for("5 failed jobs", lambda: failed() == 5)
            self.assertEqual(shown(sonde, jobs.prefix)["quick"]["completed"], 0)
            polls = lambda: sonde.samples("/targets/q/metrics")["redis_exporter_scrape_duration_seconds_count", ()]
            then = polls()
            wait_for("three more polls", lambda: polls() >= then + 3)
            self.assertEqual((finished(), failed()), (55, 5))

    def test_finished_and_failed_jobs_are_counted_without_the_applications_help(self):
        self.check_throughput("bullmq5", "bullmq")

    def test_so_are_those_of_bull(self):
        self.check_throughput("bull4", "bull")


for _library in LIBRARIES:
    setattr(RealLibraries, f"test_counts_are_those_of_{_library}", lambda self, library=_library: self.check_library(library))


class InRedis(unittest.TestCase):
    def test_queues_are_found_among_many_keys_with_few_calls_a_poll(self):
        with Redis() as redis:
            redis.cli("EVAL", "for i = 1, 300000 do redis.call('SET', 'session:' .. i, 'x') end "
                              "for i = 1, 5000 do redis.call('SET', 'user:' .. i .. ':id', i) end", 0)
            redis.cli("SET", "shop:mail:id", 7), redis.cli("RPUSH", "shop:mail:wait", 1, 2, 3)
            redis.cli("CONFIG", "RESETSTAT")
            with Sonde(targets=[{"name": "q", "redis": redis.url()}]) as sonde:
                sonde.wait_up("q")
                name = "queue_discovery_last_complete_timestamp_seconds", ()
                wait_for("the walk to end", lambda: name in sonde.samples("/targets/q/metrics"), 300)
                page = sonde.samples("/targets/q/metrics")
                self.assertEqual(page["queue_discovered", (("system", "bull"),)], 1)
                scans, polls = page["queue_discovery_scans_total", ()], page["redis_exporter_scrape_duration_seconds_count", ()] + 1
                self.assertLessEqual(scans, 20 * polls)
                self.assertGreaterEqual(scans, 300)  # each walks a thousand keys, no more

    def test_a_queue_stays_at_zero_when_it_is_drained_and_wiped(self):
        with Redis() as redis:
            redis.cli("SET", "bull:jobs:id", 3), redis.cli("RPUSH", "bull:jobs:wait", 1, 2, 3)
            with Sonde(targets=[{"name": "q", "redis": redis.url()}]) as sonde:
                sonde.wait_up("q")
                self.assertEqual(shown(sonde, "bull")["jobs"]["waiting"], 3)
                redis.cli("DEL", "bull:jobs:id", "bull:jobs:wait")
                wait_for("0 waiting jobs", lambda: shown(sonde, "bull")["jobs"]["waiting"] == 0)
                labels = (("prefix", "bull"), ("queue", "jobs"), ("system", "bull"))
                self.assertEqual(sonde.value("queue_jobs_added_total", "/targets/q/metrics", **dict(labels)), 0)

    def test_only_reading_commands_reach_the_server(self):
        reading = {"auth", "client", "cluster", "command", "config", "exists", "get", "hello", "hget", "hmget", "info", "latency", "llen", "lrange",
                   "ping", "scan", "scard", "select", "slowlog", "time", "xinfo", "xlen", "xpending", "xrange", "zcard", "zcount", "zrange",
                   "zrangebyscore"}
        with Redis() as redis, Jobs("bullmq5", redis) as jobs:
            redis.cli("XADD", "orders", "*", "a", 1), redis.cli("XGROUP", "CREATE", "orders", "billing", 0)
            jobs.ask("counts")
            jobs.process.stdin.write("end\n"), jobs.process.stdin.flush(), jobs.process.wait(30)
            redis.cli("CONFIG", "RESETSTAT")
            queues = {"lists": ["mail"], "zsets": ["later"], "sets": ["todo"], "streams": ["orders"]}
            with Sonde(targets=[{"name": "q", "redis": redis.url(), "queues": queues}]) as sonde:
                sonde.wait_up("q")
                wait_for("a few polls", lambda: sonde.samples("/targets/q/metrics")["redis_exporter_scrape_duration_seconds_count", ()] > 2)
                used = {line.split(":")[0][len("cmdstat_"):].split("|")[0] for line in redis.cli("INFO", "commandstats").splitlines() if ":" in line}
                self.assertEqual(used - reading, set())
                self.assertIn("zrangebyscore", used)

    def test_one_forbidden_key_costs_its_sample_alone(self):
        with Redis() as redis:
            redis.cli("SET", "bull:jobs:id", 3), redis.cli("RPUSH", "mail", 1), redis.cli("SET", "sms", "text"), redis.cli("RPUSH", "secret", 1)
            redis.cli("ACL", "SETUSER", "sonde", "on", ">pw", "%R~bull:*", "%R~mail", "%R~sms", "+@read", "+@connection", "+info", "+time")
            target = {"name": "q", "redis": redis.url("pw", "sonde"), "queues": {"lists": ["mail", "sms", "secret"]}}
            with Sonde(targets=[target]) as sonde:
                sonde.wait_up("q")
                page = sonde.samples("/targets/q/metrics")
                lists = {dict(labels)["queue"]: value for (name, labels), value in page.items() if ("system", "list") in labels}
                self.assertEqual(lists, {"mail": 1})
                self.assertEqual(shown(sonde, "bull")["jobs"]["waiting"], 0)

    def test_streams_are_named_as_redis_exporter_names_them(self):
        with Redis() as redis:
            redis.cli("XGROUP", "CREATE", "orders", "billing", "$", "MKSTREAM")
            for i in range(5):
                redis.cli("XADD", "orders", "*", "n", i)
            redis.cli("XREADGROUP", "GROUP", "billing", "c1", "COUNT", 2, "STREAMS", "orders", ">")
            exporter = Program("exporter", ["prometheus-redis-exporter", "--redis.addr", redis.url(), "--check-single-streams=db0=orders",
                                            "--web.listen-address=127.0.0.1:{port}"])
            with exporter, Sonde(targets=[{"name": "q", "redis": redis.url(), "queues": {"streams": ["orders"]}}]) as sonde:
                sonde.wait_up("q")
                text = sonde.text("/targets/q/metrics")
                theirs = {k: v for k, v in shapes(exporter.get("/metrics").body.decode()).items() if k.startswith("redis_stream_")}
                ours = {k: v for k, v in shapes(text).items() if k.startswith("redis_stream_")}
                self.assertGreater(len(theirs), 5)
                self.assertEqual({k: ours.get(k) for k in theirs if "consumer_" not in k}, {k: v for k, v in theirs.items() if "consumer_" not in k})
                group = {"db": "db0", "stream": "orders", "group": "billing"}
                path = "/targets/q/metrics"
                self.assertEqual(sonde.value("redis_stream_group_messages_pending", path, **group), 2)
                self.assertEqual(sonde.value("redis_stream_group_lag", path, **group), 3)
                self.assertGreater(sonde.value("redis_stream_group_oldest_undelivered_seconds", path, **group), 0)
                redis.cli("XDEL", "orders", redis.cli("XRANGE", "orders", "-", "+").split("\n")[9])
                name = "redis_stream_group_lag", tuple(sorted(group.items()))
                wait_for("the unknown lag to go", lambda: name not in sonde.samples(path))

    def test_a_missing_stream_makes_no_errors_in_the_server(self):
        with Redis() as redis, Sonde(targets=[{"name": "q", "redis": redis.url(), "queues": {"streams": ["orders"]}}]) as sonde:
            sonde.wait_up("q")
            wait_for("a few polls", lambda: sonde.samples("/targets/q/metrics")["redis_exporter_scrape_duration_seconds_count", ()] > 2)
            self.assertNotIn("errorstat_ERR", redis.cli("INFO", "errorstats"))
            self.assertEqual(sonde.value("redis_stream_length", "/targets/q/metrics", db="db0", stream="orders"), 0)

    def test_promtool_has_nothing_to_say_about_queues(self):
        with Redis() as redis, Jobs("bullmq5", redis), Sonde(targets=[{"name": "q", "redis": redis.url()}]) as sonde:
            sonde.wait_up("q")
            text = sonde.text("/targets/q/metrics")
            self.assertIn("queue_jobs{", text)
            done = subprocess.run([need("promtool"), "check", "metrics"], input=text, text=True, capture_output=True)
            self.assertEqual([line for line in (done.stdout + done.stderr).splitlines() if line.startswith("queue_")], [])


if __name__ == "__main__":
    unittest.main()
