"""The Redis target is a drop-in for redis_exporter: the same names, types, labels and values of the same server, in every role that a
server can have; it gets in wherever redis-cli does, and whatever answers instead of Redis costs a sentence and nothing else."""
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from stack import Program, Redis, Sonde, accepts, need, parse, shapes, wait_for

PAGE = "/targets/cache/metrics"

# What only makes sense for a program that is asked by HTTP to look at any server, and labels that are empty or Go's.
NOT_OURS = {"redis_last_key_groups_scrape_duration_milliseconds", "redis_target_scrape_request_errors_total", "redis_exporter_build_info",
            "redis_exporter_last_scrape_error"}
# Values that move by themselves between two looks.
MOVES = (r"redis_(exporter|commands|cpu|memory|mem|allocator|net|latency|uptime|total_(reads|writes)|connections|connected_clients|slowlog|"
         r"last_slow|client_recent|instantaneous|master_(last_io|repl)|slave_repl|repl_backlog|connected_slave|errors|total_error|defrag|active|"
         r"cluster_(stats_)?messages|config_maxclients|io_thread|expired_stale|io_threaded)")


def redis_target(url, **keys):
    return {"name": "cache", "redis": url, **keys}


def labelled(text):
    """The samples, labels without a value left out as Prometheus does."""
    return {(name, tuple(label for label in labels if label[1])): value for (name, labels), value in parse(text).items()}


def give_it_work(redis):
    redis.cli("CONFIG", "SET", "slowlog-log-slower-than", "0")
    redis.cli("CONFIG", "SET", "latency-monitor-threshold", "1")
    redis.cli("EVAL", "local x = 0 for i = 1, 3000000 do x = x + i end return x", "0")
    redis.cli("CONFIG", "SET", "slowlog-log-slower-than", "10000")
    redis.cli("CONFIG", "SET", "latency-monitor-threshold", "0")
    redis.cli("SET", "plain", "x")
    redis.cli("SETEX", "brief", "10000", "x")
    redis.cli("-n", "3", "LPUSH", "list", "a")
    redis.cli("LPUSH", "plain", "a", check=False)


