"""Messages to receivers of every temper: each is delivered, none twice after it was acknowledged, none holds up another, no URL is shown."""
import json
import pathlib
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import stack
from receiver import Receiver, close, drip, endless, hang, ok, status
from stack import ROOT, Sonde, hung_resolver, wait_for

CANARY = "c4n4ryc4n4ry"


def insert(sonde, messages):
    """Puts messages into the outbox of an agent that does not run: (receiver, number of the alert, its name)."""
    db = sqlite3.connect(sonde.folder / "state" / "state.db")
    with db:
        for receiver, number, name in messages:
            body = json.dumps({"firing": True, "test": False, "starts_at": 1795234935000, "ends_at": 0, "value": "1", "labels": {"alertname": name},
                               "annotations": {}, "external_labels": {}, "external_url": ""})
            db.execute("INSERT INTO notifications(receiver, body, queued_at, next_try, attempts, fingerprint) VALUES(?, ?, 0, 0, 0, ?)",
                       (receiver, body, number))
    db.close()


def waiting_in(sonde):
    """For an agent that does not run: a running one has the file to itself."""
    db = sqlite3.connect(sonde.folder / "state" / "state.db")
    count, = db.execute("SELECT count(*) FROM notifications").fetchone()
    db.close()
    return count


def start_with(messages, receivers, **keys):
    """An agent that finds these messages in its outbox."""
    sonde = Sonde(targets=[], receivers=receivers, arguments=["--log.level=debug"], **keys)
    sonde.start()
    sonde.stop()
    insert(sonde, messages)
    return sonde.start()


def hook(name, receiver, path="/hook", service="webhook"):
    return {"name": name, service: {"url": receiver.url(path)}}


def count(sonde, name, **labels):
    """A series of the agent's own; None when it is not there."""
    return sonde.samples().get((name, tuple(sorted({**labels, "target": "sonde"}.items()))))


def wait_empty(sonde):
    wait_for(f"an empty outbox; log:\n{sonde.log_text()}", lambda: count(sonde, "sonde_notifications_waiting") == 0)


def end(sonde):
    start = time.monotonic()
    sonde.process.send_signal(signal.SIGTERM)
    return sonde.process.wait(60), time.monotonic() - start


