"""The memory of the local system and of the functions' instances during the load."""

import statistics
from typing import NamedTuple

import psutil

LOCAL_SYSTEM = "local system"
KIB, MIB = 1024, 1024 * 1024
# Without a leak, a function's medians differ by at most 0.2 MiB. A leak of 1 KiB exceeds this after 1,000 requests.
FUNCTION_MAY_GROW_BY = 1 * MIB
# The local system keeps the data in memory, in total 1 to 2 KiB for each request of this mix. Allocations in steps of up to
# 4 MiB come on top, for example for the parts of large files.
DATA_OF_REQUEST = 2 * KIB
STEPS = 8 * MIB


class Growth(NamedTuple):
    """The memory in the second and in the last third of the load as medians, and how much more is allowed, in bytes."""

    name: str
    middle: float
    last: float
    may_grow_by: float

    @property
    def is_flat(self) -> bool:
        return self.last <= self.middle + self.may_grow_by


class Resident:
    """Resident set sizes in bytes, without the pages of files: code that is used for the first time is no leak. A function
    counts with its largest instance, because a leak shows in the one that works most."""

    def __init__(self, pid: int) -> None:
        self._system = psutil.Process(pid)
        self._names: dict[int, str] = {}
        self._samples: list[dict[str, int]] = []

    def sample(self) -> None:
        found = {LOCAL_SYSTEM: anonymous(self._system)}
        for instance in self._system.children():
            try:
                if instance.pid not in self._names:
                    self._names[instance.pid] = instance.environ()["AWS_LAMBDA_FUNCTION_NAME"]
                size = anonymous(instance)
            except (psutil.NoSuchProcess, KeyError):
                # It has just ended, or does not execute the function yet.
                continue
            name = self._names[instance.pid]
            found[name] = max(found.get(name, 0), size)
        self._samples.append(found)

    def growths(self, requests: int) -> list[Growth]:
        """Compares the last third of the load with the middle one, for all that ran in both. `requests` is the number of
        requests in a third."""
        third = len(self._samples) // 3
        parts = self._samples[-2 * third : -third], self._samples[-third:]
        names = set.intersection(*(set().union(*part) for part in parts))
        found = []
        for name in sorted(names):
            middle, last = (statistics.median(sample[name] for sample in part if name in sample) for part in parts)
            allowed = STEPS + requests * DATA_OF_REQUEST if name == LOCAL_SYSTEM else FUNCTION_MAY_GROW_BY
            found.append(Growth(name, middle, last, allowed))
        return found


def anonymous(process: psutil.Process) -> int:
    memory = process.memory_info()
    return memory.rss - memory.shared
