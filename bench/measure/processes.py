"""What Linux says about a process: <https://docs.kernel.org/filesystems/proc.html>."""

import pathlib
import time


def cpu_ms(pid: int) -> float:
    """Returns the CPU time of a process in milliseconds: all threads, also those that have ended, to the nanosecond."""
    # The clock of a process: clock_getcpuclockid(3).
    return time.clock_gettime(~pid << 3 | 2) * 1e3


def page_faults(pid: int) -> int:
    """Returns the minor page faults of all threads."""
    return int(stat(pid)[7])


def resident_mb(pid: int) -> float:
    """Returns the resident memory in MB, counted page by page. VmRSS in /proc/PID/status is an estimate."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"/proc/{pid}/smaps_rollup has no Rss")


def children(pid: int) -> list[int]:
    """Returns the processes that a process has started."""
    found = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if int(stat(int(directory.name))[1]) == pid:
                found.append(int(directory.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while its files were read
    return found


def stat(pid: int) -> list[str]:
    """Returns the fields of /proc/PID/stat after the name, which may contain spaces. The first is the state."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