class Delivery(unittest.TestCase):
    def search(self, sonde):
        """The canary in a URL is nowhere to be seen."""
        places = {"the log": sonde.log_text(), "argv": pathlib.Path(f"/proc/{sonde.process.pid}/cmdline").read_text()}
        for path in ("/", "/metrics", "/health", "/sd"):
            places[path] = sonde.get(path).body.decode()
        for place, text in places.items():
            self.assertNotIn(CANARY, text, place)

    def test_a_dead_receiver_delays_no_other(self):
        with Receiver([hang]) as dead, Receiver() as good:
            messages = [("dead", 1, "D1"), ("dead", 2, "D2"), *[("good", n, f"G{n}") for n in range(5)]]
            with start_with(messages, [hook("dead", dead), hook("good", good)]) as sonde:
                good.wait(5), dead.wait(1)
                self.assertEqual(good.names(), [("firing", f"G{n}") for n in range(5)])
                wait_for("five acknowledged", lambda: count(sonde, "sonde_notifications_total", receiver="good") == 5)
                self.assertEqual(len(dead.requests), 1)
                code, seconds = end(sonde)
                self.assertEqual(code, 0)
                print(f"\nended {seconds:.2f} s after SIGTERM while a webhook hung")
                self.assertEqual(waiting_in(sonde), 2)
                dead.script = [ok]
                sonde.start()
                dead.wait(3)
                self.assertEqual(dead.names(), [("firing", "D1"), ("firing", "D1"), ("firing", "D2")])
                self.assertEqual(len(good.requests), 5)

    def test_every_failure_is_survived_and_an_acknowledgement_ends_it(self):
        scripts = {"a": [close, status(500, b"oops " + CANARY.encode()), status(302, Location="https://elsewhere/" + CANARY), ok],
                   "b": [status(429, Retry_After=1), status(503), endless(500, 10_000_000), ok]}
        with Receiver(scripts["a"]) as a, Receiver(scripts["b"]) as b:
            messages = [(name, 1, order) for name in "ab" for order in ("First", "Second")]
            with start_with(messages, [hook("a", a, f"/services/{CANARY}"), hook("b", b, f"/services/{CANARY}")]) as sonde:
                a.wait(5), b.wait(5)
                wait_empty(sonde)
                a.settle()
                for name, receiver, reasons in (("a", a, {"connect": 1, "server_error": 1, "redirect": 1}),
                                                ("b", b, {"rate_limited": 1, "server_error": 2})):
                    self.assertEqual(receiver.names(), [("firing", "First")] * 4 + [("firing", "Second")])
                    wait_for("both to be counted", lambda: count(sonde, "sonde_notifications_total", receiver=name) == 2)
                    failed = {dict(l)["reason"]: v for (n, l), v in sonde.samples().items()
                              if n == "sonde_notifications_failed_total" and dict(l)["receiver"] == name}
                    self.assertEqual(failed, reasons)
                sonde.wait_log("a redirect; those are not followed")
                sonde.wait_log("takes messages again")
                self.search(sonde)

    def test_ten_megabytes_of_thanks_are_an_acknowledgement_and_a_drip_too(self):
        with Receiver([endless(200, 10_000_000), drip(200), ok]) as receiver:
            with start_with([("a", 1, "Big"), ("a", 2, "Slow")], [hook("a", receiver)]) as sonde:
                wait_empty(sonde)
                receiver.settle()
                self.assertEqual(receiver.names(), [("firing", "Big"), ("firing", "Slow")])

    def test_slack_must_say_ok(self):
        with Receiver([status(200, b"<html>a portal</html>"), ok]) as slack:
            with start_with([("chat", 1, "A")], [hook("chat", slack, f"/services/{CANARY}", "slack")]) as sonde:
                slack.wait(2)
                wait_empty(sonde)
                slack.settle()
                self.assertEqual([r.body["text"] for r in slack.requests], ["[FIRING] A"] * 2)
                sonde.wait_log("a body that is no acknowledgement: <html>a portal</html>")
                self.search(sonde)

    def test_what_is_refused_is_dropped_and_said(self):
        with Receiver([status(404, f"no_service /services/{CANARY}".encode()), ok]) as receiver:
            with start_with([("a", 1, "Bad"), ("a", 2, "Good")], [hook("a", receiver, f"/services/{CANARY}")]) as sonde:
                receiver.wait(2)
                wait_empty(sonde)
                self.assertEqual(receiver.names(), [("firing", "Bad"), ("firing", "Good")])
                sonde.wait_log("dropped for good: FIRING Bad: answered 404: no_service")
                wait_for("it to be counted", lambda: count(sonde, "sonde_notifications_dropped_total", receiver="a") == 1)
                self.search(sonde)

    def test_a_certificate_nobody_vouches_for_and_a_name_nobody_knows(self):
        with Receiver(tls=tempfile.mkdtemp(prefix="sonde-test-tls-")) as receiver:
            receivers = [hook("tls", receiver, f"/services/{CANARY}"), {"name": "dns", "webhook": {"url": f"https://nowhere.invalid/{CANARY}"}},
                         {"name": "port", "webhook": {"url": f"https://127.0.0.1:1/{CANARY}"}}]
            with start_with([(r["name"], 1, "A") for r in receivers], receivers) as sonde:
                for name, reason in (("tls", "tls"), ("dns", "resolve"), ("port", "connect")):
                    wait_for(f"{name} to fail by {reason}", lambda: count(sonde, "sonde_notifications_failed_total", receiver=name, reason=reason))
                self.assertEqual(receiver.requests, [])
                wait_for("three to wait", lambda: count(sonde, "sonde_notifications_waiting") == 3)
                sonde.wait_log("self.signed certificate")
                self.search(sonde)

    def test_a_resolver_that_hangs_holds_up_neither_the_others_nor_the_end(self):
        old, stack.SONDE = stack.SONDE, str(ROOT / "build/release/sonde")  # a preloaded library and ASan do not go together
        try:
            with Receiver() as good:
                receivers = [hook("good", good), {"name": "lost", "webhook": {"url": "https://hooks.example/x"}}]
                with start_with([("lost", 1, "L"), *[("good", n, f"G{n}") for n in range(3)]], receivers, environment={"LD_PRELOAD": hung_resolver()}) as sonde:
                    good.wait(3)
                    wait_for("one left", lambda: count(sonde, "sonde_notifications_waiting") == 1)
                    code, seconds = end(sonde)
                    self.assertEqual(code, 0)
                    print(f"\nended {seconds:.2f} s after SIGTERM while a receiver's name was being looked up")
        finally:
            stack.SONDE = old

    def test_other_receivers_after_a_reload(self):
        with Receiver([hang]) as old, Receiver() as new:
            with start_with([("old", 1, "O"), ("moved", 2, "M")], [hook("old", old), hook("moved", old)]) as sonde:
                old.wait(2)
                sonde.configure([], receivers=[hook("moved", new)])
                sonde.reload()
                sonde.wait_log("1 message was dropped: the receiver is no longer in the configuration")
                old.close()  # breaks what hangs there: tried again, at the new place
                new.wait(1)
                wait_empty(sonde)
                self.assertEqual(new.names(), [("firing", "M")])
                sonde.configure([], receivers=[{"name": "moved", "webhook": {"url": "nonsense"}}])
                sonde.reload()
                sonde.wait_log("not reloaded.*the URL must begin with https:// or http://")


