"""Sign-ins with the part of a CPU that Lambda gives each memory size, in control groups (cgroups v1, needs root).

The CPU time of a request does not depend on the memory. docs/COST.md derives the durations of all sizes from it, and this
part checks the derivation.
"""

import os
import pathlib
import time

from measure.results import Result, machine, median, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import Account, Options, Subject, http_event

ROUNDS = 20
NEEDS: list[str] = []
COSTS = [10, 12]
# Lambda gives a function memory / 1,769 MB of a vCPU.
FULL_MB = 1769
SIZES_MB = [128, 256, 512, 1024, FULL_MB]
# Microseconds for which a part of a CPU is counted.
PERIOD = 20_000
GROUPS = pathlib.Path("/sys/fs/cgroup/cpu")


def limit(pid: int, memory: int) -> None:
    """Gives a process the part of a CPU of a memory size."""
    group = GROUPS / f"cloakroom-{memory}"
    group.mkdir(exist_ok=True)
    (group / "cpu.cfs_period_us").write_text(str(PERIOD))
    (group / "cpu.cfs_quota_us").write_text(str(PERIOD * memory // FULL_MB))
    (group / "cgroup.procs").write_text(str(pid))


def measure(options: Options, rounds: int) -> Result:
    if os.geteuid() != 0 or not (GROUPS / "cpu.cfs_quota_us").parent.exists():
        raise SystemExit(f"limits needs root and {GROUPS}")
    on = machine()
    loop = Loop()
    subject = Subject("signin", (str(options.release / "signin"),), "signin")
    rows = []
    for cost in COSTS:
        with options.local_system(cost=cost) as local:
            event = http_event("POST /signin", body=Account(local).credentials)
            with Instance(loop, subject.name, subject.argv, subject.environment(local, cost)) as instance:
                instance.start()
                times: dict[int, list[float]] = {memory: [] for memory in SIZES_MB}
                used = []
                for number in progress(f"limits: cost {cost}", rounds):
                    for memory in SIZES_MB:
                        limit(instance.pid, memory)
                        # A new period, so that each request begins with its whole part.
                        time.sleep(PERIOD / 1e6)
                        before = instance.cpu_ms()
                        instance.invoke(event)
                        if number:
                            times[memory].append(instance.invocation_ms)
                            used.append(instance.cpu_ms() - before)
        measured = {str(memory): median(values) for memory, values in times.items()}
        rows.append({"cost": cost, "cpu_ms": median(used), "measured_ms": measured})
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    cells = []
    for row in result["rows"]:
        for memory in SIZES_MB:
            measured, derived = row["measured_ms"][str(memory)], row["cpu_ms"] * FULL_MB / memory
            cells.append(
                [str(row["cost"]), f"{memory:,} MB", f"{measured / derived:.2f}", f"{measured:.1f}", f"{derived:.1f}"]
            )
    return table(["`BcryptCost`", "memory", "ratio", "measured, ms", "derived from the CPU time, ms"], cells)


def plots(_: Result) -> dict[str, str]:
    return {}
