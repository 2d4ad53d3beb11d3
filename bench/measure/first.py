"""The first answer: a cold start and one request, together."""

import random
from collections import defaultdict
from typing import Any, NamedTuple

from measure import charts
from measure.engines import Engines, Recording
from measure.results import Result, machine, median, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import EMPTY, Account, Options, http_event
from measure.tls import chain

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


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    loop = Loop()
    with options.local_system() as local, chain() as certificates:
        engines = Engines(loop, local, certificates)
        events = requests(Account(local))
        subjects = {it.name: it for it in options.all_functions() if it.function in events}
        recordings = {name: Recording() for name in subjects}
        pairs = [(name, kind) for name in subjects for kind in KINDS]
        for number in progress("first", rounds):
            for name, kind in random.sample(pairs, len(pairs)):
                # A refresh token can be used once, so both kinds replay the same recording.
                engines.replay(recordings[name])
                environment = subjects[name].environment(local) | engines.environment(kind)
                with Instance(loop, name, subjects[name].argv, environment) as instance:
                    instance.start()
                    instance.invoke(events[subjects[name].function])
                    answer = Answer(instance.since_start_ms, instance.cpu_ms(), instance.invocation_ms)
                if number:  # the first round records
                    answers[name, kind].append(answer)
    rows = [
        {"name": name, "request": events[subjects[name].function]["routeKey"], "engines": kind}
        | summary(answers[name, kind])
        for name, kind in pairs
    ]
    return {"machine": on, "rounds": rounds, "rows": rows}


def summary(answers: list[Answer]) -> dict[str, float]:
    medians = {field: median(values) for field, values in zip(Answer._fields, zip(*answers), strict=True)}
    return medians | {"wall_p90_ms": percentile([answer.wall_ms for answer in answers], 90)}


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
