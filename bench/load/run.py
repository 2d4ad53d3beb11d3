"""Calls all routes of the API as people do, and then sends a thousand requests at once.

    cargo build --workspace
    "$(ci/tools.sh load)/bin/python" -B bench/load/run.py                    # the functions of the debug build
    "$(ci/tools.sh load)/bin/python" -B bench/load/run.py --bootstraps DIR   # functions built by `cargo lambda build`

Needs Linux. Fails when a route of docs/openapi.json was not called, a step got a response that it does not expect, memory
grew, or a request of the burst got neither a success nor the advice to try again later.
"""

from gevent import monkey

# Before all other imports: they have to use the cooperative sockets of gevent.
monkey.patch_all()

import argparse  # noqa: E402
import datetime  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import pathlib  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402
import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from locust.env import Environment  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "ci"))

# Each module registers its flows.
import accounts  # noqa: E402, F401
import administration  # noqa: E402, F401
import companion  # noqa: E402, F401
import files  # noqa: E402, F401
import shop  # noqa: E402, F401
from api import ROUTES, Account, Client, Unexpected  # noqa: E402
from burst import Outcome, Request, burst, steady  # noqa: E402
from flows import FLOWS, Person  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from person import administrator  # noqa: E402
from resident import MIB, Growth, Resident  # noqa: E402

# As in a stack (template.yaml). `cargo run` has 3000, because there all requests have one address.
REQUESTS_PER_ADDRESS = 100
# Memory is measured so many times: each 10 s of the default duration.
SAMPLES = 60
SECONDS_PER_LINE = 10
# Seconds that a flow may take to end when the time is over.
LAST_FLOW = 60
# People whose accounts the bursts use.
BURST_PEOPLE = 10


class Failures:
    """What went wrong outside of the responses that locust counts."""

    def __init__(self, environment: Environment) -> None:
        self.found: list[str] = []
        environment.events.user_error.add_listener(self._failed)

    def _failed(self, exception: Exception, **_: Any) -> None:
        if not isinstance(exception, Unexpected):
            self.found.append(f"{type(exception).__name__}: {exception}")