class DropIn(unittest.TestCase):
    def compare(self, redis, ours_only=()):
        """Both look at the same server; all that the exporter shows must be there."""
        url = f"redis://127.0.0.1:{redis.port}"
        exporter = Program("redis-exporter", ["prometheus-redis-exporter", "-redis.addr", url, "-web.listen-address", "127.0.0.1:{port}"])
        with exporter, Sonde(targets=[redis_target(url)]) as sonde:
            sonde.wait_up("cache")
            polls = sonde.value("redis_exporter_scrapes_total", PAGE)
            exporter.get("/metrics")
            wait_for("two more polls", lambda: sonde.value("redis_exporter_scrapes_total", PAGE) > polls + 1)
            theirs, ours = exporter.get("/metrics").body.decode(), sonde.text(PAGE)
            wait_for("one more poll", lambda: sonde.value("redis_exporter_scrapes_total", PAGE) > polls + 2)
            after = sonde.text(PAGE)
        self.compare_shapes(shapes(theirs), shapes(after))
        self.compare_values(labelled(theirs), labelled(ours), labelled(after))
        for name in ours_only:
            self.assertIn(name, shapes(after))
        return labelled(after)

    def compare_shapes(self, theirs, ours):
        missing = {name for name in theirs if name not in ours} - NOT_OURS
        self.assertEqual(missing, set())
        for name in set(theirs) - NOT_OURS:
            self.assertEqual(ours[name], theirs[name], name)

    def compare_values(self, theirs, before, after):
        checked = 0
        for key, value in theirs.items():
            if not key[0].startswith("redis_") or key[0] in NOT_OURS or re.match(MOVES, key[0]):
                continue
            self.assertIn(key, after)
            low, high = sorted((before.get(key, after[key]), after[key]))
            self.assertTrue(low <= value <= high, f"{key}: {value} there, {low} to {high} here")
            checked += 1
        self.assertGreater(checked, 30)

    def test_a_master_with_a_replica(self):
        with Redis() as master, Redis("--replicaof", "127.0.0.1", str(master.port)) as replica:
            give_it_work(master)
            wait_for("the replica to follow", lambda: "master_link_status:up" in replica.cli("INFO", "replication"))
            page = self.compare(master, ["redis_role", "redis_total_system_memory_bytes", "redis_memory_fragmentation_ratio"])
            self.assertEqual(page["redis_db_keys", (("db", "db0"),)], 2)
            self.assertEqual(page["redis_db_keys", (("db", "db3"),)], 1)
            self.assertEqual(page["redis_db_keys", (("db", "db15"),)], 0)
            self.assertGreaterEqual(page["redis_errors_total", (("err", "WRONGTYPE"),)], 1)
            self.assertGreater(page["redis_latency_spike_duration_seconds", (("event_name", "command"),)], 0)
            self.assertGreater(page["redis_last_slow_execution_duration_seconds", ()], 0)
            page = self.compare(replica, ["redis_master_link_up", "redis_slave_info"])
            self.assertEqual(page["redis_role", (("role", "slave"),)], 1)

    def test_a_node_of_a_cluster(self):
        with Redis("--cluster-enabled", "yes") as node:
            node.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            wait_for("the cluster to be well", lambda: "cluster_state:ok" in node.cli("CLUSTER", "INFO"))
            page = self.compare(node)
            self.assertEqual(page["redis_cluster_state", ()], 1)
            self.assertEqual(page["redis_cluster_slots_ok", ()], 16384)

    def test_a_sentinel(self):
        with Redis() as master, Sentinel(master.port) as sentinel:
            page = self.compare_sentinel(sentinel)
            self.assertEqual(page["redis_sentinel_masters", ()], 1)

    def compare_sentinel(self, sentinel):
        with Sonde(targets=[redis_target(f"redis://127.0.0.1:{sentinel.port}")]) as sonde:
            sonde.wait_up("cache")
            page = labelled(sonde.text(PAGE))
        names = {name for name, _ in page}
        self.assertLessEqual({"redis_sentinel_tilt", "redis_sentinel_master_status", "redis_sentinel_master_slaves"}, names)
        self.assertNotIn("redis_db_keys", names)
        return page


