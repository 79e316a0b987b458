"""The past of a running sonde over a restart, a kill and a torn file: what was seen before is seen after, and no file does harm."""
import json
import pathlib
import signal
import time
import unittest
import urllib.parse

from stack import Sonde, wait_for

QUERY = "/api/v1/query?" + urllib.parse.urlencode({"query": "node_memory_MemTotal_bytes[1h]"})


def points(sonde):
    """Those of one series, as [[time, value], …]."""
    answer = sonde.get(QUERY)
    assert answer.status == 200, answer.body
    result = json.loads(answer.body)["data"]["result"]
    return result[0]["values"] if result else []


def counted(sonde, query):
    answer = sonde.get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    result = json.loads(answer.body)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0


class History(unittest.TestCase):
    def setUp(self):
        self.sonde = Sonde(targets=[{"name": "here", "host": {}}])
        self.addCleanup(self.sonde.close)
        self.file = self.sonde.folder / "state" / "history"

    def start_with(self, count):
        """Runs until there are so many points; returns them."""
        self.sonde.start()
        wait_for(f"{count} points; log:\n{self.sonde.log_text()}", lambda: len(points(self.sonde)) >= count)
        return points(self.sonde)

    def restart(self):
        self.sonde.stop()
        self.sonde.start()

    def assert_same_past(self, before, after):
        """A stop is later than the question before it, and the wall's clock is adjusted all the time."""
        self.assertGreaterEqual(len(after), len(before))
        for (time_before, value_before), (time_after, value_after) in zip(before, after):
            self.assertAlmostEqual(time_before, time_after, delta=0.5)
            self.assertEqual(value_before, value_after)

    def test_what_was_seen_before_a_restart_is_seen_after_it(self):
        before = self.start_with(4)
        self.restart()
        wait_for("a point of the new process", lambda: len(points(self.sonde)) > len(before) + 1)
        self.assert_same_past(before, points(self.sonde))
        self.sonde.wait_log(r"the history goes on: \d+ series")
        self.assertGreaterEqual(counted(self.sonde, 'count_over_time(up{target="here"}[1h])'), len(before) + 1)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_a_kill_leaves_what_was_written_before(self):
        before = self.start_with(3)
        self.restart()
        wait_for("more points", lambda: len(points(self.sonde)) > len(before) + 1)
        self.sonde.kill()
        self.sonde.start()
        wait_for("the points of the first process", lambda: len(points(self.sonde)) >= len(before))
        self.assert_same_past(before, points(self.sonde))

    def test_a_torn_file_is_set_aside_and_all_goes_on(self):
        self.start_with(2)
        self.sonde.stop()
        content = self.file.read_bytes()
        self.file.write_bytes(content[:len(content) // 2])
        self.sonde.start()
        self.sonde.wait_log(r"history: it is torn or damaged; it was set aside as .*history\.broken-\d+ and the past begins anew")
        aside = list(self.file.parent.glob("history.broken-*"))
        self.assertEqual(len(aside), 1)
        self.assertEqual(aside[0].read_bytes(), content[:len(content) // 2])
        wait_for("points", lambda: len(points(self.sonde)) >= 2)
        self.restart()
        self.assertEqual(len(list(self.file.parent.glob("history*"))), 2)

    def test_two_processes_do_not_share_the_file(self):
        before = self.start_with(3)
        other = Sonde(targets=[{"name": "there", "host": {}}], state_dir=str(self.file.parent))
        self.addCleanup(other.close)
        other.start()
        other.wait_log(r"another process keeps its history in .*: that of this one is forgotten at its end")
        self.sonde.stop()
        content = self.file.read_bytes()
        other.stop()
        self.assertEqual(self.file.read_bytes(), content)
        self.sonde.start()
        self.assert_same_past(before, points(self.sonde))

    def test_the_agent_tells_how_much_it_remembers(self):
        self.start_with(3)
        wait_for("its own numbers", lambda: self.sonde.value("sonde_history_series", target="sonde") > 100)
        self.assertGreater(self.sonde.value("sonde_history_bytes", target="sonde"), 10000)
        self.assertEqual(self.sonde.value("sonde_history_max_bytes", target="sonde"), 128 << 20)
        self.assertGreaterEqual(self.sonde.value("sonde_history_keep_seconds", target="sonde"), 86400)
        self.assertGreater(self.sonde.value("sonde_history_samples_total", target="sonde"), 300)
        self.assertEqual(self.sonde.value("sonde_history_refused_samples_total", target="sonde"), 0)

    def test_it_ends_in_time_with_the_past_written(self):
        self.start_with(2)
        begun = time.monotonic()
        self.sonde.process.send_signal(signal.SIGTERM)
        self.sonde.process.wait(10)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertTrue(self.file.exists() and not pathlib.Path(f"{self.file}.new").exists())


if __name__ == "__main__":
    unittest.main()
