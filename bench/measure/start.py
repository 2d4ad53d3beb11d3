"""Cold starts: from the start of the process to the first `GET /next`."""

import random
from collections import defaultdict
from typing import NamedTuple

from measure import charts, processes
from measure.engines import Engines, Recording
from measure.results import Result, machine, medians, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import EMPTY, PEER, Options
from measure.tls import chain

ROUNDS = 40
NEEDS = ["openssl", "node", "npm"]
KINDS = ["tls", "recorded", "local"]


class Start(NamedTuple):
    """One cold start."""

    wall_ms: float
    cpu_ms: float
    page_faults: float
    resident_mb: float


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    subjects = {subject.name: subject for subject in options.all_functions()}
    starts: dict[tuple[str, str], list[Start]] = defaultdict(list)
    recordings = {name: Recording() for name in subjects}
    loop = Loop()
    pairs = [(name, kind) for name in subjects for kind in KINDS]
    with options.local_system() as local, chain() as certificates:
        engines = Engines(loop, local, certificates)
        for number in progress("start", rounds):
            for name, kind in random.sample(pairs, len(pairs)):
                engines.replay(recordings[name])
                environment = subjects[name].environment(local) | engines.environment(kind)
                with Instance(loop, name, subjects[name].argv, environment) as instance:
                    wall = instance.start()
                    pid = instance.pid
                    start = Start(wall, processes.cpu_ms(pid), processes.page_faults(pid), processes.resident_mb(pid))
                if number:  # the first round loads the binaries from disk, and records
                    starts[name, kind].append(start)
    rows = [{"name": name, "engines": kind} | summary(starts[name, kind]) for name, kind in pairs]
    return {"machine": on, "rounds": rounds, "rows": rows, "sizes": {name: it.sizes() for name, it in subjects.items()}}


def summary(starts: list[Start]) -> dict[str, float]:
    return medians(starts) | {"wall_p90_ms": percentile([start.wall_ms for start in starts], 90)}


def tables(result: Result) -> str:
    heading = ["function", "wall, ratio", "CPU, ratio", "memory, ratio", "wall, ms", "90 % below, ms", "CPU, ms"]
    heading += ["page faults", "memory, MB", "binary, MB", "zip, MB"]
    parts = []
    for kind in KINDS:
        rows = {row["name"]: row for row in result["rows"] if row["engines"] == kind}
        empty = rows[EMPTY]
        cells = []
        for name, row in rows.items():
            ratios = [f"{row[field] / empty[field]:.2f}" for field in ("wall_ms", "cpu_ms", "resident_mb")]
            sizes = [f"{size:.2f}" if size else "" for size in map(result["sizes"][name].get, ("binary_mb", "zip_mb"))]
            times = [f"{row[field]:.2f}" for field in ("wall_ms", "wall_p90_ms", "cpu_ms")]
            cells.append([f"`{name}`", *ratios, *times, f"{row['page_faults']:.0f}", f"{row['resident_mb']:.1f}", *sizes])
        parts.append(f"Engines `{kind}`:\n\n{table(heading, cells)}")
    return "\n".join(parts)


def plots(result: Result) -> dict[str, str]:
    kinds = ["tls", "recorded"]
    cpu = {(row["name"], row["engines"]): row["cpu_ms"] for row in result["rows"]}
    # The peer would hide the differences of the others.
    names = list(dict.fromkeys(row["name"] for row in result["rows"] if row["name"] != PEER))
    bars = {name: [cpu[name, kind] / cpu[EMPTY, kind] for kind in kinds] for name in names}
    return {"start": charts.bars("CPU time of a cold start, relative to the empty function", kinds, bars)}
