"""A password stays where it was written: not in the log, not on a page, not in the process list, whatever goes wrong."""
import pathlib
import unittest

from stack import Postgres, Redis, Sonde, wait_for

CANARY = "c4n4ry-p4ss"
ENCODED = "c4n4ry%2Dp4ss"


class Secrets(unittest.TestCase):
    def search(self, sonde, paths):
        process = pathlib.Path(f"/proc/{sonde.process.pid}")
        places = {"the log": sonde.log_text(), "the process list": (process / "cmdline").read_bytes().decode(errors="replace")}
        for path in paths:
            places[path] = sonde.get(path).body.decode()
        for place, text in places.items():
            self.assertNotIn(CANARY, text, place)
            self.assertNotIn(ENCODED, text, place)

    def test_no_error_shows_a_password(self):
        with Postgres() as pg, Redis("--requirepass", "other") as redis:
            secret = pathlib.Path(pg.folder) / "secret"
            secret.write_text(CANARY + "\n")
            secret.chmod(0o600)
            targets = [
                {"name": "wrong", "postgres": f"postgres://sonde:{CANARY}@127.0.0.1:{pg.port}/postgres"},
                {"name": "keywords", "postgres": f"host=127.0.0.1 port={pg.port} user=nobody password={CANARY} dbname=x"},
                {"name": "query", "postgres": f"postgres://127.0.0.1:{pg.port}/postgres?user=sonde&password={ENCODED}"},
                {"name": "refused", "postgres": f"postgres://sonde:{CANARY}@127.0.0.1:1/postgres"},
                {"name": "wrong-redis", "redis": f"redis://:{CANARY}@127.0.0.1:{redis.port}"},
                {"name": "file-redis", "redis": f"redis://127.0.0.1:{redis.port}", "password_file": str(secret)},
                {"name": "user-redis", "redis": f"redis://someone:{CANARY}@127.0.0.1:{redis.port}"},
                {"name": "tls-redis", "redis": f"rediss://:{CANARY}@127.0.0.1:{redis.port}"},
            ]
            with Sonde(targets=targets, arguments=["--log.level=debug"]) as sonde:
                for target in targets:
                    sonde.wait_down(target["name"])
                    wait_for("a reason", lambda t=target["name"]: [v for (n, l), v in sonde.samples().items()
                                                                  if n == "sonde_target_failures_total" and dict(l)["target"] == t and v > 0])
                reasons = {dict(l)["target"]: dict(l)["reason"] for (n, l), v in sonde.samples().items() if n == "sonde_target_failures_total" and v > 0}
                self.assertEqual({t: reasons[t] for t in ("wrong", "refused", "wrong-redis", "file-redis")},
                                 {"wrong": "auth", "refused": "connect", "wrong-redis": "auth", "file-redis": "auth"})
                self.search(sonde, ["/", "/metrics", "/health", "/sd", *[f"/targets/{t['name']}/health" for t in targets]])

    def test_a_url_from_the_environment_is_not_shown(self):
        with Redis("--requirepass", CANARY) as redis:
            environment = {"REDIS_URL": redis.url(CANARY), "DATABASE_URL": f"postgres://u:{CANARY}@127.0.0.1:1/db"}
            with Sonde(environment=environment, arguments=["--log.level=debug"]) as sonde:
                wait_for("the server that the environment names", lambda: [1 for (n, _), v in sonde.samples().items() if n == "redis_up" and v == 1])
                self.search(sonde, ["/", "/metrics", "/health", "/sd"])


if __name__ == "__main__":
    unittest.main()