def mix(environment: Environment, system: LocalSystem, users: int, seconds: float) -> list[Growth]:
    """Lets people use the API for some time, and returns how memory grew."""
    resident = Resident(system.pid)
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    # Memory grows while the functions start. On a slow machine, that takes long.
    while Person.first:
        gevent.sleep(1)
    began = time.monotonic()
    total = environment.stats.total
    before = total.num_requests
    lines = 1
    for number in range(1, SAMPLES + 1):
        gevent.sleep(max(0.0, began + number * seconds / SAMPLES - time.monotonic()))
        resident.sample()
        passed = time.monotonic() - began
        if passed >= lines * SECONDS_PER_LINE or number == SAMPLES:
            requests = total.num_requests - before
            print(
                f"{passed:5.0f} s: {requests} requests, {requests / passed:.0f} per second, {total.num_failures} errors",
                flush=True,
            )
            lines = int(passed / SECONDS_PER_LINE) + 1
    requests = total.num_requests - before
    runner.quit()
    return resident.growths(requests // 3)


def bursts(client: Client, count: int) -> list[Outcome]:
    """Sends one request per second, and then many at once."""
    people = [Account.new(client) for _ in range(BURST_PEOPLE)]

    def sign_in(account: Account, address: str) -> Request:
        body = json.dumps(account.credentials).encode()
        return Request("POST", "/signin", body, {"content-type": "application/json"}, address)

    def from_many(number: int) -> Request:
        return sign_in(people[number % len(people)], f"127.2.{number // 250}.{number % 250 + 1}")

    def from_one(number: int) -> Request:
        return sign_in(people[number % len(people)], "127.3.0.1")

    def me(number: int) -> Request:
        return Request("GET", "/users/me", None, people[number % len(people)].authorization, "127.3.0.1")

    found = [
        steady("POST /signin", client.api, from_many),
        burst("POST /signin", client.api, count, from_many),
        burst("POST /signin from one address", client.api, count, from_one),
        steady("GET /users/me", client.api, me),
        burst("GET /users/me", client.api, count, me),
    ]
    served = found[2].statuses.get("200", 0)
    # A minute of the limit may end meanwhile.
    if not min(count, REQUESTS_PER_ADDRESS) <= served <= 2 * REQUESTS_PER_ADDRESS:
        found[2].problems.append(f"{found[2].name}: {served} were served")
    return found


def rows(environment: Environment) -> list[dict[str, Any]]:
    """Returns the figures of each route, times in ms."""
    return [
        {"method": entry.method, "route": entry.name, "count": entry.num_requests, "errors": entry.num_failures}
        | {f"p{part}": entry.get_response_time_percentile(part / 100) for part in (50, 95, 99)}
        for _, entry in sorted(environment.stats.entries.items())
    ]


def print_table(table: list[dict[str, Any]]) -> None:
    print(f"\n{'':52} {'count':>7} {'errors':>7} {'p50, ms':>8} {'p95, ms':>8} {'p99, ms':>8}")
    for row in table:
        times = " ".join(f"{row[name]:8.0f}" for name in ("p50", "p95", "p99"))
        print(f"{row['method']:6} {row['route']:45} {row['count']:7} {row['errors']:7} {times}")


def print_memory(growths: list[Growth]) -> None:
    print(f"\n{'memory, MiB':45} {'middle third':>14} {'last third':>14} {'may grow by':>14}")
    for growth in growths:
        sizes = " ".join(f"{size / MIB:14.1f}" for size in growth[1:])
        print(f"{growth.name:45} {sizes}")


def print_bursts(outcomes: list[Outcome]) -> None:
    print()
    for found in outcomes:
        times = f"sent within {found.sent_within:.2f} s, median {found.median:.2f} s, longest {found.longest:.2f} s"
        print(f"{found.name}: {found.requests} requests {times}, {found.statuses}")


def machine() -> dict[str, Any]:
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = {line.partition(": ")[2] for line in lines if line.startswith("model name")}
    return {"cpu": ", ".join(sorted(models)) or platform.machine(), "cores": len(os.sched_getaffinity(0))}


def commit() -> str:
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def problems(table: list[dict[str, Any]], growths: list[Growth], outcomes: list[Outcome]) -> list[str]:
    """Lists what makes the run fail, apart from failed requests and steps."""
    called = {(row["method"], row["route"]) for row in table}
    found = [f"not called: {method} {route}" for method, route in sorted(set(ROUTES) - called)]
    found += [
        f"memory of {name}: {last / MIB:.1f} MiB after {middle / MIB:.1f} MiB"
        for name, middle, last, _ in (growth for growth in growths if not growth.is_flat)
    ]
    return found + [problem for outcome in outcomes for problem in outcome.problems]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=600, help="seconds for which people use the API")
    parser.add_argument("--users", type=int, default=8, help="people at the same time")
    parser.add_argument("--burst", type=int, default=1000, help="requests at once, at the end")
    parser.add_argument(
        "--cost", type=int, default=7, help="bcrypt cost; with 12, as in a stack, most of the CPU time is hashing"
    )
    parser.add_argument("--bootstraps", help="directory of built functions")
    parser.add_argument("--result", type=pathlib.Path, default=ROOT / "bench/results/load.json")
    chosen = parser.parse_args()
    # Each request of the burst is a connection, here and in the local system, which inherits the limit.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began = time.monotonic()
    parameters = [f"BcryptCost={chosen.cost}", f"RequestsPerAddress={REQUESTS_PER_ADDRESS}", "MaxLockDays=1"]
    options = [part for parameter in parameters for part in ("--parameter", parameter)]
    options += ["--bootstraps", chosen.bootstraps] if chosen.bootstraps else []
    environment = Environment(user_classes=[Person], stop_timeout=LAST_FLOW)
    failures = Failures(environment)
    with LocalSystem(CLOAKROOM, 0, *options) as system:
        client = Client(environment, system.api)
        email = administrator(system).get("/users/me").expect(200)["user"]["email"]
        Person.system, Person.admin = system, Account(client, email)
        Person.admin.sign_in()
        Person.endpoints = json.loads((system.folder / "endpoints.json").read_text())
        Person.first = random.sample(list(FLOWS), len(FLOWS))
        growths = mix(environment, system, chosen.users, chosen.duration)
        outcomes = bursts(client, chosen.burst)
    table = rows(environment)
    print_table(table)
    print_memory(growths)
    print_bursts(outcomes)
    errors = environment.stats.errors.values()
    found = [f"{error.occurrences} times {error.method} {error.name}: {error.error}" for error in errors]
    found += failures.found + problems(table, growths, outcomes)
    result = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "options": {"functions": "built" if chosen.bootstraps else "debug build"}
        | {name: getattr(chosen, name) for name in ("duration", "users", "burst", "cost")},
        "seconds": round(time.monotonic() - began, 1),
        "routes": table,
        "memory": [growth._asdict() for growth in growths],
        "bursts": [outcome._asdict() for outcome in outcomes],
        "problems": found,
    }
    chosen.result.parent.mkdir(parents=True, exist_ok=True)
    chosen.result.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n{len(ROUTES)} routes, {result['seconds']} s, written to {chosen.result}")
    print("\n".join(found) or "no problems")
    return 1 if found else 0


sys.exit(main())
