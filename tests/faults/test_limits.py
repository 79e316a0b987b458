"""What the machine withholds: descriptors. sonde says so, shows what it can, and always answers a scrape."""
import socket
import unittest

from stack import Postgres, Redis, Sonde, wait_for


class Limited(Sonde):
    """With at most `files` descriptors."""

    def __init__(self, files, **keys):
        self.files = files
        super().__init__(**keys)

    def command(self):
        return ["prlimit", f"--nofile={self.files}", *super().command()]


class Descriptors(unittest.TestCase):
    def test_sources_that_use_up_the_descriptors_do_not_shut_scrapers_out(self):
        with Postgres() as pg, Redis() as redis:
            targets = [{"name": "h", "host": {}}, {"name": "db", "postgres": pg.dsn()}, {"name": "cache", "redis": redis.url()}]
            for files in (12, 16, 20):
                with self.subTest(files=files), Limited(files, targets=targets) as sonde:
                    wait_for("what is missing to be told", lambda: "Too many open files" in sonde.log_text())
                    idle = [socket.create_connection(("127.0.0.1", sonde.port)) for _ in range(12)]
                    for _ in range(50):
                        self.assertEqual(sonde.get("/metrics").status, 200)
                    wait_for("the target to be shown", lambda: sonde.is_up("db") is not None)
                    for client in idle:
                        client.close()
                    sonde.process.terminate()
                    self.assertEqual(sonde.process.wait(20), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
