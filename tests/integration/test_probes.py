"""HTTP and TCP probes against a real nginx and a small application, and beside the real blackbox_exporter on the same endpoints."""
import http.server
import json
import re
import socket
import subprocess
import threading
import unittest
import urllib.parse

from stack import Program, Server, Sonde, accepts, fetch, free_port, need, parse, shapes, wait_for

NGINX = """
daemon off;
load_module {modules}/ngx_mail_module.so;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  types {{ text/plain txt; application/json json; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  root {folder}/files;
  server {{
    listen 127.0.0.1:{port};
    location = /redirect {{ return 302 /ok.txt; }}
    location = /twice {{ return 301 http://127.0.0.1:{port}/redirect; }}
    location = /loop {{ return 302 /loop; }}
    location = /to-tls {{ return 302 https://localhost:{good}/ok.txt; }}
    location = /to-nobody {{ return 302 http://127.0.0.1:{closed}/; }}
    location = /to-file {{ return 302 file:///etc/passwd; }}
    location = /busy {{ return 503 "<html><h1>Down for\n maintenance</h1></html>"; }}
    location = /none {{ return 204; }}
    location = /gzip.txt {{ gzip on; gzip_min_length 1; gzip_types text/plain; }}
    location = /bomb.txt {{ gzip off; add_header Content-Encoding gzip; }}
    location = /slow.txt {{ limit_rate 100; }}
    location = /private {{ auth_basic x; auth_basic_user_file {folder}/htpasswd; try_files /ok.txt =404; }}
  }}
  server {{ listen 127.0.0.1:{good} ssl http2; ssl_certificate {folder}/good.chain; ssl_certificate_key {folder}/good.key; }}
  server {{ listen 127.0.0.1:{old} ssl; ssl_certificate {folder}/old.crt; ssl_certificate_key {folder}/old.key; }}
  server {{ listen 127.0.0.1:{own} ssl; ssl_certificate {folder}/own.crt; ssl_certificate_key {folder}/own.key; }}
  server {{ listen 127.0.0.1:{client} ssl; ssl_certificate {folder}/good.crt; ssl_certificate_key {folder}/good.key;
    ssl_client_certificate {folder}/ca.crt; ssl_verify_client on; }}
}}
mail {{
  auth_http 127.0.0.1:{closed}/;
  ssl_certificate {folder}/good.chain;
  ssl_certificate_key {folder}/good.key;
  server {{ listen 127.0.0.1:{smtp}; protocol smtp; starttls on; }}
  server {{ listen 127.0.0.1:{imap}; protocol imap; starttls on; }}
  server {{ listen 127.0.0.1:{pop3}; protocol pop3; starttls on; }}
  server {{ listen 127.0.0.1:{bare}; protocol smtp; }}
  server {{ listen 127.0.0.1:{aged}; protocol smtp; starttls on; ssl_certificate {folder}/old.crt; ssl_certificate_key {folder}/old.key; }}
}}
"""


