"""The memory of the local system and of the functions' instances during the load."""

import statistics
from typing import NamedTuple

import psutil

LOCAL_SYSTEM = "local system"
MIB = 1024 * 1024


class Growth(NamedTuple):
    """How much memory a process used in the second and in the last third of the load, as medians in MiB."""

    name: str
    middle: float
    last: float
    bound: float

    @property
    def is_flat(self) -> bool:
        return self.last <= self.middle + self.bound


class Resident:
    """Resident set sizes in MiB. A function counts with its largest instance, because a leak is in one that works much."""

    def __init__(self, pid: int) -> None:
        self._system = psutil.Process(pid)
        self._names: dict[int, str] = {}
        self.samples: list[dict[str, float]] = []

    def sample(self) -> None:
        found = {LOCAL_SYSTEM: self._system.memory_info().rss / MIB}
        for instance in self._system.children():
            try:
                if instance.pid not in self._names:
                    self._names[instance.pid] = instance.environ()["AWS_LAMBDA_FUNCTION_NAME"]
                size = instance.memory_info().rss / MIB
            except (psutil.NoSuchProcess, psutil.ZombieProcess, KeyError):
                # It has just ended, or does not execute the function yet.
                continue
            name = self._names[instance.pid]
            found[name] = max(found.get(name, 0), size)
        self.samples.append(found)

    def growths(self, bounds={}) -> list[Growth]:
        """Compares the last third with the middle one, for what ran in both."""
        third = len(self.samples) // 3
        parts = self.samples[-2 * third : -third], self.samples[-third:]
        names = set.intersection(*(set(sample) for part in parts for sample in part))
        return [Growth(name, *(statistics.median(s[name] for s in part) for part in parts), bounds.get(name, 5)) for name in sorted(names)]
