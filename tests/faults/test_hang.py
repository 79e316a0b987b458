"""What hangs costs its own values and nothing else: the rest stays fresh, pages come at once, the end comes when it is asked for."""
import signal
import socket
import subprocess
import time
import unittest

from stack import ROOT, Postgres, Redis, Sonde, free_port, hung_resolver, wait_for

def end(sonde):
    """Seconds from SIGTERM to the end."""
    start = time.monotonic()
    sonde.process.send_signal(signal.SIGTERM)
    code = sonde.process.wait(60)
    return code, time.monotonic() - start


class Hangs(unittest.TestCase):
    def test_a_stopped_postgres_loses_its_values_and_gets_them_back(self):
        with Postgres() as pg, Redis() as redis:
            targets = [{"name": "db", "postgres": pg.dsn()}, {"name": "cache", "redis": redis.url()}, {"name": "h", "host": {}}]
            with Sonde(targets=targets) as sonde:
                sonde.wait_up("db")
                wait_for("the slow sections", lambda: "pg_settings_max_connections" in sonde.text("/targets/db/metrics"))
                pg.pause()
                wait_for("pg_up 0", lambda: sonde.value("pg_up", target="db") == 0)
                page = sonde.samples()
                self.assertFalse([name for name, labels in page if name.startswith("pg_stat_") and dict(labels)["target"] == "db"])
                self.assertEqual(sonde.value("sonde_target_failures_total", target="db", reason="timeout") > 0, True)
                before = sonde.value("redis_commands_processed_total", target="cache")
                wait_for("the others to stay fresh", lambda: sonde.value("redis_commands_processed_total", target="cache") > before)
                self.assertEqual(sonde.get("/targets/db/health").status, 503)
                self.assertEqual(sonde.get("/health").status, 503)
                slowest = 0.0
                for _ in range(50):
                    start = time.monotonic()
                    self.assertEqual(sonde.get("/metrics").status, 200)
                    slowest = max(slowest, time.monotonic() - start)
                pg.resume()
                sonde.wait_up("db")
                self.assertIn("pg_settings_max_connections", sonde.text("/targets/db/metrics"))  # at once, not at its next turn
                print(f"\nslowest of 50 scrapes while Postgres hung: {slowest * 1e3:.1f} ms")
                wait_for("one connection", lambda: pg.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'sonde'") == "1")

    def test_it_ends_when_told_although_everything_hangs(self):
        silent = socket.create_server(("127.0.0.1", 0))  # accepts by its backlog and says nothing
        self.addCleanup(silent.close)
        with Postgres() as pg, Redis() as redis:
            targets = [{"name": "db", "postgres": pg.dsn()}, {"name": "cache", "redis": redis.url()},
                       {"name": "mute", "redis": f"redis://127.0.0.1:{silent.getsockname()[1]}"}]
            sonde = Sonde(targets=targets)
            with sonde:
                sonde.wait_up("db"), sonde.wait_up("cache")
                pg.pause(), redis.pause()
                sonde.wait_down("db"), sonde.wait_down("cache")
                code, seconds = end(sonde)
                self.assertEqual(code, 0)
                print(f"\nended {seconds:.2f} s after SIGTERM with Postgres and Redis stopped")
                pg.resume(), redis.resume()
            import stack
            old, stack.SONDE = stack.SONDE, str(ROOT / "build/release/sonde")  # a preloaded library and ASan do not go together
            try:
                with Sonde(targets=[{"name": "lost", "redis": "redis://nowhere.example:6379"}, {"name": "lost-db", "postgres": "postgres://nowhere.example/x"}],
                           environment={"LD_PRELOAD": hung_resolver()}, poll_timeout="500ms") as sonde:
                    for name in ("lost", "lost-db"):
                        wait_for("the watchdog to call it a timeout",
                                 lambda: sonde.value("sonde_target_failures_total", target=name, reason="timeout") > 0)
                    self.assertEqual(sonde.value("redis_up", target="lost"), 0)
                    self.assertEqual(sonde.value("pg_up", target="lost-db"), 0)
                    code, seconds = end(sonde)
                    self.assertEqual(code, 0)
                    print(f"ended {seconds:.2f} s after SIGTERM with a resolver that never answers")
            finally:
                stack.SONDE = old

    def test_a_server_that_drips_is_cut_at_the_deadline(self):
        script = ("import socket,time,sys\n"
                  "s=socket.create_server(('127.0.0.1',int(sys.argv[1])))\n"
                  "while True:\n"
                  "  c,_=s.accept()\n"
                  "  try:\n"
                  "    while True: c.sendall(b'$'); time.sleep(1)\n"
                  "  except OSError: pass\n")
        port = free_port()
        with subprocess.Popen(["/usr/bin/python3", "-c", script, str(port)]) as dripper:
            try:
                with Sonde(targets=[{"name": "drip", "redis": f"redis://127.0.0.1:{port}"}, {"name": "drip-db", "postgres": f"postgres://127.0.0.1:{port}/x"}]) as sonde:
                    wait_for("a failure", lambda: sum(v for (n, l), v in sonde.samples().items()
                                                       if n == "sonde_target_failures_total" and dict(l)["target"] == "drip") > 1)
                    sonde.wait_down("drip"), sonde.wait_down("drip-db")
            finally:
                dripper.kill()


if __name__ == "__main__":
    unittest.main()
