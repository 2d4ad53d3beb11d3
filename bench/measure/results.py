"""The files of bench/results: what was measured, where and when."""

import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from functions import ROOT

Result = dict[str, Any]


def machine() -> dict[str, Any]:
    """Returns the processor, the load that other programs cause, the date and the commit of a measurement."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    describe = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit or "unknown",
    }


def described(result: Result) -> str:
    """Returns the line above the tables of a part."""
    on = result["machine"]
    machine = f"{on['cpu']}, {on['cores']} cores, Linux {on['kernel']}, {on['libc']}, load average {on['load']} at the start"
    return f"{on['date']}, commit `{on['commit']}`: {machine}; {result['rounds']} rounds."


def save(folder: pathlib.Path, part: str, result: Result) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.json").write_text(json.dumps(result, indent=1) + "\n")


def load(folder: pathlib.Path, part: str) -> Result | None:
    """Returns the last result of a part; None if it was never measured."""
    file = folder / f"{part}.json"
    return json.loads(file.read_text()) if file.exists() else None


def progress(what: str, rounds: int) -> Iterator[int]:
    """Counts from 0, which is for warming up, to the number of rounds. Shows on a terminal how far it is."""
    for number in range(rounds + 1):
        if sys.stderr.isatty():
            print(f"\r\033[K{what}: {number} of {rounds}", end="", file=sys.stderr, flush=True)
        yield number
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def medians(samples: Sequence[Any]) -> dict[str, float]:
    """Returns the median of each field of named tuples."""
    return {field: median(values) for field, values in zip(samples[0]._fields, zip(*samples, strict=True), strict=True)}


def percentile(values: list[float], part: int) -> float:
    """Returns the value below which a part of 100 of the values are."""
    return round(statistics.quantiles(values, n=100, method="inclusive")[part - 1], 3)


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Returns a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
