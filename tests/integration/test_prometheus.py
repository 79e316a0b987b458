"""A real Prometheus takes what sonde gives, by service discovery and from the one page, and sees the labels that dashboards group by."""
import json
import unittest
import urllib.parse

from stack import Postgres, Program, Redis, Sonde, wait_for


def prometheus(sonde):
    program = Program("prometheus", ["prometheus", "--config.file={folder}/prometheus.yml", "--storage.tsdb.path={folder}/data",
                                     "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
    (program.folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: sonde-sd
    http_sd_configs: [{{url: "http://127.0.0.1:{sonde.port}/sd", refresh_interval: 1s}}]
  - job_name: one-page
    static_configs: [{{targets: ["127.0.0.1:{sonde.port}"]}}]
""")
    return program


def query(program, expression):
    answer = json.loads(program.get("/api/v1/query?query=" + urllib.parse.quote(expression)).body)
    return {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in answer["data"]["result"]}


class Scraped(unittest.TestCase):
    def test_every_target_is_up_in_prometheus_with_the_labels_dashboards_use(self):
        with Postgres() as pg, Redis() as redis:
            targets = [{"name": "web-1", "host": {}}, {"name": "main", "postgres": pg.dsn()}, {"name": "cache", "redis": redis.url()}]
            with Sonde(targets=targets) as sonde:
                sonde.wait_up("main"), sonde.wait_up("cache"), sonde.wait_up("web-1")
                with prometheus(sonde) as server:
                    wait_for("five targets up", lambda: sum(query(server, "up").values()) == 5)
                    self.assertEqual({dict(labels)["job"] for labels in query(server, "up")}, {"node", "postgres", "redis", "sonde", "one-page"})
                    [labels] = query(server, 'pg_up{job="postgres"}')
                    self.assertEqual({**dict(labels), "__name__": ""}, {"__name__": "", "job": "postgres", "instance": "main", "target": "main"})
                    self.assertEqual(len(query(server, 'redis_up{target="cache"} == 1')), 2)  # by /sd and by /metrics
                    self.assertTrue(query(server, 'node_uname_info{job="node",instance="web-1"}'))
                    errors = query(server, "prometheus_target_scrapes_sample_duplicate_timestamp_total > 0")
                    self.assertEqual(errors, {})

    def test_a_target_that_is_down_has_no_stale_values_in_prometheus(self):
        with Redis() as redis, Sonde(targets=[{"name": "cache", "redis": redis.url()}]) as sonde:
            sonde.wait_up("cache")
            with prometheus(sonde) as server:
                wait_for("the first values", lambda: query(server, 'redis_memory_used_bytes{job="redis"}'))
                redis.kill()
                wait_for("redis_up to be 0", lambda: query(server, 'redis_up{job="redis"} == 0'))
                wait_for("the values to go", lambda: not query(server, 'redis_memory_used_bytes{job="redis"}'))
                self.assertEqual(list(query(server, 'up{job="redis"}').values()), [1.0])


if __name__ == "__main__":
    unittest.main()
