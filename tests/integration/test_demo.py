"""The demo as a user runs it: it comes up, thresholds are broken on purpose, told and taken back; Ctrl-C ends it and leaves nothing behind."""
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from stack import ROOT, descendants

PATIENCE = 400  # seconds; the demo's own clock takes 150
ALERTS = ["PostgresQueryRunningLong", "EndpointPoolAlmostUsedUp", "ApplicationSlow", "ApplicationErrorRateHigh"]


class Demo(unittest.TestCase):
    def wait_for(self, demo, shown, lines):
        """Until all these lines were shown, the demo ended, or patience did."""
        end = time.monotonic() + PATIENCE
        while not all(re.search(line, shown.read_text()) for line in lines) and demo.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        self.assertIsNone(demo.poll(), f"the demo ended by itself:\n{shown.read_text()}")

    def test_the_shipped_rules_fire_resolve_and_nothing_is_left(self):
        subprocess.run(["make", "-s", "build/release/sonde"], cwd=ROOT, check=True)
        with tempfile.TemporaryDirectory(prefix="sonde-test-demo-") as folder:
            pathlib.Path(folder).chmod(0o755)
            shown = pathlib.Path(folder) / "shown"
            with open(shown, "w") as out:
                demo = subprocess.Popen(["env", "--default-signal=INT", f"TMPDIR={folder}", "tools/demo/demo"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                        start_new_session=True)
            self.addCleanup(demo.kill)
            self.wait_for(demo, shown, ["receiver: FIRING  ApplicationSlow"])
            asked = shell(re.search(r"build/release/sonde query (?:.*\n){2}", shown.read_text())[0])
            probed = shell("curl -s " + re.search(r"http:\S+/probe\?target=web-health", shown.read_text())[0])
            page = shell("curl -s " + re.search(r"http:\S+:\d+/", shown.read_text())[0] + "targets/web/metrics")
            self.wait_for(demo, shown, [f"receiver: RESOLVED after .* {alert} " for alert in ALERTS])
            started = descendants(demo.pid)
            demo.send_signal(signal.SIGINT)
            status = demo.wait(60)
            text = shown.read_text()
            self.assertEqual(status, 0, text)
            self.assertIn("(its for: 1m is 10s here)", text)
            self.assertRegex(text, r"receiver: FIRING  PostgresQueryRunningLong \(warning\): A query in shop on shop has been running for \d+")
            self.assertRegex(text, r"receiver: FIRING  EndpointPoolAlmostUsedUp \(critical\): web-health has 100 % of its pool in use")
            self.assertRegex(text, r"receiver: FIRING  ApplicationSlow \(warning\): One request in twenty to web takes [\d.]+s or longer")
            self.assertRegex(text, r"receiver: FIRING  ApplicationErrorRateHigh \(critical\): web answers [\d.]+ % of its requests with an error")
            for alert in ALERTS:
                self.assertRegex(text, rf"receiver: RESOLVED after \d+ s  {alert}")
            self.assertRegex(asked, r"\d\.\d", "the query that is shown has an answer")
            self.assertRegex(probed, r'(?m)^probe_json_value\{path="pool.active"\} 5$')
            self.assertRegex(page, r'(?m)^http_requests_total\{method="GET",route="/account",status="503"\} \d+$')
            self.assertIn("nothing is left behind.", text)
            self.assertEqual([p.name for p in pathlib.Path(folder).iterdir()], ["shown"])
            self.assertGreater(len(started), 8)
            self.assertEqual([pid for pid in started if re.search(r"\b[SRD]\b", state(pid))], [])


def shell(command):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, text=True, capture_output=True, check=True).stdout


def state(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
