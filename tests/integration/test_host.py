"""The host target is a drop-in for node_exporter: the same names, types, labels and values on the same machine; and a mount that hangs
delays nothing."""
import os
import pathlib
import subprocess
import unittest

from stack import Answer, Program, Sonde, parse, shapes, wait_for

PARTS = ["cpu", "stat", "meminfo", "loadavg", "filesystem", "diskstats", "netdev", "pressure", "uname", "time"]

# What node_exporter 1.5.0 does not have: names that later ones brought.
NEWER = {"node_cpu_online", "node_cpu_isolated", "node_filesystem_mount_info", "node_pressure_irq_stalled_seconds_total"}

# Debian's exporter leaves out more by default than upstream's does, and its disks are those of an older list.
NODE_EXPORTER = [
    "prometheus-node-exporter", "--web.listen-address=127.0.0.1:{port}", "--log.level=error", "--collector.disable-defaults",
    *[f"--collector.{part}" for part in PARTS],
    "--collector.netdev.device-exclude=^$",
    "--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    "--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|"
    "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
]

PAGE = "/targets/web-1/metrics"


def node_exporter():
    return Program("node-exporter", NODE_EXPORTER)


def node_samples(text):
    """The samples of node_*, labels without a value left out as Prometheus does. Mounts that cannot be asked are left out: Debian's exporter
    has no label for the reason yet, and DeadMount looks at ours."""
    samples = {(name, tuple(label for label in labels if label[1])): value for (name, labels), value in parse(text).items()
               if name.startswith("node_")}
    broken = {dict(labels)["mountpoint"] for (name, labels), value in samples.items() if name == "node_filesystem_device_error" and value}
    return {key: value for key, value in samples.items() if dict(key[1]).get("mountpoint") not in broken}


def without_empty_labels(text):
    kinds = {name: kind for name, (kind, _) in shapes(text).items()}
    result = {}
    for name, labels in node_samples(text):
        result.setdefault(name, (kinds[name], set()))[1].update(label for label, _ in labels)
    return result


class DropIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sonde = Sonde(targets=[{"name": "web-1", "host": {}}]).start()
        cls.addClassCleanup(cls.sonde.close)
        cls.exporter = node_exporter().start()
        cls.addClassCleanup(cls.exporter.close)
        cls.sonde.wait_up("web-1")
        cls.before = cls.sonde.text(PAGE)
        cls.theirs = cls.exporter.get("/metrics").body.decode()
        their_time = parse(cls.theirs)["node_time_seconds", ()]
        wait_for("a later poll", lambda: cls.sonde.samples(PAGE)["node_time_seconds", ()] > their_time)
        cls.after = cls.sonde.text(PAGE)

    def test_every_family_has_its_name_type_and_labels(self):
        ours, theirs = without_empty_labels(self.before), without_empty_labels(self.theirs)
        self.assertEqual({name: shape for name, shape in ours.items() if name not in NEWER}, theirs)

    def test_every_series_is_there_and_no_other(self):
        def series(text):
            return {key for key in node_samples(text) if key[0] not in NEWER | {"node_exporter_build_info"}}
        self.assertEqual(series(self.before), series(self.theirs))

    def test_nothing_is_shown_that_node_exporter_would_call_otherwise(self):
        for name in NEWER:
            self.assertNotIn(name, shapes(self.theirs))

    def test_counters_lie_between_an_earlier_and_a_later_poll(self):
        before, theirs, after = node_samples(self.before), node_samples(self.theirs), node_samples(self.after)
        types = {name: kind for name, (kind, _) in shapes(self.theirs).items()}
        compared = 0
        for key, value in theirs.items():
            if types[key[0]] != "counter":
                continue
            # The kernel's idle time may step back; each program holds the highest it has seen. A tick is 10 ms.
            slack = 1.0 if dict(key[1]).get("mode") in ("idle", "iowait") else 0.011
            self.assertLessEqual(before[key] - slack, value, key)
            self.assertLessEqual(value, after[key] + slack, key)
            compared += 1
        self.assertGreater(compared, 50)

    def test_what_does_not_move_is_equal(self):
        ours, theirs = node_samples(self.after), node_samples(self.theirs)
        fixed = {"node_boot_time_seconds", "node_memory_MemTotal_bytes", "node_memory_SwapTotal_bytes", "node_memory_VmallocTotal_bytes",
                 "node_memory_HugePages_Total", "node_memory_Hugepagesize_bytes", "node_filesystem_size_bytes", "node_filesystem_files",
                 "node_filesystem_readonly", "node_filesystem_device_error", "node_time_zone_offset_seconds", "node_uname_info",
                 "node_disk_info", "node_time_clocksource_available_info", "node_time_clocksource_current_info",
                 "node_scrape_collector_success"}
        expected = {key: value for key, value in theirs.items() if key[0] in fixed}
        self.assertEqual({key: ours[key] for key in expected}, expected)
        self.assertEqual({name for name, _ in expected}, fixed)

    def test_what_moves_is_of_the_same_size(self):
        ours, theirs = node_samples(self.after), node_samples(self.theirs)
        total = theirs["node_memory_MemTotal_bytes", ()]
        for name in ("MemFree", "MemAvailable", "Cached", "Active_anon", "Slab"):
            key = f"node_memory_{name}_bytes", ()
            self.assertLess(abs(ours[key] - theirs[key]), total / 4, name)
        for key, value in theirs.items():
            if key[0] in ("node_filesystem_free_bytes", "node_filesystem_avail_bytes"):
                self.assertLess(abs(ours[key] - value), 2e9 + value / 10, key)


