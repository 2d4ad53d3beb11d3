"""The local system under load, and the peer that is a server: requests per second, latency, CPU time and memory."""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions import FUNCTIONS, logical_name

from measure import charts, processes
from measure.results import Result, machine, median, percentile, progress, table
from measure.subjects import LOWEST_COST, PASSWORD, Account, Client, Options, peers

ROUNDS = 10
NEEDS = ["node", "npm"]
CONNECTIONS = [8, 1]
# Requests of each connection in a round.
REQUESTS = 25
PEER = "better-auth"
EMAIL = "ada@example.com"

# Sends one request with a client.
Request = Callable[[Client], Any]


class Service:
    """A running service, the requests that it gets, and its main process."""

    def __init__(self, name: str, url: str, pid: int, requests: dict[str, Request]) -> None:
        self.name, self.pid, self.requests, self._url = name, pid, requests, url

    def cpu_ms(self) -> float:
        return sum(processes.cpu_ms(pid) for pid in [self.pid, *processes.children(self.pid)])

    def resident_mb(self) -> dict[str, float]:
        """Returns the memory of the main process and of those that it has started."""
        started = [processes.resident_mb(pid) for pid in processes.children(self.pid)]
        return {
            "mb": round(processes.resident_mb(self.pid), 1),
            "functions_mb": round(sum(started), 1),
            "functions": len(started),
        }

    def load(self, request: Request, connections: int, threads: ThreadPoolExecutor) -> tuple[float, list[float], float]:
        """Sends requests with this many connections at once. Returns requests per second, their milliseconds, and the CPU time."""

        def send(_: int) -> list[float]:
            # A new one, because servers close connections that were not used for some seconds.
            client, times = Client(self._url), []
            for _ in range(REQUESTS):
                began = time.perf_counter()
                request(client)
                times.append((time.perf_counter() - began) * 1e3)
            return times

        cpu, began = self.cpu_ms(), time.perf_counter()
        times = [each for connection in threads.map(send, range(connections)) for each in connection]
        return len(times) / (time.perf_counter() - began), times, (self.cpu_ms() - cpu) / len(times)


@contextlib.contextmanager
def cloakroom(options: Options, built: bool) -> Iterator[Service]:
    """Runs the local system: with the functions of its own debug build, or with release builds."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        if built:
            for name in FUNCTIONS:
                bootstrap = pathlib.Path(folder, f"{logical_name(name)}Function", "bootstrap")
                bootstrap.parent.mkdir()
                bootstrap.symlink_to(options.release.absolute() / name)
            arguments = ["--bootstraps", folder]
        with options.local_system(*arguments) as local:
            account = Account(local, EMAIL)
            requests: dict[str, Request] = {
                "sign in": lambda client: client.send("POST", "/signin", account.credentials),
                "get the current user": lambda client: client.send("GET", "/users/me", headers=account.authorization),
            }
            yield Service(f"cloakroom, {'release' if built else 'debug'} functions", local.api, local.pid, requests)


@contextlib.contextmanager
def better_auth() -> Iterator[Service]:
    """Runs the peer, with bcrypt at the same cost."""
    environment = {"PATH": os.environ["PATH"], "BCRYPT_COST": str(LOWEST_COST), "NODE_ENV": "production"}
    with subprocess.Popen(peers().better_auth_argv(), env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().removeprefix("listening").strip()
            credentials = {"email": EMAIL, "password": PASSWORD}
            cookie = {"cookie": sign_up(port, credentials | {"name": "Ada"})}
            requests: dict[str, Request] = {
                "sign in": lambda client: client.send("POST", "/api/auth/sign-in/email", credentials),
                "get the current user": lambda client: client.send("GET", "/api/auth/get-session", headers=cookie),
            }
            yield Service(PEER, f"http://127.0.0.1:{port}", process.pid, requests)
        finally:
            process.terminate()


def sign_up(port: str, user: dict[str, str]) -> str:
    """Creates a user of the peer. Returns the cookie of the session."""
    connection = http.client.HTTPConnection(f"127.0.0.1:{port}")
    connection.request("POST", "/api/auth/sign-up/email", json.dumps(user), {"content-type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{PEER}: {response.status} {response.read()[:500]!r}")
    return str(response.headers["set-cookie"]).partition(";")[0]


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    times: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    rates: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        # A system needs all functions.
        builds = [False] if options.only else [False, True]
        services = [stack.enter_context(cloakroom(options, built)) for built in builds]
        services += [stack.enter_context(better_auth())] if options.peers else []
        threads = stack.enter_context(ThreadPoolExecutor(max(CONNECTIONS)))
        before = {}
        for number in progress("system", rounds):
            for service in services:
                for (what, request), connections in itertools.product(service.requests.items(), CONNECTIONS):
                    rate, milliseconds, cpu = service.load(request, connections, threads)
                    if number:
                        rates[service.name, what, connections].append((rate, cpu))
                        times[service.name, what, connections] += milliseconds
            if number == 0:
                before = {service.name: service.resident_mb() for service in services}
        after = {service.name: service.resident_mb() for service in services}
    rows = []
    for (name, what, connections), found in rates.items():
        rate, cpu = (median(column) for column in zip(*found, strict=True))
        latency = {f"p{part}_ms": percentile(times[name, what, connections], part) for part in (50, 99)}
        load = {"name": name, "request": what, "connections": connections}
        rows.append(load | {"per_second": rate, "cpu_ms": cpu} | latency)
    memory = {name: {"before": before[name], "after": after[name]} for name in before}
    return {"machine": on, "rounds": rounds, "rows": rows, "memory": memory}


def tables(result: Result) -> str:
    first = {(row["request"], row["connections"]): row for row in reversed(result["rows"])}
    cells = []
    for row in sorted(result["rows"], key=lambda row: CONNECTIONS.index(row["connections"])):
        least = first[row["request"], row["connections"]]
        ratios = [f"{row[field] / least[field]:.2f}" for field in ("per_second", "cpu_ms")]
        values = [f"{row['per_second']:.0f}", *(f"{row[field]:.2f}" for field in ("p50_ms", "p99_ms", "cpu_ms"))]
        cells.append([row["name"], row["request"], str(row["connections"]), *ratios, *values])
    heading = [
        "service",
        "request",
        "connections",
        "rate, ratio",
        "CPU, ratio",
        "requests per second",
        "median, ms",
        "99 % below, ms",
        "CPU, ms",
    ]
    memory = []
    for name, at in result["memory"].items():
        sizes = [f"{at[when]['mb']:.1f} MB" for when in ("before", "after")]
        functions = [f"{at[when]['functions']}: {at[when]['functions_mb']:.1f} MB" for when in ("before", "after")]
        memory.append([name, *sizes, *functions])
    columns = ["service", "memory after the first round", "at the end", "functions after the first round", "at the end"]
    return f"{table(heading, cells)}\n{table(columns, memory)}"


def plots(result: Result) -> dict[str, str]:
    bars = {
        f"{row['name'].replace(' functions', '')}: {row['request']}": [row["p50_ms"], row["p99_ms"]]
        for row in result["rows"]
        if row["connections"] == max(CONNECTIONS)
    }
    title = f"Milliseconds of a request, {max(CONNECTIONS)} connections"
    return {"system": charts.bars(title, ["median", "99 % below"], bars)}