class Nginx(Server):
    """nginx with TLS: `good` from an authority of its own, `old` expired, `own` self-signed, `client` asks for a certificate. And as a mail server with
    STARTTLS: `smtp`, `imap`, `pop3`; `bare` has none, `aged` an expired certificate."""

    name = "nginx"

    def __init__(self):
        super().__init__()
        self.port, self.good, self.old, self.own, self.client, self.closed = (free_port() for _ in range(6))
        self.smtp, self.imap, self.pop3, self.bare, self.aged = (free_port() for _ in range(5))
        self.modules = need("libnginx-mod-mail", "/usr/lib/nginx/modules")
        self.ca = str(self.folder / "ca.crt")

    def openssl(self, *words):
        subprocess.run([need("openssl"), *words], check=True, capture_output=True, cwd=self.folder)

    def sign(self, name, days, ca="ca"):
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,DNS:shop.example")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=Shop/CN=localhost", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", str(days),
                     "-extfile", "names", "-out", f"{name}.crt")

    def start(self):
        files = self.folder / "files"
        files.mkdir()
        (files / "ok.txt").write_text("all is well\n")
        (files / "gzip.txt").write_text("all is well, at length\n" * 1000)
        (files / "slow.txt").write_text("x" * 100000)
        subprocess.run("head -c 20000000 /dev/zero | gzip -9 >bomb.txt", shell=True, check=True, cwd=files)
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test authority", "-days", "20", "-keyout", "ca.key", "-out", "ca.crt")
        self.sign("good", 10), self.sign("old", -1), self.sign("mine", 10)
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "5", "-keyout", "own.key", "-out", "own.crt")
        (self.folder / "good.chain").write_text((self.folder / "good.crt").read_text() + (self.folder / "ca.crt").read_text())
        (self.folder / "htpasswd").write_text("me:{PLAIN}hunter2!\n")
        (self.folder / "nginx.conf").write_text(NGINX.format(**vars(self)))
        return super().start()

    def command(self):
        return [need("nginx", "/usr/sbin/nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "error.log")]

    def ready(self):
        return accepts(self.port)

    def url(self, path, port=None):
        return f"https://localhost:{port}{path}" if port else f"http://127.0.0.1:{self.port}{path}"


class Application(http.server.ThreadingHTTPServer):
    """Answers /health with self.health and self.status, keeps the headers it was sent, and misbehaves on the other paths."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        self.port, self.status, self.seen = self.server_address[1], 200, []
        self.health = {"status": "ok", "pool": {"total": 50, "idle": 42, "active": 8}, "services": {"database": "ok", "cache": "ok"}}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path="/health"):
        return f"http://127.0.0.1:{self.port}{path}"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/endless":
            return self.endless()
        if self.path == "/garbage":
            return self.wfile.write(b"this is not HTTP\r\n\r\n")
        if self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("Location", urllib.parse.unquote(self.path[6:]))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        text = json.dumps(self.server.health).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        return self.wfile.write(text)

    do_GET = do_PUT = do_POST

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"more and more " * 5000)
        except OSError:
            self.close_connection = True


def health(sonde, name):
    """What the target's health page says: (status, text)."""
    answer = sonde.get(f"/targets/{name}/health")
    return answer.status, answer.body.decode().strip()


def wait_said(sonde, name, pattern):
    return wait_for(f"{name} to say {pattern!r}; it says {health(sonde, name)}", lambda: re.search(pattern, health(sonde, name)[1]))


def page(sonde, name):
    return sonde.samples(f"/targets/{name}/metrics")


def wait_probed(sonde, name):
    return wait_for(f"{name} to be probed", lambda: ("probe_success", ()) in page(sonde, name) and page(sonde, name))


class BesideBlackbox(unittest.TestCase):
    """Names, types, labels and values are those of blackbox_exporter; what is more is ours and listed here."""

    OURS = {"probe_all_duration_seconds_bucket", "probe_all_duration_seconds_sum", "probe_all_duration_seconds_count", "probe_all_success_sum",
            "probe_all_success_count", "probe_failures_total", "probe_http_responses_total", "probe_ssl_leaf_cert_expiry", "probe_ssl_verified",
            "probe_timeout_seconds", "probe_tls_cipher_info"}  # the last two: newer versions of blackbox_exporter have them, too
    EQUAL = re.compile(r"probe_(success|ip_|http_(content_length|redirects|ssl|status_code|uncompressed|version|last_modified)|ssl_earliest|"
                       r"ssl_last_chain_expiry|tls_version|failed_due)")

    @classmethod
    def setUpClass(cls):
        cls.nginx = Nginx().start()
        cls.addClassCleanup(cls.nginx.close)
        n = cls.nginx
        cls.closed = free_port()
        tls = {"ca_file": n.ca}
        cls.cases = {  # name: (URL, our keys, prober, its keys)
            "ok": (n.url("/ok.txt"), {}, "http", {}),
            "missing": (n.url("/missing"), {}, "http", {}),
            "expected-404": (n.url("/missing"), {"expect": {"status": "404"}}, "http", {"valid_status_codes": [404]}),
            "none": (n.url("/none"), {}, "http", {}),
            "redirect": (n.url("/redirect"), {}, "http", {}),
            "twice": (n.url("/twice"), {}, "http", {}),
            "unfollowed": (n.url("/redirect"), {"redirects": 0}, "http", {"follow_redirects": False}),
            "to-nobody": (n.url("/to-nobody"), {}, "http", {}),
            "host-header": (f"https://127.0.0.1:{n.good}/ok.txt", {**tls, "headers": {"Host": "localhost"}}, "http",
                            {"tls_config": tls, "headers": {"Host": "localhost"}}),
            "to-tls": (n.url("/to-tls"), tls, "http", {"tls_config": tls}),
            "tls": (n.url("/ok.txt", n.good), tls, "http", {"tls_config": tls}),
            "plain-but-tls": (n.url("/ok.txt"), {"expect": {"tls": "required"}}, "http", {"fail_if_not_ssl": True}),
            "tls-but-plain": (n.url("/ok.txt", n.good), {**tls, "expect": {"tls": "forbidden"}}, "http", {"fail_if_ssl": True, "tls_config": tls}),
            "body": (n.url("/ok.txt"), {"expect": {"body": ["is w.ll"]}}, "http", {"fail_if_body_not_matches_regexp": ["is w.ll"]}),
            "body-missing": (n.url("/ok.txt"), {"expect": {"body": ["^well"]}}, "http", {"fail_if_body_not_matches_regexp": ["^well"]}),
            "body-not": (n.url("/ok.txt"), {"expect": {"body_not": ["well$", "well\n"]}}, "http", {"fail_if_body_matches_regexp": ["well$", "well\n"]}),
            "header": (n.url("/ok.txt"), {"expect": {"headers": {"Content-Type": "^text/"}}}, "http",
                       {"fail_if_header_not_matches": [{"header": "Content-Type", "regexp": "^text/"}]}),
            "header-missing": (n.url("/ok.txt"), {"expect": {"headers": {"X-Nothing": "."}}}, "http",
                               {"fail_if_header_not_matches": [{"header": "X-Nothing", "regexp": "."}]}),
            "header-not": (n.url("/ok.txt"), {"expect": {"headers_not": {"Server": "nginx"}}}, "http",
                           {"fail_if_header_matches": [{"header": "Server", "regexp": "nginx"}]}),
            "gzip": (n.url("/gzip.txt"), {"compressed": True, "expect": {"body": "at length"}}, "http",
                     {"compression": "gzip", "headers": {"Accept-Encoding": "gzip"}, "fail_if_body_not_matches_regexp": ["at length"]}),
            "login": (n.url("/private"), {"user": "me", "password": "hunter2!"}, "http", {"basic_auth": {"username": "me", "password": "hunter2!"}}),
            "no-login": (n.url("/private"), {}, "http", {}),
            "post": (n.url("/ok.txt"), {"method": "POST", "body": "x"}, "http", {"method": "POST", "body": "x"}),
            "version": (n.url("/ok.txt"), {"expect": {"http_version": "1.1"}}, "http", {"valid_http_versions": ["HTTP/1.1"]}),
            "refused": (f"http://127.0.0.1:{cls.closed}/", {}, "http", {}),
            "untrusted": (n.url("/ok.txt", n.own), {}, "http", {}),
            "tcp": (f"127.0.0.1:{n.port}", {}, "tcp", {}),
            "tcp-refused": (f"127.0.0.1:{cls.closed}", {}, "tcp", {}),
            "tcp-tls": (f"localhost:{n.good}", {"tls": True, **tls}, "tcp", {"tls": True, "tls_config": tls}),
            "tcp-said": (f"127.0.0.1:{n.port}", {"send": "GET /\r\n", "expect": "^<html>"}, "tcp",
                         {"query_response": [{"send": "GET /\r\n"}, {"expect": "^<html>"}]}),
            "smtp": (f"localhost:{n.smtp}", {"starttls": "smtp", **tls}, "tcp",
                     {"tls_config": tls, "query_response": [{"expect": "^220 "}, {"send": "EHLO probe\r"}, {"expect": "^250.STARTTLS"},
                                                            {"send": "STARTTLS\r"}, {"expect": "^220 "}, {"starttls": True}]}),
            "imap": (f"localhost:{n.imap}", {"starttls": "imap", **tls}, "tcp",
                     {"tls_config": tls, "query_response": [{"expect": "OK"}, {"send": ". STARTTLS\r"}, {"expect": "OK"}, {"starttls": True}]}),
            "pop3": (f"localhost:{n.pop3}", {"starttls": "pop3", **tls}, "tcp",
                     {"tls_config": tls, "query_response": [{"expect": "^.OK"}, {"send": "STLS\r"}, {"expect": "^.OK"}, {"starttls": True}]}),
        }
        cls.blackbox = Program("blackbox", ["prometheus-blackbox-exporter", "--config.file={folder}/bb.yml", "--web.listen-address=127.0.0.1:{port}"])
        modules = {name: {"prober": prober, "timeout": "5s", prober: {"preferred_ip_protocol": "ip4", **keys}}
                   for name, (_, _, prober, keys) in cls.cases.items()}
        (cls.blackbox.folder / "bb.yml").write_text(json.dumps({"modules": modules}))
        cls.blackbox.start()
        cls.addClassCleanup(cls.blackbox.close)
        cls.sonde = Sonde(targets=[{"name": name, prober: url, "ip": "4", **keys} for name, (url, keys, prober, _) in cls.cases.items()]).start()
        cls.addClassCleanup(cls.sonde.close)
        for name in cls.cases:
            wait_probed(cls.sonde, name)

    def theirs(self, name):
        answer = self.blackbox.get(f"/probe?module={name}&target=" + urllib.parse.quote(self.cases[name][0]))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body.decode()

    def test_names_types_and_labels_are_those_of_blackbox_exporter(self):
        for name in self.cases:
            with self.subTest(name):
                ours, theirs = shapes(self.sonde.text(f"/targets/{name}/metrics"), r"^(process|sonde)_"), shapes(self.theirs(name))
                for sample, shape in theirs.items():
                    kind, labels = ours.get(sample, (None, None))
                    self.assertEqual(kind, shape[0], sample)
                    extra = {"serialnumber"} if sample == "probe_ssl_last_chain_info" else set()  # newer versions have it, too
                    self.assertEqual(labels - extra, shape[1], sample)
                certificates = {s for s in ours if re.match("probe_(ssl|tls)_", s)} if name == "untrusted" else set()
                self.assertEqual(set(ours) - set(theirs) - self.OURS - certificates, set())

    def test_values_are_those_of_blackbox_exporter(self):
        for name in self.cases:
            with self.subTest(name):
                ours, theirs = page(self.sonde, name), parse(self.theirs(name))
                self.assertTrue({k for k in theirs if self.EQUAL.match(k[0])})
                if name == "unfollowed":
                    del theirs["probe_http_uncompressed_body_length", ()]  # of which it does not read the body
                for key, value in theirs.items():
                    if self.EQUAL.match(key[0]):
                        self.assertEqual(ours.get(key), value, key)
                    elif key[0] == "probe_ssl_last_chain_info":
                        [mine] = [dict(k[1]) for k in ours if k[0] == key[0]]
                        self.assertEqual({k: v for k, v in mine.items() if k != "serialnumber"}, dict(key[1]))

    def test_phases_are_there_and_add_up(self):
        for name in ("ok", "tls", "to-tls", "twice"):
            samples = page(self.sonde, name)
            phases = {dict(labels)["phase"]: value for (sample, labels), value in samples.items() if sample == "probe_http_duration_seconds"}
            self.assertEqual(set(phases), {"resolve", "connect", "tls", "processing", "transfer"})
            self.assertEqual(phases["tls"] > 0, "tls" in name)
            self.assertTrue(all(value >= 0 for value in phases.values()), phases)
            self.assertGreater(phases["connect"], 0)
            self.assertLessEqual(sum(phases.values()), samples["probe_duration_seconds", ()] + 1e-4)

    def test_probe_answers_as_blackbox_is_asked(self):
        for asked in ("ok", self.cases["tls"][0], self.cases["tcp"][0]):
            answer = self.sonde.get("/probe?module=http_2xx&target=" + urllib.parse.quote(asked, safe=""))
            self.assertEqual((answer.status, parse(answer.body.decode())["probe_success", ()]), (200, 1), asked)
        answer = self.sonde.get("/probe?target=" + urllib.parse.quote(self.nginx.url("/busy"), safe=""))
        self.assertEqual(answer.status, 404)

    def test_a_prometheus_sees_up_1_where_the_probe_failed(self):
        self.assertEqual(self.sonde.get("/targets/refused/metrics").status, 200)
        self.assertEqual(page(self.sonde, "refused")["probe_success", ()], 0)
        self.assertEqual(health(self.sonde, "refused"), (503, health(self.sonde, "refused")[1]))


class Reasons(unittest.TestCase):
    """What is wrong is said in a sentence, counted under a reason, and touches nothing else."""

    @classmethod
    def setUpClass(cls):
        cls.nginx, cls.app = Nginx().start(), Application()
        cls.addClassCleanup(cls.nginx.close)
        cls.addClassCleanup(cls.app.__exit__)
        n, silent = cls.nginx, socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(silent.close)
        cls.cases = {  # name: (keys, reason, sentence)
            "ok": ({"http": n.url("/ok.txt")}, None, "ok"),
            "refused": ({"http": f"http://127.0.0.1:{free_port()}/"}, "connect", "Connection refused"),
            "unknown": ({"http": "http://nobody.invalid/"}, "resolve", "."),
            "busy": ({"http": n.url("/busy")}, "status", 'answered 503: "Down for maintenance"'),
            "loop": ({"http": n.url("/loop")}, "redirect", "redirect"),
            "to-file": ({"http": n.url("/to-file")}, "redirect", "."),
            "expired": ({"http": n.url("/ok.txt", n.old), "ca_file": n.ca}, "tls", "the certificate expired (1 day ago|within the last day)"),
            "own": ({"http": n.url("/ok.txt", n.own)}, "tls", "self[- ]signed"),
            "other-name": ({"http": f"https://127.0.0.1:{n.good}/ok.txt", "ca_file": n.ca}, "tls", "name|127.0.0.1"),
            "no-certificate": ({"http": n.url("/ok.txt", n.client), "ca_file": n.ca}, "status", "answered 400"),
            "not-tls": ({"http": f"https://localhost:{n.port}/"}, "tls", "."),
            "slow": ({"http": n.url("/slow.txt"), "timeout": "500ms"}, "timeout", "while reading the answer"),
            "silent": ({"http": f"http://127.0.0.1:{silent.getsockname()[1]}/", "timeout": "500ms"}, "timeout", "while waiting for the answer"),
            "endless": ({"http": cls.app.url("/endless")}, "limit", "longer than 1024 KB"),
            "bomb": ({"http": n.url("/bomb.txt"), "compressed": True}, "limit", "longer than 1024 KB"),
            "packed": ({"http": n.url("/bomb.txt"), "expect": {"body": "x"}}, "protocol", "packed"),
            "garbage": ({"http": cls.app.url("/garbage")}, "protocol", "."),
            "no-json": ({"http": n.url("/ok.txt"), "json": {"values": "$.a"}}, "json", 'the body is no JSON: .*"all is well"'),
            "mute": ({"tcp": f"127.0.0.1:{silent.getsockname()[1]}", "expect": "hello", "timeout": "500ms"}, "timeout", "."),
            "no-starttls": ({"tcp": f"localhost:{n.bare}", "starttls": "smtp"}, "tls", "the server offers no STARTTLS"),
            "aged": ({"tcp": f"localhost:{n.aged}", "starttls": "smtp", "ca_file": n.ca}, "tls", "the certificate expired"),
            "not-imap": ({"tcp": f"localhost:{n.smtp}", "starttls": "imap", "timeout": "500ms"}, "timeout", "no time was left"),
            "other-word": ({"tcp": f"127.0.0.1:{n.port}", "send": "GET /\r\n", "expect": "^SSH"}, "body", "which does not match \\^SSH"),
        }
        cls.sonde = Sonde(targets=[{"name": name, **keys} for name, (keys, _, _) in cls.cases.items()]).start()
        cls.addClassCleanup(cls.sonde.close)

    def test_every_failure_has_its_reason_and_its_sentence(self):
        for name, (_, reason, sentence) in self.cases.items():
            with self.subTest(name):
                wait_probed(self.sonde, name)
                self.assertRegex(health(self.sonde, name)[1], sentence)
                samples = page(self.sonde, name)
                counted = {dict(labels)["reason"] for (sample, labels), value in samples.items() if sample == "probe_failures_total" and value}
                self.assertEqual(counted, {reason} if reason else set())
                self.assertEqual(samples["probe_success", ()], 0 if reason else 1)
                self.assertEqual(health(self.sonde, name)[0], 503 if reason else 200)

    def test_a_certificate_that_is_not_accepted_shows_when_it_expires(self):
        for name, crt in (("expired", "old"), ("own", "own"), ("other-name", "good")):
            with self.subTest(name):
                wait_probed(self.sonde, name)
                text = subprocess.run([need("openssl"), "x509", "-in", self.nginx.folder / f"{crt}.crt", "-noout", "-enddate"], capture_output=True, text=True,
                                      check=True).stdout
                end = subprocess.run(["date", "-u", "-d", text.split("=")[1].strip(), "+%s"], capture_output=True, text=True, check=True).stdout
                samples = page(self.sonde, name)
                self.assertEqual(samples["probe_ssl_leaf_cert_expiry", ()], float(end))
                self.assertEqual(samples["probe_ssl_earliest_cert_expiry", ()], float(end))
                self.assertEqual(samples["probe_ssl_verified", ()], 0)

    def test_what_is_accepted_regardless_is_well(self):
        n = self.nginx
        targets = [{"name": "old", "http": n.url("/ok.txt", n.old), "insecure_skip_verify": True},
                   {"name": "named", "http": f"https://127.0.0.1:{n.good}/ok.txt", "ca_file": n.ca, "server_name": "shop.example"},
                   {"name": "with-certificate", "http": n.url("/ok.txt", n.client), "ca_file": n.ca, "cert_file": str(n.folder / "mine.crt"),
                    "key_file": str(n.folder / "mine.key")}]
        with Sonde(targets=targets) as sonde:
            for target in targets:
                wait_said(sonde, target["name"], "^ok$")

    def test_an_answer_that_comes_again_is_well_again_and_counters_go_on(self):
        with Application() as app, Sonde(targets=[{"name": "app", "http": app.url()}]) as sonde:
            wait_said(sonde, "app", "^ok$")
            app.status = 500
            wait_said(sonde, "app", "answered 500")
            app.status = 200
            wait_said(sonde, "app", "^ok$")
            samples = page(sonde, "app")
            self.assertGreaterEqual(samples["probe_failures_total", (("reason", "status"),)], 1)
            self.assertGreater(samples["probe_all_success_sum", ()], 1)
            self.assertEqual(samples["probe_all_success_count", ()] - samples["probe_all_success_sum", ()],
                             samples["probe_failures_total", (("reason", "status"),)])
            self.assertEqual(samples["probe_all_success_count", ()], samples["probe_all_duration_seconds_bucket", (("le", "+Inf"),)])


class Health(unittest.TestCase):
    """A health endpoint in JSON: conditions, numbers, states."""

    def test_the_pool_and_the_services_become_metrics_and_conditions_are_judged(self):
        target = {"name": "app", "expect": {"json": ['$.status == "ok"', "$.pool.active < 40"]},
                  "json": {"values": "$.pool.*", "states": "$.services.*", "metrics": {"app_pool_idle": "$.pool.idle"}}}
        with Application() as app, Sonde(targets=[{**target, "http": app.url()}]) as sonde:
            wait_said(sonde, "app", "^ok$")
            samples = page(sonde, "app")
            self.assertEqual({dict(labels)["path"]: value for (sample, labels), value in samples.items() if sample == "probe_json_value"},
                             {"pool.total": 50, "pool.idle": 42, "pool.active": 8})
            self.assertEqual(samples["app_pool_idle", ()], 42)
            self.assertEqual(samples["probe_json_state", (("path", "services.database"),)], 1)
            app.health["services"]["database"] = "connection refused"
            wait_for("the database to be down", lambda: page(sonde, "app")["probe_json_state", (("path", "services.database"),)] == 0)
            app.health["pool"]["active"] = 45
            wait_said(sonde, "app", r"\$\.pool\.active is 45, not < 40")
            self.assertEqual(page(sonde, "app")["probe_json_value", (("path", "pool.active"),)], 45)
            app.health["status"] = "degraded"
            wait_said(sonde, "app", r'\$\.status is "degraded", not "ok"')

    def test_a_rule_sees_the_use_of_the_pool(self):
        rules = {"groups": [{"name": "pool", "rules": [{"alert": "PoolNearlyExhausted", "expr":
                 'probe_json_value{path="pool.active"} / ignoring(path) probe_json_value{path="pool.total"} > 0.8'}]}]}
        with Application() as app:
            sonde = Sonde(targets=[{"name": "app", "http": app.url(), "json": {"values": "$.pool.*"}}], rules=["pool.yml"])
            (sonde.folder / "pool.yml").write_text(json.dumps(rules))
            with sonde:
                wait_said(sonde, "app", "^ok$")
                app.health["pool"]["active"] = 45
                sonde.wait_log("PoolNearlyExhausted")

    def test_method_body_headers_and_secrets_arrive(self):
        with Application() as app:
            sonde = Sonde(targets=[{"name": "bearer", "http": app.url("/a"), "method": "PUT", "body": "ping", "headers": {"X-One": "1", "Host": "shop"},
                                    "bearer_file": "token"},
                                   {"name": "basic", "http": app.url("/b").replace("//", "//me:hun%40ter2@")}])
            (sonde.folder / "token").write_text("hunter2\n")
            with sonde:
                wait_said(sonde, "bearer", "^ok$"), wait_said(sonde, "basic", "^ok$")
                [(method, headers, body), *_] = [(m, h, b) for m, p, h, b in app.seen if p == "/a"]
                self.assertEqual((method, body, headers["X-One"], headers["Host"], headers["Authorization"]), ("PUT", b"ping", "1", "shop", "Bearer hunter2"))
                [headers, *_] = [h for _, p, h, _ in app.seen if p == "/b"]
                self.assertEqual(headers["Authorization"], "Basic bWU6aHVuQHRlcjI=")
                everything = sonde.text() + sonde.text("/targets/basic/metrics") + sonde.get("/").body.decode() + sonde.get("/sd").body.decode() + sonde.log_text()
                self.assertNotIn("hunter2", everything)
                self.assertNotIn("hun%40ter2", everything)

    def test_no_login_goes_to_another_host(self):
        with Application() as first, Application() as other:
            away = first.url("/away/" + urllib.parse.quote(other.url("/there"), safe=""))
            targets = [{"name": "basic", "http": away, "user": "me", "password": "hunter2"},
                       {"name": "bearer", "http": away, "bearer": "hunter2"},
                       {"name": "header", "http": away, "headers": {"X-Api-Key": "hunter2", "Cookie": "s=hunter2"}},
                       {"name": "url", "http": away.replace("//", "//me:hunter2@", 1)}]
            with Sonde(targets=targets) as sonde:
                for target in targets:
                    wait_said(sonde, target["name"], "^ok$")
                self.assertTrue(all("hunter2" in str(headers) or "Basic" in str(headers) for _, _, headers, _ in first.seen))
                self.assertGreaterEqual(len(other.seen), len(targets))
                for _, _, headers, _ in other.seen:
                    self.assertNotRegex(str(headers), "hunter2|Authorization|Cookie|X-Api-Key")

    def test_addresses_on_the_command_line_are_checked_once(self):
        with Application() as app:
            sonde = Sonde(targets=[])
            said = subprocess.run([*sonde.command()[:1], "check", app.url(), f"tcp://127.0.0.1:{app.port}"], capture_output=True, text=True)
            self.assertEqual(said.returncode, 0, said)
            app.status = 503
            said = subprocess.run([*sonde.command()[:1], "check", app.url()], capture_output=True, text=True)
            self.assertEqual(said.returncode, 2, said)
            self.assertIn("answered 503", said.stdout)


if __name__ == "__main__":
    unittest.main()