# Runs in namespaces of its own: mounts a FUSE file system that nobody serves, so that every question to it hangs, one beside it that
# lives, and then the program given. When the fifo is written to, the file system is aborted.
HANG = """
import ctypes, os, subprocess, sys
point, fifo, *command = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"nobody", point.encode(), b"fuse", 0, options):
    sys.exit(f"mounting: {os.strerror(ctypes.get_errno())}")
os.mkdir(point + "-alive")
if libc.mount(b"alive", (point + "-alive").encode(), b"tmpfs", 0, None):
    sys.exit(f"mounting: {os.strerror(ctypes.get_errno())}")
program = subprocess.Popen(command)
open(fifo).read()
os.close(fuse)
sys.exit(program.wait())
"""


class SondeWithDeadMount(Sonde):
    def __init__(self, **keys):
        super().__init__(**keys)
        self.point, self.fifo = self.folder / "dead", self.folder / "release"
        self.point.mkdir()
        os.mkfifo(self.fifo)

    def command(self):
        return ["unshare", "--mount", "--propagation=unchanged", "--pid", "--fork", "--mount-proc", "--kill-child", "/usr/bin/python3", "-c", HANG, str(self.point),
                str(self.fifo), *super().command()]

    def release(self):
        self.fifo.write_text("now")

    def pid(self):
        """Of sonde itself, from outside of its namespace."""
        for status in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            words = status.read_bytes().split(b"\0")
            if words[1:2] == [b"run"] and str(self.path).encode() in status.read_bytes():
                return int(status.parent.name)
        raise AssertionError("sonde does not run")

    def threads(self):
        return len(list(pathlib.Path(f"/proc/{self.pid()}/task").iterdir()))


class DeadMount(unittest.TestCase):
    def labels(self, sonde, error):
        return (("device", "nobody"), ("device_error", error), ("fstype", "fuse"), ("mountpoint", str(sonde.point)))

    def test_a_mount_that_hangs_is_shown_and_delays_nothing(self):
        with SondeWithDeadMount(targets=[{"name": "web-1", "host": {}}]) as sonde:
            hangs = "node_filesystem_device_error", self.labels(sonde, "mountpoint timeout")
            wait_for("the dead mount to be told of", lambda: sonde.samples(PAGE)[hangs] == 1)
            page = sonde.samples(PAGE)
            alive = (("device", "alive"), ("fstype", "tmpfs"), ("mountpoint", f"{sonde.point}-alive"))
            self.assertIn(("node_filesystem_size_bytes", alive), page)
            self.assertEqual(page["node_scrape_collector_success", (("collector", "filesystem"),)], 1)
            self.assertFalse(any(name == "node_filesystem_size_bytes" and dict(labels)["fstype"] == "fuse" for name, labels in page))
            threads = []
            for _ in range(4):
                seen = sonde.samples(PAGE)["node_time_seconds", ()]
                wait_for("a fresh poll beside the dead mount", lambda: sonde.samples(PAGE)["node_time_seconds", ()] > seen)
                threads.append(sonde.threads())
            self.assertEqual(sonde.samples(PAGE)[hangs], 1)
            self.assertEqual(threads, [threads[0]] * 4)  # one that waits for the dead mount and one for the others, however often it is asked
            sonde.release()
            gone = "node_filesystem_device_error", self.labels(sonde, "transport endpoint is not connected")
            wait_for("the mount to answer again", lambda: sonde.samples(PAGE)[gone] == 1)


class SondeWithOwnNetwork(Sonde):
    """In a network namespace of its own, where a test may make and rename devices."""

    def command(self):
        return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *super().command()]

    def inside(self, *command):
        return subprocess.run(["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *command], capture_output=True, text=True)

    def get(self, path, headers=None, method="GET"):
        script = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{self.port}{path}').read().decode())"
        done = self.inside("/usr/bin/python3", "-c", script)
        return Answer(200 if done.returncode == 0 else 0, {}, done.stdout.encode())

    def ready(self):
        return self.get("/-/healthy").status == 200

    def devices(self):
        return {dict(labels)["device"] for name, labels in self.samples(PAGE) if name == "node_network_receive_bytes_total"}


class Devices(unittest.TestCase):
    def test_a_device_that_comes_is_renamed_and_goes_is_always_called_by_its_name(self):
        with SondeWithOwnNetwork(targets=[{"name": "web-1", "host": {}}]) as sonde:
            for change, devices in (("add first type bridge", {"lo", "first"}), ("set first name second", {"lo", "second"}),
                                    ("delete second", {"lo"})):
                done = sonde.inside("ip", "link", *change.split())
                self.assertEqual(done.returncode, 0, done.stderr)
                wait_for(f"{devices} after {change}", lambda: sonde.devices() == devices)


if __name__ == "__main__":
    unittest.main()
