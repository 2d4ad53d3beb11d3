"""First answers under another Runtime API server, AWS's runtime interface emulator, beside those of `first`."""

import contextlib
import os
import pathlib
import random
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from emulator import IN_SAMCLI, Emulator
from functions import ROOT

from measure import processes
from measure.first import Setup
from measure.results import Result, machine, medians, progress, table
from measure.runtime_api import LAMBDA_SETS, empty_tmp
from measure.subjects import EMPTY, Options
from measure.tls import chain

ROUNDS = 40
NEEDS = ["openssl", "node", "npm"]
KIND = "recorded"


class Answer(NamedTuple):
    """A cold start with its first request, under both servers."""

    cpu_ms: float
    wall_ms: float
    emulator_cpu_ms: float
    # As the emulator reports them.
    emulator_ms: float


class TooEarly(Exception):
    """The emulator starts the function and its own server at the same time, and the function was faster."""


def installed() -> pathlib.Path:
    """Returns the emulator of the pinned SAM CLI, which is installed on demand."""
    folder = subprocess.run([ROOT / "ci/tools.sh", "sam"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return next(pathlib.Path(folder).glob(f"lib/python3*/site-packages/samcli/{IN_SAMCLI}"))


def emulated(setup: Setup, executable: pathlib.Path, name: str) -> tuple[float, float]:
    """Starts and invokes a function under the emulator, again if it was too early."""
    for _ in range(50):
        with contextlib.suppress(TooEarly):
            return first_answer(setup, executable, name)
    raise SystemExit(f"{name} was too early for the emulator 50 times")


def first_answer(setup: Setup, executable: pathlib.Path, name: str) -> tuple[float, float]:
    """Returns the CPU time of the function, and the duration of start and invocation that the emulator reports.

    Raises TooEarly if the function asked for the invocation before the emulator listened.
    """
    output = tempfile.TemporaryFile()
    environment = setup.prepare(name, KIND)
    empty_tmp(environment)
    emulator = Emulator(executable, setup.subjects[name].argv, environment | LAMBDA_SETS, output)

    def log() -> str:
        return os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0).decode()

    def wait(until: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + 20
        while not until():
            if time.monotonic() > deadline:
                raise SystemExit(f"{failure}: {log()[-2000:]}")

    answers: list[Any] = []

    def send() -> None:
        with contextlib.suppress(urllib.error.HTTPError):
            answers.append(emulator.invoke(setup.event(name), 20))

    with contextlib.ExitStack() as stack:
        stack.callback(emulator.end)
        # The engines answer in the thread of the loop.
        client = threading.Thread(target=send)
        client.start()
        setup.loop.run(lambda: not client.is_alive(), 30)
        if not answers and "(Connect" in log():
            raise TooEarly
        if not answers or answers[0].get("statusCode") != 200:
            raise SystemExit(f"{name} under the emulator answered {answers}: {log()[-2000:]}")
        function = processes.children(emulator.pid)[0]
        # It asks for the next invocation and then sleeps.
        wait(lambda: processes.stat(function)[0] == "S", f"{name} does not wait for the next invocation")
        wait(lambda: "REPORT" in log(), "the emulator reports nothing")
        reported = re.findall(r"(?:Init Duration|\tDuration): ([\d.]+) ms", log())
        if len(reported) != 2:
            raise SystemExit(f"the emulator reports something else: {log()[-2000:]}")
        return processes.cpu_ms(function), sum(map(float, reported))


def measure(options: Options, rounds: int) -> Result:
    on, executable = machine(), installed()
    answers: dict[str, list[Answer]] = defaultdict(list)
    with options.local_system() as local, chain() as certificates:
        setup = Setup(options, local, certificates)
        for number in progress("emulator", rounds):
            for name in random.sample(list(setup.subjects), len(setup.subjects)):
                ours = setup.answer(name, KIND)
                answer = Answer(ours.cpu_ms, ours.wall_ms, *emulated(setup, executable, name))
                if number:  # the first round records
                    answers[name].append(answer)
    rows = [{"name": name, "request": setup.event(name)["routeKey"]} | medians(answers[name]) for name in setup.subjects]
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    empty = next(row for row in result["rows"] if row["name"] == EMPTY)
    fields = ["cpu_ms", "emulator_cpu_ms", "wall_ms", "emulator_ms"]
    cells = [
        [
            f"`{row['name']}`",
            f"`{row['request']}`",
            *[f"{row[field] / empty[field]:.2f}" for field in fields],
            *[f"{row[field]:.2f}" for field in fields],
        ]
        for row in result["rows"]
    ]
    columns = ["CPU", "CPU, emulator", "wall", "wall, emulator"]
    ratios, times = [f"{it}, ratio" for it in columns], [f"{it}, ms" for it in columns]
    return table(["function", "request", *ratios, *times], cells)


def plots(_: Result) -> dict[str, str]:
    return {}
