#!/usr/bin/env python3
"""Measures the time until a function requests its first invocation, and its CPU time, memory and size.

    cargo build --workspace
    ci/build_functions.sh
    bench/cold_start.py                           # target/release
    bench/cold_start.py target/release OTHER_DIR  # two builds, side by side

Each round starts every function once with each kind of engine, so that other load on the machine affects all of them
equally. Compare the ratios to the empty function, not the milliseconds. The engines are those of `cloakroom dev`, and a
replay of their responses from memory, which takes no time.
"""

import argparse
import contextlib
import os
import pathlib
import random
import selectors
import signal
import socket
import statistics
import sys
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ci"))

from engines import Recorded  # noqa: E402
from functions import BUILT, FUNCTIONS, ROOT, logical_name, zip_mb  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402

EMPTY = "bench-empty"
KINDS = ["local", "recorded"]

# Targets for signin: init time relative to the empty function, MB of zip, MB of memory.
TARGET_RATIO, TARGET_ZIP, TARGET_RSS = 2.0, 3.0, 8.0


class Start(NamedTuple):
    """One cold start."""

    wall_ms: float
    cpu_ms: float
    rss_mb: float


class Subject(NamedTuple):
    """A binary and the kind of engines that it uses."""

    build: pathlib.Path
    name: str
    engines: str


def environment(name: str, local: LocalSystem, api: str, recorded: str | None) -> dict[str, str]:
    """Returns the environment that Lambda and the template set."""
    lambda_sets = {
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_LOG_GROUP_NAME": name,
        "AWS_LAMBDA_LOG_STREAM_NAME": name,
    }
    env = local.environment(f"{logical_name(name)}Function") | lambda_sets
    if recorded:
        env |= {f"AWS_ENDPOINT_URL_{service}": recorded for service in ("DYNAMODB", "S3", "SSM")}
    return env


def resident_mb(pid: int) -> float:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024 / 1e6


def cpu_ms(pid: int) -> float:
    """Returns the CPU time of all threads; more precise than the ticks of /proc/PID/stat."""
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


def start(binary: pathlib.Path, runtime_api: socket.socket, recorded: Recorded, env: dict[str, str]) -> Start:
    """Starts a function, waits for its `GET /next`, and ends it."""
    began = time.perf_counter()
    pid = os.posix_spawn(binary, [str(binary)], env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    with contextlib.ExitStack() as connections, selectors.DefaultSelector() as waiting:
        waiting.register(runtime_api, selectors.EVENT_READ)
        waiting.register(recorded.listener, selectors.EVENT_READ)
        request = b""
        while not request:
            ready = waiting.select(timeout=20)
            if not ready:
                os.kill(pid, signal.SIGKILL)
                sys.exit(f"{binary.name} did not start within 20 s")
            for key, _ in ready:
                if key.fileobj is runtime_api:
                    connection = connections.enter_context(runtime_api.accept()[0])
                    request = connection.recv(4096)
                elif key.fileobj is recorded.listener:
                    connection = connections.enter_context(recorded.listener.accept()[0])
                    waiting.register(connection, selectors.EVENT_READ)
                elif not recorded.serve(key.fileobj):
                    waiting.unregister(key.fileobj)
        ended = time.perf_counter()
        time.sleep(0.001)  # waits until the process sleeps, so that its CPU times are current
        started = Start((ended - began) * 1e3, cpu_ms(pid), resident_mb(pid))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if not request.startswith(b"GET /2018-06-01/runtime/invocation/next "):
        sys.exit(f"{binary.name} failed to start: {request[:200]!r}")
    return started


def label(build: pathlib.Path) -> str:
    return os.path.relpath(build, ROOT)[-24:]


def measure(subjects: list[Subject], local: LocalSystem, rounds: int) -> dict[Subject, list[Start]]:
    recorded = Recorded(local)
    urls = {"local": None, "recorded": recorded.url}
    runtime_api = socket.create_server(("127.0.0.1", 0))
    api = "127.0.0.1:%d" % runtime_api.getsockname()[1]
    found: dict[Subject, list[Start]] = {subject: [] for subject in subjects}
    for number in range(rounds + 1):
        for subject in random.sample(subjects, len(subjects)):
            env = environment(subject.name, local, api, urls[subject.engines])
            started = start(subject.build / subject.name, runtime_api, recorded, env)
            if number:  # the first round loads the binaries from disk
                found[subject].append(started)
    return found


def report(found: dict[Subject, list[Start]]) -> None:
    print(
        f"{'build':24} {'function':12} {'engines':9}"
        f"{'init ms':>9} {'p90':>6} {'ratio':>6} {'CPU ms':>8} {'ratio':>6} {'RSS MB':>8} {'binary MB':>10} {'zip MB':>7}"
    )
    for subject, starts in found.items():
        empty = found[Subject(subject.build, EMPTY, subject.engines)]
        median = [statistics.median(column) for column in zip(*starts)]
        base = [statistics.median(column) for column in zip(*empty)]
        p90 = statistics.quantiles([start.wall_ms for start in starts], n=10)[-1]
        binary = subject.build / subject.name
        print(
            f"{label(subject.build):24} {subject.name:12} {subject.engines:9}"
            f"{median[0]:9.2f} {p90:6.2f} {median[0] / base[0]:6.2f} {median[1]:8.2f} {median[1] / base[1]:6.2f}"
            f" {median[2]:8.2f} {binary.stat().st_size / 1e6:10.2f} {zip_mb(binary):7.2f}"
        )


def missed_targets(found: dict[Subject, list[Start]]) -> list[str]:
    """Returns the targets that signin misses with replayed responses."""
    misses = []
    for build in {subject.build for subject in found}:
        signin, empty = (found[Subject(build, name, "recorded")] for name in ("signin", EMPTY))
        median = [statistics.median(column) for column in zip(*signin)]
        ratio = median[0] / statistics.median(start.wall_ms for start in empty)
        size = max(zip_mb(build / name) for name in FUNCTIONS)
        for what, value, target in [
            ("init time relative to the empty function", ratio, TARGET_RATIO),
            ("MB of memory", median[2], TARGET_RSS),
            ("MB of the largest zip", size, TARGET_ZIP),
        ]:
            if value > target:
                misses.append(f"{label(build)}: {what}: {value:.2f}; the target is at most {target}")
    return misses


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("builds", nargs="*", type=pathlib.Path, default=[BUILT])
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--cloakroom", type=pathlib.Path, default=CLOAKROOM)
    chosen = options.parse_args()
    builds = [build.absolute() for build in chosen.builds]
    subjects = [Subject(b, name, kind) for b in builds for kind in KINDS for name in [EMPTY, *FUNCTIONS]]
    with LocalSystem(chosen.cloakroom) as local:
        found = measure(subjects, local, chosen.rounds)
    print(f"{chosen.rounds} starts each, medians, {os.cpu_count()} cores")
    report(found)
    misses = missed_targets(found)
    for miss in misses:
        print(f"missed target: {miss}")
    return 1 if misses else 0


sys.exit(main())
