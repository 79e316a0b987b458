"""Real servers for the integration tests: each starts on a free port in a folder of its own and leaves nothing behind.

    with Postgres() as pg, Redis() as redis, Sonde(targets=[{"name": "main", "postgres": pg.dsn()}]) as sonde:
        sonde.wait_up("main")
        page = sonde.samples("/targets/main/metrics")        # {('pg_up', ()): 1.0, …}

The program under test is $SONDE (default build/release/sonde). Nothing here asserts on time: wait_for() waits long and fails loudly."""
import atexit
import collections
import glob
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = os.environ.get("SONDE", str(ROOT / "build/release/sonde"))
PATIENCE = 60.0  # seconds; far above what anything here takes


def wait_for(what, condition, patience=PATIENCE):
    """Calls `condition` until it returns something true, which is returned; an assertion error naming `what` otherwise."""
    end = time.monotonic() + patience
    while True:
        try:
            value, error = condition(), None
        except (AssertionError, OSError, http.client.HTTPException, KeyError, ValueError) as caught:
            value, error = None, caught
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:.0f} s in vain for: {what}" + (f" ({error!r})" if error else ""))
        time.sleep(0.05)


_ports = set()


def free_port():
    """A port nobody listens on, each only once in this process."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if port not in _ports and port <= 55535:  # a node of a Redis cluster listens 10,000 above, too
            _ports.add(port)
            return port


def need(program, *places):
    """The path of a program that a test cannot do without."""
    for place in places:
        found = sorted(glob.glob(place))
        if found:
            return found[-1]
    found = shutil.which(program)
    assert found, f"{program} is missing: `make test` installs what the tests need"
    return found


def descendants(pid):
    """The process and all that came from it, parents first."""
    children = collections.defaultdict(list)
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = pathlib.Path(stat).read_text(errors="replace")
        except OSError:
            continue
        children[int(text.rsplit(")", 1)[1].split()[1])].append(int(text.split()[0]))
    found = [pid]
    for parent in found:
        found += children[parent]
    return found


def node_folder(name, script):
    """A folder with the script of tests/integration/<name> and the libraries that it needs, installed once for each content of package.json."""
    source = ROOT / "tests/integration" / name
    content = (source / "package.json").read_bytes()
    folder = ROOT / "build/node" / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_bytes(content)
        done = subprocess.run([need("npm"), "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                              capture_output=True, text=True)
        assert done.returncode == 0, f"npm install: {done.stderr}"
        (folder / "complete").touch()
    shutil.copy(source / script, folder)
    return folder


class Server:
    """A process with a folder. Subclasses give the command line in command() and tell in ready() when it serves."""

    name = "server"
    user = None  # run as this user when we are root

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sonde-test-{self.name}-"))
        self.process, self.log = None, self.folder / "log"
        atexit.register(self.close)

    def command(self):
        raise NotImplementedError

    def ready(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def as_user(self, command):
        if self.user and os.geteuid() == 0:
            return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *command]
        return command

    def start(self):
        if self.user and os.geteuid() == 0:
            shutil.chown(self.folder, self.user, self.user)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.as_user(self.command()), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=self.environment(), cwd=self.folder, start_new_session=True)
        wait_for(f"{self.name} to serve; its log:\n{self.log_text()}", self._alive_and_ready)
        return self

    def _alive_and_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log_text()}")
        return self.ready()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal_all(self, number):
        """To the process and all its descendants: those of Postgres have groups of their own."""
        for pid in descendants(self.process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        self.signal_all(signal.SIGCONT)

    def kill(self):
        self.signal_all(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.close()


def accepts(port, host="127.0.0.1"):
    with socket.create_connection((host, port), 1):
        return True


class Postgres(Server):
    """PostgreSQL with trust for local users, scram for role `sonde` (password `secret`, pg_monitor), pg_stat_statements loaded and created."""

    name, user = "postgres", "postgres"

    def __init__(self, settings=None, hba=None, encoding="UTF8"):
        super().__init__()
        self.port, self.data = free_port(), self.folder / "data"
        self.bin = pathlib.Path(need("postgres", "/usr/lib/postgresql/*/bin/postgres")).parent
        self.settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": str(self.folder), "fsync": "off",
                         "shared_preload_libraries": "pg_stat_statements", "max_connections": 40, "track_io_timing": "on"}
        self.settings.update(settings or {})
        self.hba = hba or ["local all postgres trust", "host all postgres 127.0.0.1/32 trust", "local all all scram-sha-256",
                           "host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 trust"]
        self.encoding = encoding

    def command(self):
        return [str(self.bin / "postgres"), "-D", str(self.data)]

    def initialise(self):
        shutil.chown(self.folder, self.user) if os.geteuid() == 0 else None
        subprocess.run(self.as_user([str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", self.encoding,
                                     "--locale=C", "--no-sync"]), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.writelines(f"{key} = '{value}'\n" for key, value in self.settings.items())
        (self.data / "pg_hba.conf").write_text("\n".join(self.hba) + "\n")

    def start(self):
        fresh = not self.data.exists()
        if fresh:
            self.initialise()
        super().start()
        if fresh:
            self.psql("CREATE ROLE sonde LOGIN PASSWORD 'secret'; GRANT pg_monitor TO sonde; CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        return self

    def ready(self):
        return subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    def psql(self, sql, database="postgres", user="postgres", check=True):
        """Runs statements, each on its own; returns the output of unaligned psql."""
        done = subprocess.run([str(self.bin / "psql"), "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database,
                               "-v", "ON_ERROR_STOP=1"], input=sql, text=True, capture_output=True)
        assert not check or done.returncode == 0, f"psql: {done.stderr}"
        return done.stdout.strip()

    def session(self, sql, database="postgres", user="postgres"):
        """A client that runs `sql` and stays connected until it is closed (a Popen)."""
        client = subprocess.Popen([str(self.bin / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        client.stdin.write(sql + "\n")
        client.stdin.flush()
        return client

    def dsn(self, user="sonde", password="secret", database="postgres"):
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/{database}"


class Redis(Server):
    """redis-server; `arguments` are its command line options, as redis.conf has them: Redis("--requirepass", "x")."""

    name = "redis"

    def __init__(self, *arguments, port=None):
        super().__init__()
        self.port, self.arguments = port or free_port(), [str(a) for a in arguments]
        self.socket = self.folder / "redis.sock"

    def command(self):
        return [need("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--unixsocket",
                str(self.socket), *self.arguments]

    def ready(self):
        return self.socket.exists() and (accepts(self.port) if self.port else True)

    def cli(self, *words, check=True):
        done = subprocess.run([need("redis-cli"), "-s", str(self.socket), *[str(w) for w in words]], text=True, capture_output=True)
        assert not check or done.returncode == 0, f"redis-cli: {done.stderr}{done.stdout}"
        return done.stdout.strip()

    def url(self, password=None, user="", database=0):
        login = f"{user}:{password}@" if password else ""
        return f"redis://{login}127.0.0.1:{self.port}/{database}"


class Program(Server):
    """Any other server: Program("exporter", ["cmd", "--port={port}"])."""

    def __init__(self, name, command, port=None, environment=None):
        self.name = name
        super().__init__()
        self.port, self.extra = port or free_port(), environment or {}
        self.line = [part.format(port=self.port, folder=self.folder) for part in command]

    def environment(self):
        return {**os.environ, **self.extra}

    def command(self):
        return [need(self.line[0]), *self.line[1:]]

    def ready(self):
        return accepts(self.port)

    def get(self, path):
        return fetch(self.port, path)


Answer = collections.namedtuple("Answer", "status headers body")


def fetch(port, path, headers=None, method="GET", host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


_LINE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """A page of text as {(name, ((label, value), …)): float}. Strict: a line it cannot read is an assertion error, and so is a duplicate."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        match = _LINE.match(line)
        assert match, f"not a sample: {line!r}"
        key = match[1], tuple(sorted(_LABEL.findall(match[2] or "")))
        assert key not in samples, f"twice on one page: {line!r}"
        samples[key] = float(match[3])
    return samples


