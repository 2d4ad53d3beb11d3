"""First answers under another Runtime API server, AWS's runtime interface emulator, beside those of `first`.

The emulator is part of the SAM CLI: <https://github.com/aws/aws-lambda-runtime-interface-emulator>.
"""

import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from functions import ROOT

from measure import processes
from measure.engines import Engines, Recording
from measure.first import requests
from measure.results import Result, machine, median, progress, table
from measure.runtime_api import Instance, lambda_sets
from measure.serving import Loop
from measure.subjects import EMPTY, Account, Options
from measure.tls import chain

ROUNDS = 40
NEEDS = ["openssl", "node", "npm"]
PATH = "/2015-03-31/functions/function/invocations"
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


class Emulated:
    """A function that the emulator starts for its first invocation."""

    def __init__(self, loop: Loop, argv: Sequence[str], env: dict[str, str]) -> None:
        self._loop = loop
        self._output = tempfile.TemporaryFile()
        ports = [free_port(), free_port()]
        self._url = f"http://127.0.0.1:{ports[0]}{PATH}"
        command = [str(emulator()), "--log-level", "error"]
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"]
        command += ["--runtime-api-address", f"127.0.0.1:{ports[1]}", *argv]
        env = env | lambda_sets(ports[1])
        del env["AWS_LAMBDA_RUNTIME_API"]  # the emulator sets it
        self._process = subprocess.Popen(command, env=env, stdout=self._output, stderr=self._output, start_new_session=True)
        self._wait(lambda: listens(ports[0]), "the emulator does not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The function is in the group of the emulator.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()

    def _wait(self, until: Any, failure: str) -> None:
        deadline = time.monotonic() + 20
        while not until():
            if time.monotonic() > deadline:
                raise SystemExit(f"{failure}: {self._log()[-2000:]}")

    def _log(self) -> str:
        return os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0).decode()

    def invoke(self, event: dict[str, Any]) -> tuple[float, float]:
        """Returns the CPU time of the function, and the duration of start and invocation that the emulator reports.

        Raises TooEarly if the function asked for the invocation before the emulator listened.
        """
        answers = []

        def send() -> None:
            request = urllib.request.Request(self._url, json.dumps(event).encode(), method="POST")
            with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=20) as response:
                answers.append(json.load(response))

        # The engines answer in the thread of the loop.
        client = threading.Thread(target=send)
        client.start()
        self._loop.run(lambda: not client.is_alive(), 30)
        if not answers and "(Connect" in self._log():
            raise TooEarly
        if not answers or answers[0].get("statusCode") != 200:
            raise SystemExit(f"the function under the emulator answered {answers}: {self._log()[-2000:]}")
        function = processes.children(self._process.pid)[0]
        # It asks for the next invocation and then sleeps.
        self._wait(lambda: processes.stat(function)[0] == "S", "the function does not wait for the next invocation")
        self._wait(lambda: "REPORT" in self._log(), "the emulator reports nothing")
        reported = re.findall(r"(?:Init Duration|\tDuration): ([\d.]+) ms", self._log())
        if len(reported) != 2:
            raise SystemExit(f"the emulator reports something else: {self._log()[-2000:]}")
        return processes.cpu_ms(function), sum(map(float, reported))


def emulator() -> pathlib.Path:
    """Returns the emulator of the pinned SAM CLI, which is installed on demand."""
    installed = subprocess.run([ROOT / "ci/tools.sh", "sam"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    found = next(pathlib.Path(installed).glob("lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"), None)
    if not found:
        raise SystemExit("the SAM CLI has no emulator for x86-64")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def first_answer(
    loop: Loop,
    argv: Sequence[str],
    environment: dict[str, str],
    event: dict[str, Any],
    recording: Recording,
    engines: Engines,
) -> tuple[float, float]:
    """Starts and invokes a function under the emulator, again if it was too early."""
    for _ in range(50):
        engines.replay(recording)
        with contextlib.suppress(TooEarly), Emulated(loop, argv, environment) as emulated:
            return emulated.invoke(event)
    raise SystemExit(f"{argv[0]} was too early for the emulator 50 times")


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    answers: dict[str, list[Answer]] = defaultdict(list)
    loop = Loop()
    with options.local_system() as local, chain() as certificates:
        engines = Engines(loop, local, certificates)
        events = requests(Account(local))
        subjects = {it.name: it for it in options.all_functions() if it.function in events}
        recordings = {name: Recording() for name in subjects}
        for number in progress("emulator", rounds):
            for name in random.sample(list(subjects), len(subjects)):
                subject = subjects[name]
                environment = subject.environment(local) | engines.environment(KIND)
                engines.replay(recordings[name])
                with Instance(loop, name, subject.argv, environment) as instance:
                    instance.start()
                    instance.invoke(events[subject.function])
                    cpu, wall = instance.cpu_ms(), instance.since_start_ms
                emulated = first_answer(loop, subject.argv, environment, events[subject.function], recordings[name], engines)
                if number:  # the first round records
                    answers[name].append(Answer(cpu, wall, *emulated))
    rows = [
        {"name": name, "request": events[subject.function]["routeKey"]}
        | {field: median(values) for field, values in zip(Answer._fields, zip(*answers[name], strict=True), strict=True)}
        for name, subject in subjects.items()
    ]
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
