#!/usr/bin/env python3
"""Measures the CPU time of warm requests and of password hashes, and the duration of requests with a part of a CPU.

    cargo build --workspace
    bench/memory.py --bootstraps DIR     # functions built by `cargo lambda build`
    sudo bench/memory.py --bootstraps DIR --limit

Lambda gives a function memory / 1,769 MB of a vCPU. The CPU time of a request does not depend on the memory; docs/COST.md
derives the durations and prices of all memory sizes from it. `--limit` checks the derivation: it runs the functions in
control groups with that part of a CPU (cgroups v1, needs root) and measures how long the requests take.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import statistics
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ci"))

from local_system import CLOAKROOM, LocalSystem  # noqa: E402

PASSWORD = "analytical engine"
FULL_MB = 1769
# Microseconds for which a part of a CPU is counted.
PERIOD = 20_000
GROUPS = pathlib.Path("/sys/fs/cgroup/cpu")
LIMITS_MB = [128, 256, 512, 1024, FULL_MB]


class Api:
    """A client with one persistent connection, and a user with an account."""

    def __init__(self, system: LocalSystem) -> None:
        self._connection = http.client.HTTPConnection(urllib.parse.urlparse(system.api).netloc)
        self.token = ""
        self.refresh_token = ""

    def send(self, method: str, path: str, body: dict | None = None, expected: int = 200) -> dict:
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        self._connection.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == expected, (method, path, response.status, content)
        return json.loads(content) if content else {}

    def sign_up(self, email: str) -> None:
        self.send("POST", "/signup", {"email": email, "password": PASSWORD, "name": "Ada"}, 201)

    def sign_in(self) -> None:
        body = self.send("POST", "/signin", {"email": "ada@example.com", "password": PASSWORD})
        self.token, self.refresh_token = body["accessToken"], body["refreshToken"]

    def refresh(self) -> None:
        body = self.send("POST", "/session/refresh", {"refreshToken": self.refresh_token})
        self.refresh_token = body["refreshToken"]

    def upload(self) -> None:
        body = {"filename": "a.txt", "contentType": "text/plain", "size": 5}
        created = self.send("POST", "/uploads", body, 201)
        self.send("DELETE", f"/uploads/{created['upload']['id']}", None, 204)


def process_of(function: str, system: LocalSystem) -> int:
    """Returns the process id of a function's instance."""
    for directory in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            parent = (directory / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if int(parent) == system.pid and os.path.basename(os.readlink(directory / "exe")) == function:
                return int(directory.name)
    sys.exit(f"{function} does not run")


def cpu_ms(pid: int) -> float:
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


def limit(pid: int, memory: int) -> None:
    """Gives a process the part of a CPU that Lambda gives a function with this memory."""
    group = GROUPS / f"cloakroom-{memory}"
    group.mkdir(exist_ok=True)
    (group / "cpu.cfs_period_us").write_text(str(PERIOD))
    (group / "cpu.cfs_quota_us").write_text(str(PERIOD * memory // FULL_MB))
    (group / "cgroup.procs").write_text(str(pid))


def measure(system: LocalSystem, function: str, request, rounds: int, limited: bool) -> None:
    for _ in range(10):
        request()
    pid = process_of(function, system)
    before = cpu_ms(pid)
    for _ in range(rounds):
        request()
    used = (cpu_ms(pid) - before) / rounds
    print(f"{function:14} {used:8.2f} ms of CPU for each request", flush=True)
    for memory in LIMITS_MB if limited else []:
        limit(pid, memory)
        times = []
        for _ in range(max(rounds // 4, 10)):
            began = time.perf_counter()
            request()
            times.append((time.perf_counter() - began) * 1e3)
            time.sleep(0.02)
        derived = used * FULL_MB / memory
        median = statistics.median(times)
        print(f"{'':14} {memory:5} MB: {median:8.1f} ms measured, {derived:8.1f} ms of CPU derived", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bootstraps", required=True, help="directory of built functions")
    options.add_argument("--cloakroom", type=pathlib.Path, default=CLOAKROOM)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--limit", action="store_true", help="also measure durations with a part of a CPU; needs root")
    chosen = options.parse_args()
    for cost in (10, 12):
        parameters = [f"BcryptCost={cost}", "RequestsPerAddress=10000000", "UploadRequestsPerUser=10000000"]
        arguments = [word for parameter in parameters for word in ("--parameter", parameter)]
        arguments += ["--without-schedules", "--bootstraps", chosen.bootstraps]
        with LocalSystem(chosen.cloakroom, 0, *arguments) as system:
            api = Api(system)
            for number in range(20):
                api.sign_up(f"user-{number}@example.com")
            api.sign_up("ada@example.com")
            api.sign_in()
            print(f"bcrypt cost {cost}")
            measure(system, "signin", api.sign_in, max(chosen.rounds // 10, 10), chosen.limit)
            if cost == 12:
                continue
            for function, request in [
                ("keys", lambda: api.send("GET", "/.well-known/jwks.json")),
                ("users", lambda: api.send("GET", "/users/me")),
                ("users", lambda: api.send("GET", "/users?limit=20")),
                ("session", api.refresh),
                ("uploads", api.upload),
            ]:
                measure(system, function, request, chosen.rounds, chosen.limit)


main()