def shapes(text, ignore=r"^(go_|promhttp_|process_)"):
    """What a page is made of: {sample name: (type, {label names})}, the form in which exporters are compared."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    result = {}
    for name, labels in parse(text):
        if re.match(ignore, name):
            continue
        family = next((name[: -len(s)] for s in ("_bucket", "_sum", "_count") if name.endswith(s) and name[: -len(s)] in types), name)
        kind = types.get(name) or types.get(family) or "untyped"
        result.setdefault(name, (kind, set()))[1].update(label for label, _ in labels)
    return result


class Sonde(Server):
    """The program under test. `targets` and `keys` become its configuration; with neither, it runs without a file."""

    name = "sonde"

    def __init__(self, targets=None, arguments=(), environment=None, interval="1s", text=None, **keys):
        super().__init__()
        self.port, self.arguments, self.extra = free_port(), list(arguments), environment or {}
        self.path = self.folder / "sonde.yml"
        self.has_file = targets is not None or text is not None
        if self.has_file:
            self.configure(targets, interval, text, **keys)

    def configure(self, targets=None, interval="1s", text=None, **keys):
        """Writes the file. JSON is YAML."""
        self.path.write_text(text if text is not None else json.dumps(
            {"poll_interval": interval, "state_dir": str(self.folder / "state"), "targets": targets, **keys}, indent=1))

    def command(self):
        file = [f"--config.file={self.path}"] if self.has_file else []
        return [SONDE, "run", f"--web.listen-address=127.0.0.1:{self.port}", *file, *self.arguments]

    def environment(self):
        plain = {k: v for k, v in os.environ.items() if not re.match(r"PG|DATA_SOURCE|DATABASE_URL|REDIS", k)}
        return {**plain, "STATE_DIRECTORY": str(self.folder / "state"), **self.extra}

    def ready(self):
        return fetch(self.port, "/-/healthy").status == 200

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def get(self, path, headers=None, method="GET"):
        return fetch(self.port, path, headers, method)

    def text(self, path="/metrics"):
        answer = self.get(path, {"Accept": "text/plain"})
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:200]!r}"
        return answer.body.decode()

    def samples(self, path="/metrics"):
        return parse(self.text(path))

    def value(self, sample, path="/metrics", **labels):
        """The value of one series; KeyError when it is not there."""
        return self.samples(path)[sample, tuple(sorted(labels.items()))]

    def is_up(self, target):
        return self.samples().get(("sonde_target_up", (("target", target),)))

    def wait_up(self, target):
        wait_for(f"target {target} to be up; log:\n{self.log_text()}", lambda: self.is_up(target) == 1)

    def wait_down(self, target):
        wait_for(f"target {target} to be down", lambda: self.is_up(target) == 0)

    def wait_log(self, pattern):
        return wait_for(f"a log line like {pattern!r}; log:\n{self.log_text()}", lambda: re.search(pattern, self.log_text()))


_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
  while (name && strstr(name, ".example")) pause();
  return ((resolver *)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, ret);
}
"""


def hung_resolver():
    """A library to preload, with which names that end in .example are looked up for ever."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-shim-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "shim.c").write_text(_SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"], check=True)
    return str(folder / "shim.so")
