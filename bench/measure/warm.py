"""Warm requests: the CPU time of each, in a function that has answered others."""

import contextlib
import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from measure import charts, hashes
from measure.engines import Engines
from measure.results import Result, machine, median, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import EMPTY, LOWEST_COST, PASSWORD, PEER, Account, Options, Subject, http_event
from measure.tls import chain

ROUNDS = 20
NEEDS = ["openssl", "node", "npm"]
KINDS = ["tls", "local"]
# Requests of each case in a round, one after the other.
REQUESTS = 10
# Users of the list.
USERS = 20


@dataclasses.dataclass
class Case:
    """Requests to one function, and what a response changes for the next one."""

    function: str
    route: str
    event: Callable[[], dict[str, Any]]
    status: int = 200
    seen: Callable[[Any], object] = lambda body: None
    note: str = ""
    # Whose password hash is in each request.
    hashed_by: str = ""


def cases(account: Account) -> list[Case]:
    """Returns the cases for one kind of engines."""
    token = account.authorization
    refresh = {"refreshToken": account.refresh_token}
    upload = {"filename": "a.txt", "contentType": "text/plain", "size": 5}
    created: list[str] = []
    numbers = itertools.count()

    def get(function: str, path: str, note: str = "") -> Case:
        route = f"GET {path.partition('?')[0]}"
        return Case(function, route, lambda: http_event(route, path, headers=token), note=note)

    def new_user() -> dict[str, Any]:
        address = f"{account.credentials['email'].partition('@')[0]}-{next(numbers)}@example.net"
        return http_event("POST /signup", body={"email": address, "password": PASSWORD, "name": "Bob"})

    def sign_in(function: str, hashed_by: str) -> Case:
        return Case(
            function, "POST /signin", lambda: http_event("POST /signin", body=account.credentials), hashed_by=hashed_by
        )

    return [
        Case(EMPTY, "any", lambda: http_event("GET /users/me")),
        get("keys", "/.well-known/jwks.json"),
        get("users", "/users/me"),
        get("users", "/users?limit=20", f"{USERS} users"),
        get("session", "/users/me/sessions"),
        Case("session", "POST /session/refresh", lambda: http_event("POST /session/refresh", body=refresh),
             seen=lambda body: refresh.update(refreshToken=body["refreshToken"])),
        get("uploads", "/uploads"),
        get("uploads", "/uploads/usage"),
        Case("uploads", "POST /uploads", lambda: http_event("POST /uploads", body=upload, headers=token), 201,
             lambda body: created.append(body["upload"]["id"]), "one PUT"),
        Case("uploads", "DELETE /uploads/{id}",
             lambda: http_event("DELETE /uploads/{id}", f"/uploads/{created.pop()}", headers=token), 204, note="pending"),
        get("products", "/products", "no products"),
        get("orders", "/orders", "no orders"),
        get("library", "/library", "no products"),
        Case("signup", "POST /signup", new_user, 201, hashed_by="ours"),
        sign_in("signin", "ours"),
        sign_in(PEER, "npm bcrypt"),
    ]  # fmt: skip


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    loop = Loop()
    subjects: dict[str, list[Subject]] = defaultdict(list)
    for it in [*options.functions(), *options.functions_beside(), *options.peer_functions()]:
        subjects[PEER if it.name == PEER else it.function].append(it)
    used: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    hashed: dict[str, list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        local, certificates = stack.enter_context(options.local_system()), stack.enter_context(chain())
        engines = Engines(loop, local, certificates)
        for number in range(USERS):
            Account(local, f"user-{number}@example.com")
        found = {kind: cases(Account(local, f"{kind}@example.com")) for kind in KINDS}
        hashers = [stack.enter_context(hasher) for hasher in (hashes.of_functions(options), *hashes.of_peers(options))]
        instances = {}
        for kind, index in itertools.product(KINDS, range(len(found["tls"]))):
            for subject in subjects[found[kind][index].function]:
                environment = subject.environment(local) | engines.environment(kind)
                instance = stack.enter_context(Instance(loop, subject.name, subject.argv, environment))
                instance.start()
                instances[kind, index, subject.name] = instance
        for number in progress("warm", rounds):
            for (kind, index, name), instance in instances.items():
                milliseconds = cpu_of_requests(instance, found[kind][index])
                if number:
                    used[kind, index, name].append(milliseconds)
            for hasher in hashers:
                hashed[hasher.name] += [hasher.hash(LOWEST_COST)[0] * 1e3 for _ in range(REQUESTS)]
    hash_ms = {name: median(values) for name, values in hashed.items()}
    rows = []
    for (kind, index, name), values in used.items():
        case = found[kind][index]
        row = {"name": name, "route": case.route, "note": case.note, "engines": kind, "cpu_ms": median(values)}
        rows.append(row | {"hash_ms": hash_ms.get(case.hashed_by, 0)})
    return {"machine": on, "rounds": rounds, "rows": rows}


def cpu_of_requests(instance: Instance, case: Case) -> float:
    """Returns the milliseconds of CPU time of one request, on average of some."""
    before = instance.cpu_ms()
    for _ in range(REQUESTS):
        case.seen(instance.invoke(case.event(), case.status))
    return (instance.cpu_ms() - before) / REQUESTS


def tables(result: Result) -> str:
    rows = {(row["name"], row["route"], row["note"], row["engines"]): row for row in result["rows"]}
    cells = []
    for name, route, note in dict.fromkeys(key[:3] for key in rows):
        without = {
            kind: rows[name, route, note, kind]["cpu_ms"] - rows[name, route, note, kind]["hash_ms"] for kind in KINDS
        }
        ratio = without["tls"] / rows[EMPTY, "any", "", "tls"]["cpu_ms"]
        hash_ms = rows[name, route, note, "tls"]["hash_ms"]
        times = [f"{ratio:.1f}", *(f"{without[kind]:.2f}" for kind in KINDS), f"{hash_ms:.2f}" if hash_ms else ""]
        cells.append([f"`{name}`", f"`{route}`", note, *times])
    heading = ["function", "request", "", "ratio (TLS)", "CPU with TLS, ms", "CPU without TLS, ms", "left out: hash, ms"]
    return table(heading, cells)


def plots(result: Result) -> dict[str, str]:
    bars: dict[str, list[float]] = defaultdict(list)
    for kind in KINDS:
        for row in result["rows"]:
            if row["engines"] == kind:
                label = row["name"] if row["name"] == EMPTY else f"{row['name']}: {row['route']}"
                bars[f"{label} {row['note']}".strip()].append(row["cpu_ms"] - row["hash_ms"])
    return {"warm": charts.bars("Milliseconds of CPU time of a warm request, without the password hash", KINDS, bars)}
