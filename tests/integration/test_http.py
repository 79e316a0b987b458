"""The HTTP side of the real program: hostile clients, and addresses to listen on."""
import os
import socket
import subprocess
import unittest

from stack import PATIENCE, SONDE, Sonde, fetch, wait_for

HOST = [{"name": "web-1", "host": {}}]


def trickle(port, source):
    """A connection that has begun a request and never ends it."""
    s = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
    s.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    s.setblocking(False)
    return s


def is_cut(s):
    """Sends one byte more; True when the server has closed the connection."""
    try:
        s.send(b"a")
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def open_files(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


class Hostile(unittest.TestCase):
    def test_tricklers_are_cut_and_stop_no_scrape_meanwhile(self):
        with Sonde(targets=HOST) as sonde:
            sonde.wait_up("web-1")
            sonde.wait_log(r"\d+ rules, ")  # the last that opens files
            before = open_files(sonde.process)
            slow = [trickle(sonde.port, f"127.0.0.{2 + i % 2}") for i in range(200)]

            def all_cut():
                self.assertEqual(sonde.get("/metrics").status, 200)
                cut = [is_cut(s) for s in slow]
                return all(cut)

            wait_for("all tricklers to be cut", all_cut)
            for s in slow:
                s.close()
            wait_for("their descriptors to be closed", lambda: open_files(sonde.process) <= before + 1)

    def test_a_client_that_vanishes_in_the_middle_of_a_page_harms_nobody(self):
        with Sonde(targets=HOST) as sonde:
            sonde.wait_up("web-1")
            for _ in range(100):
                with socket.create_connection(("127.0.0.1", sonde.port), PATIENCE) as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            self.assertEqual(sonde.get("/metrics").status, 200)

    def test_without_descriptors_it_waits_and_recovers(self):
        with Sonde(targets=HOST) as sonde:
            sonde.wait_up("web-1")
            sonde.wait_log(r"\d+ rules, ")
            subprocess.run(["prlimit", f"--pid={sonde.process.pid}", f"--nofile={open_files(sonde.process) + 3}:4096"], check=True)
            held = [socket.create_connection(("127.0.0.1", sonde.port), PATIENCE) for _ in range(20)]
            sonde.wait_log("cannot accept more HTTP connections.*LimitNOFILE")
            for s in held:
                s.close()
            wait_for("a scrape again", lambda: sonde.get("/metrics").status == 200)
            self.assertEqual(sonde.log_text().count("cannot accept"), 1)


class Addresses(unittest.TestCase):
    def run_with(self, address):
        return subprocess.run([SONDE, "run", f"--web.listen-address={address}"], capture_output=True, text=True, timeout=PATIENCE)

    def test_a_port_in_use_is_a_sentence_with_the_remedy(self):
        with Sonde(targets=HOST) as sonde:
            ended = self.run_with(f"127.0.0.1:{sonde.port}")
            self.assertNotEqual(ended.returncode, 0)
            self.assertRegex(ended.stderr, rf"cannot listen on 127.0.0.1:{sonde.port}: the port is in use.*ss -ltnp.*--web.listen-address")

    def test_what_is_no_address_is_refused(self):
        for address in ("10420", "::1:10420", "127.0.0.1:99999", "unix:relative"):
            ended = self.run_with(address)
            self.assertNotEqual(ended.returncode, 0)
            self.assertRegex(ended.stderr.splitlines()[-1], r"level=error.*(listen-address|listen address)")

    def test_every_address_serves_and_the_socket_file_goes_at_the_end(self):
        path = f"/tmp/sonde-test-{os.getpid()}.sock"
        with Sonde(targets=HOST, arguments=["--web.listen-address=127.0.0.3:0", f"--web.listen-address=unix:{path}"]) as sonde:
            other = sonde.wait_log(r"http://127\.0\.0\.3:(\d+)/metrics")
            self.assertEqual(fetch(int(other[1]), "/-/healthy", host="127.0.0.3").status, 200)
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 200 "))
            sonde.stop()
            self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
