"""The first answer: a cold start and one request, together."""

import random
from collections import defaultdict
from typing import Any, NamedTuple

from local_system import LocalSystem

from measure import charts
from measure.engines import Engines, Recording
from measure.results import Result, machine, medians, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import EMPTY, Account, Options, http_event
from measure.tls import Chain, chain

ROUNDS = 40
NEEDS = ["openssl", "node", "npm"]
KINDS = ["tls", "recorded"]


class Answer(NamedTuple):
    """A cold start with its first request."""

    wall_ms: float
    cpu_ms: float
    request_ms: float


def requests(account: Account) -> dict[str, dict[str, Any]]:
    """Returns the first request of each function that is measured."""
    sign_in = http_event("POST /signin", body=account.credentials)
    refresh = http_event("POST /session/refresh", body={"refreshToken": account.refresh_token})
    me = http_event("GET /users/me", headers=account.authorization)
    return {EMPTY: sign_in, "signin": sign_in, "session": refresh, "users": me}


class Setup:
    """A local system, the functions that are measured, and the first request of each."""

    def __init__(self, options: Options, local: LocalSystem, certificates: Chain) -> None:
        self.loop = Loop()
        self._local, self._engines = local, Engines(self.loop, local, certificates)
        self._events = requests(Account(local))
        self.subjects = {it.name: it for it in options.all_functions() if it.function in self._events}
        self._recordings = {name: Recording() for name in self.subjects}

    def event(self, name: str) -> dict[str, Any]:
        return self._events[self.subjects[name].function]

    def prepare(self, name: str, kind: str) -> dict[str, str]:
        """Prepares the engines for a start. Returns the variables of the function."""
        # A refresh token can be used once, so all starts replay the same recording.
        self._engines.replay(self._recordings[name])
        return self.subjects[name].environment(self._local) | self._engines.environment(kind)

    def answer(self, name: str, kind: str) -> Answer:
        with Instance(self.loop, name, self.subjects[name].argv, self.prepare(name, kind)) as instance:
            instance.start()
            instance.invoke(self.event(name))
            return Answer(instance.since_start_ms, instance.cpu_ms(), instance.invocation_ms)


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    with options.local_system() as local, chain() as certificates:
        setup = Setup(options, local, certificates)
        pairs = [(name, kind) for name in setup.subjects for kind in KINDS]
        for number in progress("first", rounds):
            for name, kind in random.sample(pairs, len(pairs)):
                answer = setup.answer(name, kind)
                if number:  # the first round records
                    answers[name, kind].append(answer)
    rows = [
        {"name": name, "request": setup.event(name)["routeKey"], "engines": kind} | summary(answers[name, kind])
        for name, kind in pairs
    ]
    return {"machine": on, "rounds": rounds, "rows": rows}


def summary(answers: list[Answer]) -> dict[str, float]:
    return medians(answers) | {"wall_p90_ms": percentile([answer.wall_ms for answer in answers], 90)}


def tables(result: Result) -> str:
    empty = {row["engines"]: row for row in result["rows"] if row["name"] == EMPTY}
    cells = []
    for row in result["rows"]:
        ratios = [f"{row[field] / empty[row['engines']][field]:.2f}" for field in ("wall_ms", "cpu_ms")]
        times = [f"{row[field]:.2f}" for field in ("wall_ms", "wall_p90_ms", "request_ms", "cpu_ms")]
        cells.append([f"`{row['name']}`", f"`{row['request']}`", row["engines"], *ratios, *times])
    times = ["wall, ms", "90 % below, ms", "of it the request, ms", "CPU, ms"]
    return table(["function", "request", "engines", "wall, ratio", "CPU, ratio", *times], cells)


def plots(result: Result) -> dict[str, str]:
    wall = {(row["name"], row["engines"]): row["wall_ms"] for row in result["rows"]}
    names = list(dict.fromkeys(row["name"] for row in result["rows"]))
    bars = {name: [wall[name, kind] for kind in KINDS] for name in names}
    return {"first": charts.bars("Milliseconds from the start of the process to the first response", KINDS, bars)}