class Sentinel(Redis):
    def __init__(self, master_port):
        super().__init__()
        conf = self.folder / "sentinel.conf"
        conf.write_text(f"sentinel monitor main 127.0.0.1 {master_port} 1\n")

    def command(self):
        return [need("redis-server"), str(self.folder / "sentinel.conf"), "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder)]

    def ready(self):
        return accepts(self.port)


class Authority:
    """A certificate authority of our own, with a certificate for `localhost` (not for 127.0.0.1) and one for a client."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-tls-"))
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test authority", "-days", "2", "-keyout", "ca.key", "-out",
                     "ca.crt")
        for name in ("localhost", "client"):
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            (self.folder / "ext").write_text(f"subjectAltName=DNS:{name}\n")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
                         "ext", "-out", f"{name}.crt")

    def openssl(self, *words):
        subprocess.run([need("openssl"), *words], check=True, capture_output=True, cwd=self.folder)

    def path(self, name):
        return str(self.folder / name)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class WaysIn(unittest.TestCase):
    def page_of(self, target):
        with Sonde(targets=[target]) as sonde:
            sonde.wait_up("cache")
            return labelled(sonde.text(PAGE))

    def refusal_of(self, target, reason, says, secret=None):
        """It is down for `reason`, says so once in the log with a remedy, and shows no number of the server."""
        with Sonde(targets=[target]) as sonde:
            sonde.wait_down("cache")
            sonde.wait_log(says)
            wait_for(f"the reason {reason}", lambda: sonde.value("sonde_target_failures_total", reason=reason, target="cache") >= 1)
            page = sonde.text(PAGE)
            self.assertIn("\nredis_up 0\n", page)
            self.assertNotIn("redis_memory_used_bytes", page)
            if secret:
                everything = page + sonde.text("/metrics") + sonde.log_text() + sonde.get("/").body.decode() + sonde.get("/health").body.decode()
                self.assertNotIn(secret, everything)

    def test_a_unix_socket_and_a_database(self):
        with Redis() as redis:
            self.assertEqual(self.page_of(redis_target(f"unix://{redis.socket}?db=3"))["redis_up", ()], 1)
            self.refusal_of(redis_target(f"unix://{redis.socket}?db=77"), "config", "has no database of that number")

    def test_a_password(self):
        with Redis("--requirepass", "s3cr3t/%") as redis:
            where = f"127.0.0.1:{redis.port}"
            self.assertEqual(self.page_of(redis_target(f"redis://:s3cr3t%2F%25@{where}"))["redis_up", ()], 1)
            self.assertEqual(self.page_of(redis_target(where, password="s3cr3t/%"))["redis_up", ()], 1)
            secret_file = redis.folder / "password"
            secret_file.write_text("s3cr3t/%\n")
            self.assertEqual(self.page_of(redis_target(where, password_file=str(secret_file)))["redis_up", ()], 1)
            self.refusal_of(redis_target(where), "auth", "wants a login; set password or password_file")
            self.refusal_of(redis_target(f"redis://:canary-77@{where}"), "auth", "refused the password", "canary-77")

    def test_a_password_that_the_server_does_not_want(self):
        with Redis() as redis:
            self.assertEqual(self.page_of(redis_target(f"redis://:x@127.0.0.1:{redis.port}"))["redis_up", ()], 1)

    def test_a_user_who_may_only_look(self):
        with Redis() as redis:
            redis.cli("ACL", "SETUSER", "sonde", "on", ">canary-78", "-@all", "+@connection", "+info", "+slowlog", "+latency", "+config|get", "+time",
                      "+scan", "~*")
            self.assertIn("sonde", redis.cli("ACL", "USERS"))
            page = self.page_of(redis_target(f"redis://sonde:canary-78@127.0.0.1:{redis.port}"))
            self.assertIn(("redis_config_maxclients", ()), page)
            self.assertIn(("redis_slowlog_length", ()), page)
            self.refusal_of(redis_target(f"redis://sonde:canary-79@127.0.0.1:{redis.port}"), "auth", "refused the password of user sonde", "canary-79")
            self.refusal_of(redis_target(f"redis://sonde@127.0.0.1:{redis.port}"), "auth", "refused user sonde without a password")

    def test_a_user_who_may_not_ask_info(self):
        with Redis() as redis:
            redis.cli("ACL", "SETUSER", "sonde", "on", ">canary-80", "-@all", "+@connection", "+ping")
            self.refusal_of(redis_target(f"redis://sonde:canary-80@127.0.0.1:{redis.port}"), "permission", r"ACL SETUSER sonde \+INFO", "canary-80")

    def test_what_a_server_forbids_costs_its_part_and_is_asked_once(self):
        with Redis("--rename-command", "CONFIG", "", "--rename-command", "LATENCY", "") as redis, \
                Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}", parts={"config": {"every": "1s"}})]) as sonde:
            sonde.wait_up("cache")
            sonde.wait_log("part config: .* does not know this command")
            sonde.wait_log("part latency: .* does not know this command")
            errors = wait_for("the errors of the first poll", lambda: sonde.value("redis_errors_total", PAGE, err="ERR"))
            polls = sonde.value("redis_exporter_scrapes_total", PAGE)
            wait_for("five more polls", lambda: sonde.value("redis_exporter_scrapes_total", PAGE) > polls + 5)
            self.assertEqual(sonde.value("redis_errors_total", PAGE, err="ERR"), errors)
            self.assertEqual(sonde.value("redis_db_keys", PAGE, db="db15"), 0)
            self.assertEqual(len(re.findall("part config", sonde.log_text())), 1)

    def test_tls(self):
        authority = Authority()
        self.addCleanup(authority.close)
        tls_port = Redis().port
        redis = Redis("--tls-port", tls_port, "--tls-cert-file", authority.path("localhost.crt"), "--tls-key-file", authority.path("localhost.key"),
                      "--tls-ca-cert-file", authority.path("ca.crt"), "--tls-auth-clients", "yes")
        ours = {"ca_file": authority.path("ca.crt"), "cert_file": authority.path("client.crt"), "key_file": authority.path("client.key")}
        by_name, by_number = f"rediss://localhost:{tls_port}", f"rediss://127.0.0.1:{tls_port}"
        with redis:
            self.assertEqual(self.page_of(redis_target(by_name, **ours))["redis_up", ()], 1)
            self.assertEqual(self.page_of(redis_target(by_number, server_name="localhost", **ours))["redis_up", ()], 1)
            self.assertEqual(self.page_of(redis_target(by_number, insecure_skip_verify=True, **ours))["redis_up", ()], 1)
            self.refusal_of(redis_target(by_number, **ours), "tls", "is for another name; set server_name")
            self.refusal_of(redis_target(by_name, cert_file=ours["cert_file"], key_file=ours["key_file"]), "tls", "is not trusted: .*set ca_file")
            self.refusal_of(redis_target(by_name, ca_file=ours["ca_file"]), "tls", "set cert_file and key_file")
            self.refusal_of(redis_target(by_name, **{**ours, "key_file": authority.path("ca.key")}), "tls", "cannot read the key of cert_file")
            self.refusal_of(redis_target(by_name, **{**ours, "ca_file": "/nowhere/ca.crt"}), "tls", "cannot read certificates from ca_file /nowhere/ca.crt")
            self.refusal_of(redis_target(f"redis://127.0.0.1:{tls_port}"), "connect", "if it speaks TLS, use rediss://")
            self.refusal_of(redis_target(f"rediss://127.0.0.1:{redis.port}"), "timeout", "a server without TLS stays silent, then redis:// is right")

    def test_nobody_listens(self):
        port = Redis().port
        self.refusal_of(redis_target(f"127.0.0.1:{port}"), "connect", "Connection refused; is the server running")
        self.refusal_of(redis_target("unix:///nowhere/redis.sock"), "connect", "No such file or directory")
        self.refusal_of(redis_target("no-such-host.invalid"), "resolve", "no-such-host.invalid has no address")


def held(port):
    """A connection that the server accepted, or None."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"PING\r\n")
    if connection.recv(64) == b"+PONG\r\n":
        return connection
    connection.close()
    return None


class Life(unittest.TestCase):
    """What happens to servers while they are watched."""

    def test_one_connection_and_few_commands(self):
        with Redis() as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}", parts={"queues": False})]) as sonde:
            sonde.wait_up("cache")
            value = lambda name: sonde.value(name, PAGE)
            polls = value("redis_exporter_scrapes_total")
            wait_for("a poll on the kept connection", lambda: value("redis_exporter_scrapes_total") > polls + 1)
            polls, first = polls + 2, sonde.samples(PAGE)
            wait_for("five more polls", lambda: value("redis_exporter_scrapes_total") >= polls + 5)
            last = sonde.samples(PAGE)
            more = last["redis_exporter_scrapes_total", ()] - first["redis_exporter_scrapes_total", ()]
            self.assertEqual(last["redis_connections_received_total", ()], first["redis_connections_received_total", ()])
            asked = last["redis_commands_processed_total", ()] - first["redis_commands_processed_total", ()]
            self.assertLessEqual(asked, 5 * (more + 1))  # INFO, SLOWLOG twice, LATENCY
            self.assertIn("name=sonde", redis.cli("CLIENT", "LIST"))
            self.assertEqual(last["redis_exporter_last_scrape_connect_time_seconds", ()], 0)

    def test_a_stopped_server_is_down_and_comes_back_on_the_same_page(self):
        with Redis() as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}"), {"name": "web-1", "host": {}}]) as sonde:
            sonde.wait_up("cache")
            redis.pause()
            sonde.wait_down("cache")
            page = sonde.text(PAGE)
            self.assertIn("\nredis_up 0\n", page)
            self.assertNotIn("redis_connected_clients", page)
            self.assertEqual(sonde.is_up("web-1"), 1)
            wait_for("the reason", lambda: sonde.value("sonde_target_failures_total", reason="timeout", target="cache") >= 1)
            redis.resume()
            sonde.wait_up("cache")
            self.assertIn("redis_config_maxclients", sonde.text(PAGE))

    def test_a_killed_server_comes_back_as_another_one(self):
        with Redis() as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}")]) as sonde:
            sonde.wait_up("cache")
            run_id = lambda: next(dict(labels)["run_id"] for name, labels in sonde.samples(PAGE) if name == "redis_instance_info")
            before = run_id()
            redis.kill()
            sonde.wait_down("cache")
            redis.start()
            sonde.wait_up("cache")
            self.assertNotEqual(run_id(), before)

    def test_a_connection_that_the_server_ends_costs_no_poll(self):
        with Redis() as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}")]) as sonde:
            sonde.wait_up("cache")
            for _ in range(3):
                redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                polls = sonde.value("redis_exporter_scrapes_total", PAGE)
                wait_for("two more polls", lambda: sonde.value("redis_exporter_scrapes_total", PAGE) > polls + 1)
            self.assertEqual(sum(v for (name, _), v in sonde.samples().items() if name == "sonde_target_failures_total"), 0)

    def test_no_connection_left(self):
        with Redis("--maxclients", "2") as redis:
            holders = [wait_for("a connection to hold", lambda: held(redis.port)) for _ in range(2)]
            with Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}")]) as sonde:
                sonde.wait_down("cache")
                sonde.wait_log("has no connection left; raise maxclients")
                wait_for("the reason", lambda: sonde.value("sonde_target_failures_total", reason="too_many", target="cache") >= 1)
                for holder in holders:
                    holder.close()
                sonde.wait_up("cache")

    def test_a_server_busy_with_a_script(self):
        with Redis("--busy-reply-threshold", "50") as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}")]) as sonde:
            sonde.wait_up("cache")
            script = subprocess.Popen([need("redis-cli"), "-s", str(redis.socket), "EVAL", "while true do end", "0"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            self.addCleanup(script.kill)
            sonde.wait_down("cache")
            sonde.wait_log("is busy with a script; SCRIPT KILL ends it")
            redis.cli("SCRIPT", "KILL")
            sonde.wait_up("cache")

    def test_a_server_that_loads_its_data_says_so(self):
        with Redis() as redis, Sonde(targets=[redis_target(f"127.0.0.1:{redis.port}")]) as sonde:
            redis.cli("EVAL", "for i = 1, 5000 do redis.call('SET', 'k' .. i, string.rep('x', 100)) end", "0")
            redis.cli("SAVE")
            redis.kill()
            redis.arguments += ["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"]
            redis.start()
            wait_for("the server to be seen loading", lambda: sonde.value("redis_loading_dump_file", PAGE) == 1)
            self.assertEqual(sonde.value("redis_up", PAGE), 1)

    def test_a_replica_that_may_not_serve_is_still_seen(self):
        port = Redis().port
        with Redis("--replicaof", "127.0.0.1", str(port), "--replica-serve-stale-data", "no") as replica, \
                Sonde(targets=[redis_target(f"127.0.0.1:{replica.port}")]) as sonde:
            sonde.wait_up("cache")
            self.assertEqual(sonde.value("redis_master_link_up", PAGE, master_host="127.0.0.1", master_port=str(port)), 0)


class FakeServer:
    """Calls `talk(connection)` for each client, and closes."""

    def __init__(self, talk):
        self.talk, self.listener, self.over = talk, socket.create_server(("127.0.0.1", 0)), threading.Event()
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                self.talk(self, connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.close()


def says(answer):
    def talk(server, connection):
        connection.recv(65536)
        connection.sendall(answer)
        server.over.wait(30)
    return talk


def drips(server, connection):
    connection.recv(65536)
    for byte in b"+OK\r\n$1000\r\n" + b"x" * 1000:
        connection.sendall(bytes([byte]))
        if server.over.wait(0.2):
            return


def streams(piece, first=b""):
    def talk(server, connection):
        connection.sendall(first)
        while not server.over.is_set():
            connection.sendall(piece)
    return talk


def hangs_up(server, connection):
    connection.recv(65536)


class Impostors(unittest.TestCase):
    """Each is a target of one agent, so that each also shows that it harms no other."""

    TALKS = {
        "garbage": (says(bytes(range(256)) * 8), "protocol"),
        "http": (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
        "silent": (lambda server, connection: server.over.wait(30), "timeout"),
        "drip": (drips, "timeout"),
        "hangs-up": (hangs_up, "connect"),
        "huge-array": (says(b"*200000000\r\n"), "limit"),
        "huge-string": (says(b"$2000000000\r\n"), "limit"),
        "deep": (says(b"*1\r\n" * 1000), "protocol"),
        "endless-line": (streams(b"x" * 4096, b"+"), "limit"),
        "endless-string": (streams(b"x" * 65536, b"+OK\r\n$16777000\r\n"), "limit|protocol|timeout"),
        "too-many": (says(b"+OK\r\n" * 1000), "protocol"),
        "other-shape": (says(b":1\r\n" * 6), "protocol|timeout"),
        "empty-info": (says(b"+OK\r\n$0\r\n\r\n:0\r\n*0\r\n*0\r\n" + b"*0\r\n" * 6), "protocol"),
    }

    def test_none_of_them_harms(self):
        servers = {name: FakeServer(talk) for name, (talk, _) in self.TALKS.items()}
        for server in servers.values():
            self.addCleanup(server.__exit__)
        targets = [{"name": name, "redis": f"redis://u:canary-81@127.0.0.1:{server.port}"} for name, server in servers.items()]
        with Redis() as real, Sonde(targets=[*targets, redis_target(f"127.0.0.1:{real.port}")]) as sonde:
            sonde.wait_up("cache")
            for name, (_, reasons) in self.TALKS.items():
                self.wait_reason(sonde, name, reasons)
            sonde.wait_log("an HTTP server would")
            self.assertEqual(sonde.is_up("cache"), 1)
            self.assertLess(self.resident(sonde), 256 << 20)
            self.assertNotIn("canary-81", sonde.log_text() + sonde.text("/metrics") + sonde.get("/").body.decode())

    def wait_reason(self, sonde, name, reasons):
        def failed():
            return any(value >= 1 for (metric, labels), value in sonde.samples().items() if metric == "sonde_target_failures_total"
                       and dict(labels)["target"] == name and re.fullmatch(reasons, dict(labels)["reason"]))
        wait_for(f"{name} to be down for {reasons}; log:\n{sonde.log_text()}", failed)

    def resident(self, sonde):
        status = pathlib.Path(f"/proc/{sonde.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


class Discovery(unittest.TestCase):
    def found(self, **environment):
        with Sonde(environment=environment) as sonde:
            sonde.wait_log("found redis")
            names = wait_for("a Redis target", lambda: [t["labels"]["target"] for t in json.loads(sonde.get("/sd").body)
                                                        if t["labels"]["job"] == "redis"])
            sonde.wait_up(names[0])
            return names, sonde.log_text()

    def test_the_environment_names_a_server(self):
        with Redis("--requirepass", "canary-82") as redis:
            names, log = self.found(REDIS_URL=redis.url("canary-82"))
            self.assertIn(f"127.0.0.1:{redis.port}", names)
            self.assertNotIn("canary-82", log)

    def test_the_variables_of_redis_exporter(self):
        with Redis("--requirepass", "cana/ry@83") as redis:
            address = f"redis://127.0.0.1:{redis.port}"
            names, log = self.found(REDIS_ADDR=address, REDIS_PASSWORD="cana/ry@83")
            self.assertEqual(names, [f"127.0.0.1:{redis.port}"])
            secret_file = redis.folder / "passwords.json"
            secret_file.write_text(json.dumps({address: "cana/ry@83", "redis://other:6379": "x"}))
            self.found(REDIS_ADDR=address, REDIS_PASSWORD_FILE=str(secret_file))
            secret_file.write_text("cana/ry@83\n")
            self.found(REDIS_ADDR=address, REDIS_PASSWORD_FILE=str(secret_file))
            self.assertNotIn("cana/ry@83", log)


if __name__ == "__main__":
    unittest.main()
