"""The demo as a user runs it: it comes up, a threshold is broken on purpose, told and taken back; Ctrl-C ends it and leaves nothing behind."""
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from stack import ROOT, descendants

PATIENCE = 240  # seconds; the demo's own clock takes one


class Demo(unittest.TestCase):
    def test_the_shipped_rule_fires_resolves_and_nothing_is_left(self):
        subprocess.run(["make", "-s", "build/release/sonde"], cwd=ROOT, check=True)
        with tempfile.TemporaryDirectory(prefix="sonde-test-demo-") as folder:
            pathlib.Path(folder).chmod(0o755)
            shown = pathlib.Path(folder) / "shown"
            with open(shown, "w") as out:
                demo = subprocess.Popen(["env", f"TMPDIR={folder}", "tools/demo/demo"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                        start_new_session=True)
            self.addCleanup(demo.kill)
            end = time.monotonic() + PATIENCE
            while "receiver: RESOLVED" not in shown.read_text() and demo.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            started = descendants(demo.pid)
            demo.send_signal(signal.SIGINT)
            status = demo.wait(60)
            text = shown.read_text()
            self.assertEqual(status, 0, text)
            self.assertIn("(its for: 1m is 10s here)", text)
            self.assertRegex(text, r"receiver: FIRING  PostgresQueryRunningLong \(warning\): A query in shop on shop has been running for \d+")
            self.assertRegex(text, r"receiver: RESOLVED after \d+ s  PostgresQueryRunningLong")
            self.assertIn("nothing is left behind.", text)
            self.assertEqual([p.name for p in pathlib.Path(folder).iterdir()], ["shown"])
            self.assertGreater(len(started), 8)
            self.assertEqual([pid for pid in started if re.search(r"\b[SRD]\b", state(pid))], [])


def state(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
