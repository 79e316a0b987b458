"""What a process has cost so far: CPU as the scheduler counts it in nanoseconds, and memory."""
import glob
import os
import pathlib
import re


def cpu(pid):
    """Seconds of CPU that a process has used, all its threads that live."""
    total = 0
    for file in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            total += int(pathlib.Path(file).read_text().split()[0])
        except OSError:
            pass
    return total / 1e9


def cpu_in_all(pid):
    """The same with the threads that have ended (names are looked up by short ones), in hundredths."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Resident and private megabytes."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB", rollup, re.M)}
    return kilobytes["Rss"] / 1024, (kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) / 1024