class Test(unittest.TestCase):
    """sonde notify test"""

    def run_test(self, receivers, *arguments):
        with tempfile.TemporaryDirectory(prefix="sonde-test-") as folder:
            path = pathlib.Path(folder) / "sonde.yml"
            path.write_text(json.dumps({"external_labels": {"site": "eu"}, "receivers": receivers}))
            done = subprocess.run([stack.SONDE, "notify", "test", f"--config.file={path}", *arguments], capture_output=True, text=True)
        self.assertNotIn(CANARY, done.stdout + done.stderr)
        return done

    def test_everything_is_shown_and_the_status_tells(self):
        with Receiver() as good, Receiver([status(403, f"action_prohibited {CANARY}".encode())]) as bad:
            receivers = [hook("log", good), hook("ops", good, f"/services/{CANARY}", "slack"), hook("bad", bad, f"/services/{CANARY}", "slack")]
            done = self.run_test(receivers)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"ops (slack, http://127.0.0.1:{good.port}/…)\n", done.stdout)
            self.assertRegex(done.stdout, r"answer   200 in \d\.\d\d s: ok\n  verdict  delivered")
            self.assertIn("NOT delivered: the receiver answered 403: action_prohibited ***; a running agent would drop such a message", done.stdout)
            by_path = {r.path: r.body for r in good.requests}
            self.assertEqual(by_path["/hook"]["alerts"][0]["labels"]["alertname"], "SondeTest")
            self.assertEqual(by_path["/hook"]["alerts"][0]["labels"]["site"], "eu")
            self.assertIn("[TEST]", by_path["/hook"]["commonAnnotations"]["summary"])
            self.assertTrue(by_path[f"/services/{CANARY}"]["text"].startswith("[TEST] "))
            self.assertEqual(self.run_test(receivers, "ops").returncode, 0)
            self.assertEqual(len(bad.requests), 1)

    def test_a_wrong_name_and_no_receivers_are_explained(self):
        with Receiver() as good:
            done = self.run_test([hook("ops", good)], "opps")
            self.assertEqual(done.returncode, 1)
            self.assertIn('has no receiver "opps"; did you mean ops?', done.stderr)
            self.assertEqual(good.requests, [])
        done = self.run_test([])
        self.assertEqual(done.returncode, 1)
        self.assertIn("lists no receivers", done.stderr)

    def test_a_receiver_that_does_not_listen(self):
        done = self.run_test([{"name": "gone", "slack": {"url": f"https://127.0.0.1:1/services/{CANARY}"}}])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"NOT delivered: the receiver gave no answer: Failed to connect to 127\.0\.0\.1 port 1 .*would try again")


if __name__ == "__main__":
    unittest.main()
