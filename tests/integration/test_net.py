"""Transfers against a real nginx: certificates good and bad, redirects across servers, bodies that mean ill; agent/net alone, driven by net_ask.c."""
import datetime
import gzip
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from stack import ROOT, SONDE, Server, accepts, free_port, need


class Certificates:
    """A root, an authority below it, and certificates of every temper; `good` and `client` are of the lower authority, shown with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-certificates-"))
        self.request("root", "/CN=test root", "basicConstraints=critical,CA:TRUE", 30)
        self.request("middle", "/O=sonde/CN=test authority", "basicConstraints=critical,CA:TRUE", 20, "root")
        names = "subjectAltName=DNS:localhost,DNS:also.test,IP:127.0.0.1"
        self.request("good", "/C=SE/O=sönde, Ltd/CN=localhost", names, 10, "middle")
        self.request("client", "/CN=client", "extendedKeyUsage=clientAuth", 10, "middle")
        self.request("expired", "/CN=localhost", names, -1, "middle")
        self.request("other", "/CN=other.test", "subjectAltName=DNS:other.test", 10, "middle")
        self.request("self", "/CN=localhost", names, 10)
        for name in ("good", "client", "expired", "other"):
            self.path(name + ".chain").write_text(self.path(name + ".crt").read_text() + self.path("middle.crt").read_text())

    def request(self, name, subject, extension, days, issuer=None):
        """A key and a certificate of `issuer`, or of itself."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj", subject, "-keyout", f"{name}.key",
                     "-out", f"{name}.csr")
        self.path("ext").write_text(extension + "\n")
        by = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-CAcreateserial"] if issuer else ["-signkey", f"{name}.key"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", *by, "-days", str(days), "-extfile", "ext", "-out", f"{name}.crt")

    def openssl(self, *words):
        return subprocess.run([need("openssl"), *words], check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def path(self, name):
        return self.folder / name

    def ask(self, name, what):
        return self.openssl("x509", "-in", f"{name}.crt", "-noout", what).strip().split("=", 1)[1]

    def not_after(self, name):
        return datetime.datetime.strptime(self.ask(name, "-enddate"), "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc).timestamp()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Server):
    """One plain server on `port`, and on ports["good"] … one with TLS for each certificate."""

    name = "nginx"

    def __init__(self, certificates):
        super().__init__()
        self.port = free_port()
        self.ports = {name: free_port() for name in ("good", "expired", "other", "self", "client")}
        echo = 'return 200 "host=$http_host sni=$ssl_server_name authorization=$http_authorization key=$http_x_api_key client=$ssl_client_s_dn";'
        body = self.folder / "www"
        body.mkdir()
        (body / "bomb").write_bytes(gzip.compress(b" " * (64 << 20)))
        (body / "behind").write_bytes(gzip.compress(b"a 1\n") + b"more")
        with open(body / "endless", "wb") as f:
            f.truncate(1 << 40)
        plain = f"""
  server {{ listen 127.0.0.1:{self.port}; root {body};
    location = /echo {{ {echo} }}
    location = /loop {{ return 302 /loop; }}
    location = /to-tls {{ return 302 https://localhost:{self.ports['good']}/echo; }}
    location = /to-here {{ return 302 /echo; }}
    location = /bomb {{ add_header Content-Encoding gzip; }}
    location = /behind {{ add_header Content-Encoding gzip; }}
    location = /slow {{ alias {body}/endless; limit_rate 100; }}
    location = /gzip {{ gzip on; gzip_types *; gzip_min_length 1; alias {__file__}; }}
  }}"""
        secure = "".join(f"""
  server {{ listen 127.0.0.1:{port} ssl http2; server_name localhost; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {certificates.path('self.crt' if name == 'self' else ('good' if name == 'client' else name) + '.chain')};
    ssl_certificate_key {certificates.path(('good' if name == 'client' else name) + '.key')};
    {'ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate ' + str(certificates.path('root.crt')) + ';' if name == 'client' else ''}
    location / {{ {echo} }}
    location = /to-plain {{ return 307 http://localhost:{self.port}/echo; }}
  }}""" for name, port in self.ports.items())
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(f"daemon off; {user} pid {self.folder}/pid; error_log stderr;\nevents {{ worker_connections 2048; }}\n"
                                                f"http {{ access_log off; default_type text/plain;\n{temporary}{plain}{secure}\n}}\n")

    def command(self):
        return [need("nginx", "/usr/sbin/nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]

    def ready(self):
        return accepts(self.port)


class Transfers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mode = pathlib.Path(SONDE).parent.name
        cls.program = ROOT / f"build/{mode}/tests/integration/net_ask"
        subprocess.run(["make", "-s", f"MODE={mode}", str(cls.program.relative_to(ROOT))], cwd=ROOT, check=True)
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.close)
        cls.nginx = Nginx(cls.certificates).start()
        cls.addClassCleanup(cls.nginx.close)

    def ask(self, *requests):
        done = subprocess.run([self.program], input=json.dumps(requests), capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answers = json.loads(done.stdout)
        return answers if len(answers) > 1 else answers[0]

    def file(self, name):
        return str(self.certificates.path(name))

    def secure(self, name, path="/echo", scheme="https", **keys):
        return {"url": f"{scheme}://localhost:{self.nginx.ports[name]}{path}", "certificates": True, "ca_file": self.file("root.crt"), **keys}

    def plain(self, path, **keys):
        return {"url": f"http://127.0.0.1:{self.nginx.port}{path}", **keys}

    def test_a_good_chain_is_told_as_it_is(self):
        a = self.ask(self.secure("good"))
        self.assertEqual((a["status"], a["why"]), (200, "none"), a["text"])
        self.assertEqual((a["secure"], a["verified"], a["tls_version"], a["http_version"]), (True, True, "TLS 1.3", 2.0))
        self.assertIn(a["tls_cipher"], ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"))
        leaf, middle = a["certificates"]
        self.assertEqual(leaf["subject"], "CN=localhost,O=sönde\\, Ltd,C=SE")
        self.assertEqual(leaf["issuer"], "CN=test authority,O=sonde")
        self.assertEqual(leaf["alternatives"], "localhost,also.test")
        self.assertEqual(leaf["serial"].lower(), self.certificates.ask("good", "-serial").lower())
        fingerprint = self.certificates.openssl("x509", "-in", "good.crt", "-noout", "-fingerprint", "-sha256")
        self.assertEqual(leaf["sha256"], fingerprint.strip().split("=")[1].replace(":", "").lower())
        self.assertEqual(leaf["not_after"], self.certificates.not_after("good"))
        self.assertEqual(middle["not_after"], self.certificates.not_after("middle"))
        self.assertEqual(a["chain_not_after"], self.certificates.not_after("good"))
        self.assertGreater(a["phases"]["tls"], 0)

    def test_what_is_refused_is_shown_all_the_same(self):
        for name, words, count in (("expired", "expired", 2), ("self", "self.signed", 1), ("other", "does not match|no alternative", 2)):
            a = self.ask(self.secure(name))
            self.assertEqual((a["status"], a["why"], a["verified"], a["secure"]), (0, "tls", False, True), name)
            self.assertRegex(a["text"], words)
            self.assertEqual(a["phases"]["last"], "tls", name)
            self.assertEqual(len(a["certificates"]), count, name)
            self.assertEqual(a["certificates"][0]["not_after"], self.certificates.not_after(name))
            self.assertEqual(a["chain_not_after"], 0)

    def test_who_verifies_nothing_is_told_the_certificate_and_no_more(self):
        a = self.ask(self.secure("expired", insecure=True))
        self.assertEqual((a["status"], a["verified"], a["chain_not_after"]), (200, False, 0))
        self.assertEqual(a["certificates"][0]["not_after"], self.certificates.not_after("expired"))

    def test_a_connection_used_again_tells_its_certificates_too(self):
        first, second, once = self.ask(self.secure("good"), self.secure("good"), self.secure("good", once=True))
        self.assertGreater(first["phases"]["tls"], 0)
        self.assertEqual((second["phases"]["tls"], second["phases"]["connect"]), (0, 0))
        self.assertGreater(once["phases"]["tls"], 0)
        for key in ("certificates", "verified", "chain_not_after", "tls_version", "tls_cipher", "secure"):
            self.assertEqual(first[key], second[key])

    def test_the_trust_of_one_target_is_not_anothers(self):
        without = {**self.secure("good"), "ca_file": None}
        loose = {**without, "insecure": True}
        for order in ([self.secure("good"), without, self.secure("good")], [loose, without, self.secure("good")], [without, loose, without]):
            for request, answer in zip(order, self.ask(*order)):
                expected = "tls" if request is without else "none"
                self.assertEqual((answer["why"], answer["verified"]), (expected, request.get("ca_file") is not None), answer["text"])

    def test_another_server_name_is_asked_for_and_verified(self):
        a, b = self.ask(self.secure("other", server_name="other.test"), self.secure("other", server_name="third.test"))
        self.assertEqual((a["status"], a["verified"]), (200, True), a["text"])
        self.assertIn(f"host=localhost:{self.nginx.ports['other']} sni=other.test", a["body"])
        self.assertEqual(b["why"], "tls")

    def test_a_client_certificate_is_shown_where_it_is_asked_for(self):
        shown = {"cert_file": self.file("client.chain"), "key_file": self.file("client.key")}
        with_it, without, broken = self.ask(self.secure("client", **shown), self.secure("client"), self.secure("client", cert_file="/nowhere.pem"))
        self.assertEqual(with_it["status"], 200)
        self.assertIn("client=CN=client", with_it["body"])
        self.assertEqual(without["status"], 400)
        self.assertEqual((broken["why"], broken["status"]), ("tls", 0))

    def test_a_server_that_hangs_up_without_our_certificate_is_a_failure_of_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file("good.chain"), self.file("good.key"))
        context.load_verify_locations(self.file("root.crt"))
        context.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server(("127.0.0.1", 0)) as listener:
            answered = threading.Event()

            def serve():
                connection = context.wrap_socket(listener.accept()[0], server_side=True, do_handshake_on_connect=False)
                self.assertRaises(ssl.SSLError, connection.do_handshake)
                answered.wait()  # closed at once, the alert could be lost on the way
                connection.close()
            thread = threading.Thread(target=serve)
            thread.start()
            a = self.ask({"url": f"https://localhost:{listener.getsockname()[1]}/", "ca_file": self.file("root.crt"), "certificates": True})
            answered.set()
            thread.join()
        self.assertEqual((a["why"], a["status"]), ("tls", 0), a["text"])
        self.assertEqual(a["text"], "TLS handshake: tlsv13 alert certificate required")
        self.assertEqual(len(a["certificates"]), 2)

    def test_an_authority_that_cannot_be_read_is_a_sentence(self):
        a = self.ask({**self.secure("good"), "ca_file": "/nowhere/ca.pem"})
        self.assertEqual(a["why"], "tls")
        self.assertRegex(a["text"], "/nowhere/ca.pem")

    def test_a_redirect_to_another_server_takes_no_credentials_along(self):
        keys = {"redirects_max": 5, "ca_file": self.file("root.crt"), "headers": ["X-Api-Key: k3y"], "certificates": True}
        for login in ({"bearer": "s3cret"}, {"user": "u", "password": "s3cret"}, {"headers": ["Authorization: s3cret", "X-Api-Key: k3y"]}):
            here, there = self.ask(self.plain("/to-here", **{**keys, **login}), self.plain("/to-tls", **{**keys, **login}))
            self.assertRegex(here["body"], "authorization=(Bearer s3cret|Basic dTpzM2NyZXQ=|s3cret) key=k3y")
            self.assertEqual((there["status"], there["redirects"], there["secure"], there["verified"]), (200, 1, True, True), there["text"])
            self.assertIn("authorization= key= ", there["body"])
            self.assertEqual(len(there["certificates"]), 2)

    def test_after_a_redirect_to_plain_http_nothing_is_secure(self):
        a = self.ask(self.secure("good", "/to-plain", redirects_max=2))
        self.assertEqual((a["status"], a["secure"], a["verified"], a["certificates"], a["tls_version"]), (200, False, False, [], ""))
        self.assertGreater(a["phases"]["tls"], 0)

    def test_a_redirect_loop_ends(self):
        a = self.ask(self.plain("/loop", redirects_max=10))
        self.assertEqual((a["why"], a["text"], a["redirects"]), ("protocol", "redirected more than 10 times", 10))

    def test_bodies_that_mean_ill_cost_what_was_agreed(self):
        bomb, endless, slow, packed = self.ask(self.plain("/bomb", compressed=True, answer_max=1000), self.plain("/endless", answer_max=1000),
                                               self.plain("/slow", timeout=700), self.plain("/gzip", compressed=True, answer_max=1 << 20))
        self.assertEqual((bomb["status"], bomb["why"], bomb["cut"], bomb["body"]), (200, "none", True, " " * 1000))
        self.assertEqual((endless["status"], endless["why"], endless["cut"], len(endless["body"])), (200, "none", True, 1000))
        self.assertEqual(endless["content_length"], 1 << 40)
        self.assertEqual((slow["why"], slow["phases"]["last"]), ("timeout", "transfer"))
        self.assertIn("gzip", packed["headers"])
        self.assertEqual(packed["body"], pathlib.Path(__file__).read_text())

    def test_bytes_behind_a_compressed_body_are_said_to_be_that(self):
        a = self.ask(self.plain("/behind", compressed=True, answer_max=1000))
        self.assertEqual((a["why"], a["text"]), ("protocol", "the compressed answer goes on behind its end"))

    def test_a_port_with_tls_is_talked_to(self):
        say = {"say": "GET /echo HTTP/1.0\r\n\r\n", "hear": True}
        good, bad, silent = self.ask(self.secure("good", "", "tls", **say), self.secure("expired", "", "tls", **say),
                                     self.secure("good", "", "tls", hear=True, timeout=500))
        self.assertEqual((good["why"], good["body"], good["verified"], good["tls_version"]), ("none", "HTTP/1.1 200 OK\r\n", True, "TLS 1.3"))
        self.assertEqual(good["certificates"][0]["not_after"], self.certificates.not_after("good"))
        self.assertEqual((bad["why"], len(bad["certificates"])), ("tls", 2))
        self.assertEqual((silent["why"], silent["phases"]["last"]), ("timeout", "processing"))

    def test_failures_among_many_touch_no_other(self):
        kinds = [self.secure("good"), self.secure("expired"), self.plain("/loop", redirects_max=3), self.plain("/bomb", compressed=True),
                 self.plain("/slow", timeout=1500), {"url": f"http://127.0.0.1:{free_port()}/"}, self.secure("good", "", "tls", say="x", hear=True)]
        requests = [{**kinds[i % len(kinds)], "together": True} for i in range(40 * len(kinds))]
        seen = {}
        for i, a in enumerate(self.ask(*requests)):
            seen.setdefault(i % len(kinds), set()).add((a["status"], a["why"]))
        self.assertEqual([seen[i] for i in range(6)], [{(200, "none")}, {(0, "tls")}, {(302, "protocol")}, {(200, "none")}, {(200, "timeout")},
                                                       {(0, "connect")}])


if __name__ == "__main__":
    unittest.main()
