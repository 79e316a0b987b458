"""The pack web-app in a running agent: every one of its rules fires when the application breaks, and none is left when it is well again."""
import json
import pathlib
import re
import tempfile
import unittest

from application import Application, certificate
from stack import ROOT, Sonde, wait_for

PACK = (ROOT / "alerts/web-app.yml").read_text()
ALERTS = set(re.findall(r"- alert: (\w+)", PACK))

class Pack(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="sonde-test-web-app-")))
        self.app, self.tls = Application(), Application(certificate(self.folder, 2))
        for server in (self.app, self.tls):
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
        rules = self.folder / "web-app.yml"
        rules.write_text(re.sub(r"\[\d+m\]", "[20s]", re.sub(r"for: \d+m", "for: 1s", PACK)))
        url = f"http://127.0.0.1:{self.app.port}"
        self.sonde = self.enterContext(Sonde(rules=[str(rules)], targets=[
            {"name": "web", "metrics": f"{url}/metrics"},
            {"name": "health", "http": f"{url}/health", "json": {"values": "$.pool.*", "states": "$.services.*"}},
            {"name": "slow", "http": f"{url}/slow", "every": "4s", "timeout": "3s"},
            {"name": "home", "http": f"{url}/"},
            {"name": "tls", "http": f"https://127.0.0.1:{self.tls.port}/health", "insecure_skip_verify": True},
        ]))

    def firing(self):
        alerts = json.loads(self.sonde.get("/api/v1/alerts").body)["data"]["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"]["target"]) for alert in alerts if alert["state"] == "firing"}

    def test_every_rule_fires_for_what_is_broken_and_ends_with_it(self):
        certificates = {("CertificateExpiresSoon", "tls"), ("CertificateAlmostExpired", "tls")}
        expected = {("EndpointDown", "home"), ("EndpointServiceUnwell", "health"), ("EndpointSlow", "slow"), ("EndpointPoolAlmostUsedUp", "health"),
                    ("ApplicationSlow", "web"), ("ApplicationErrorRateHigh", "web"), ("ApplicationPoolAlmostUsedUp", "web"),
                    ("ApplicationEventLoopSlow", "web"), ("ApplicationRestarts", "web"), *certificates}
        self.assertEqual({name for name, _ in expected}, ALERTS, "a rule that this test does not know")
        wait_for("the certificate to be told", lambda: self.firing() == certificates)
        self.app.broken = True
        wait_for("all of them", lambda: self.firing() == expected, patience=120)
        self.app.broken = False
        self.tls.show(certificate(self.folder, 100))
        wait_for("all to be well", lambda: not self.firing(), patience=120)


if __name__ == "__main__":
    unittest.main()
