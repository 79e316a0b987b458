"""A receiver of webhooks that behaves as the test says: it answers, refuses, hangs, closes, drips, talks without end.

    with Receiver() as hook:
        hook.script = [status(500), close, ok]      # one for each request; the last stays
        hook.wait(3)                                # until three requests came: [Request(path, headers, body), …]
"""
import collections
import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import time

from stack import free_port, wait_for

Request = collections.namedtuple("Request", "path headers body")


def status(code, body=b"", **headers):
    """An answer; Retry_After=1 becomes the header Retry-After."""
    def act(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return act


ok = status(200, b"ok")


def close(handler):
    """The connection breaks before an answer."""
    handler.close_connection = True


def hang(handler):
    """Nothing is said until the receiver is closed."""
    handler.server.receiver.released.wait()
    handler.close_connection = True


def endless(code, count):
    """An answer of that many bytes."""
    return status(code, b"x" * count)


def drip(code):
    """The status at once, the body byte by byte and never whole."""
    def act(handler):
        handler.send_response(code)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not handler.server.receiver.released.wait(0.2):
            handler.wfile.write(b".")
            handler.wfile.flush()
    return act


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.server.receiver.took(Request(self.path, dict(self.headers), json.loads(body)))
        try:
            action(self)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass  # a client that goes away is part of the play


class Receiver:
    """`tls`: a folder to make a self-signed certificate in."""

    def __init__(self, script=None, tls=None):
        self.script, self.requests, self.answered = script or [ok], [], []
        self.lock, self.released = threading.Lock(), threading.Event()
        self.port = free_port()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.receiver = self
        self.scheme = "https" if tls else "http"
        if tls:
            self.wrap(pathlib.Path(tls))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wrap(self, folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key", "-out", folder / "cert", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert", folder / "key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def took(self, request):
        with self.lock:
            self.requests.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def url(self, path="/hook"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def wait(self, count):
        wait_for(f"{count} requests, not {len(self.requests)}", lambda: len(self.requests) >= count)
        return self.requests

    def names(self):
        """What came, in order: [("firing", "alertname"), …]."""
        with self.lock:
            return [(alert["status"], alert["labels"]["alertname"]) for r in self.requests for alert in r.body["alerts"]]

    def settle(self, seconds=1.5):
        """Long enough for a message that is wrongly sent again to come."""
        time.sleep(seconds)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
