"""A web application as the tests need it: /health with JSON, /metrics as prom-client writes it, and a switch that breaks all of it. A module, not a
test."""
import http.server
import json
import ssl
import subprocess
import threading
import time

from stack import need

PAGE = """# TYPE http_requests_total counter
http_requests_total{{method="GET",route="/",status="200"}} {good}
http_requests_total{{method="GET",route="/",status="500"}} {bad}
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{{method="GET",le="0.1"}} {good}
http_request_duration_seconds_bucket{{method="GET",le="1"}} {good}
http_request_duration_seconds_bucket{{method="GET",le="+Inf"}} {all}
http_request_duration_seconds_sum{{method="GET"}} {all}
http_request_duration_seconds_count{{method="GET"}} {all}
# TYPE db_pool_connections_active gauge
db_pool_connections_active {active}
# TYPE db_pool_connections_max gauge
db_pool_connections_max 10
# TYPE nodejs_eventloop_lag_p99_seconds gauge
nodejs_eventloop_lag_p99_seconds {lag}
# TYPE process_start_time_seconds gauge
process_start_time_seconds {start}
"""


class Application(http.server.ThreadingHTTPServer):
    """Serves /health, /metrics and /; at each scrape some requests more have been answered. `broken` is what the test turns."""

    daemon_threads = True

    def __init__(self, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port, self.broken, self.good, self.bad, self.start = self.server_address[1], False, 0, 0, 1000
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.show(certificate)
            self.socket = self.context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def show(self, certificate):
        """From the next connection on."""
        self.context.load_cert_chain(certificate, certificate.with_suffix(".key"))

    def page(self):
        self.good += 20
        self.bad += 5 * self.broken
        self.start += self.broken
        return PAGE.format(good=self.good, bad=self.bad, all=self.good + self.bad, active=10 if self.broken else 2,
                           lag=0.5 if self.broken else 0.01, start=self.start)

    def health(self):
        return json.dumps({"pool": {"total": 50, "active": 49 if self.broken else 8}, "services": {"database": "down" if self.broken else "ok"}})


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        app = self.server
        if self.path == "/slow" and app.broken:
            time.sleep(1.2)
        body = {"/metrics": app.page, "/health": app.health}.get(self.path, lambda: "well\n")()
        self.send_response(500 if self.path == "/" and app.broken else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def certificate(folder, days):
    """The path of a certificate signed by itself, with its key beside it."""
    subprocess.run([need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=web",
                    "-days", str(days), "-keyout", f"{days}.key", "-out", f"{days}.crt"], check=True, capture_output=True, cwd=folder)
    return folder / f"{days}.crt"
