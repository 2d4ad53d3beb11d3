#!/usr/bin/env python3
"""Tests whether the duration of a rejected sign-in reveals the reason.

    cargo build --workspace
    bench/timing.py                   # target/debug
    bench/timing.py --bootstraps DIR  # functions built by `cargo lambda build` or `sam build`

Each round signs in once as each kind, in a new random order, so that other load on the machine affects all kinds equally.
For each pair, prints the difference of the means and Welch's t. `known` and `known again` are the same kind: their
difference is noise, and so is any |t| under 4.5, the threshold of dudect (Reparaz, Balasch, Verbauwhede, 2017). The slowest
5 % are excluded, and then the slower half, because they are due to other load and hide small differences.
"""

import argparse
import http.client
import itertools
import json
import math
import pathlib
import random
import statistics
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ci"))

from local_system import CLOAKROOM, LocalSystem  # noqa: E402

PASSWORD = "analytical engine"
TABLE = "cloakroom-dev-CredentialsTable"
NOISE = 4.5
# The fractions of the fastest sign-ins to compare.
PARTS = [0.95, 0.5]
# In the year 2100, in milliseconds since 1970.
FAR_FUTURE = 4_102_444_800_000
# Milliseconds of a hash at cost 12, the default (docs/PERFORMANCE.md).
HASH_AT_12 = 266
# Kind -> the state of its credential; None: there is no account.
KINDS: dict[str, dict | None] = {
    "known": {"status": "active"},
    "known again": {"status": "active"},
    "unknown": None,
    "locked": {"status": "active", "failures": 20, "locked_until": FAR_FUTURE},
    "disabled": {"status": "disabled"},
}


class Client:
    """An HTTP client with one persistent connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc)

    def post(self, path: str, body: dict) -> int:
        return self.send(path, json.dumps(body).encode(), {"content-type": "application/json"})

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


class Database:
    def __init__(self, system: LocalSystem) -> None:
        self._system, self._client = system, Client(system.dynamodb)

    def set(self, email: str, state: dict) -> None:
        """Resets the status and the failed attempts of a credential, so that earlier attempts do not count."""
        parts = {name: state[name] for name in ("status", "failures", "locked_until") if name in state}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in parts)
        removed = {"failures", "locked_until"} - set(parts)
        if removed:
            expression += " REMOVE " + ", ".join(sorted(f"#{name}" for name in removed))
        values = {f":{n}": {"N" if isinstance(value, int) else "S": str(value)} for n, value in parts.items()}
        body = {
            "TableName": TABLE,
            "Key": {"email": {"S": email}},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {f"#{name}": name for name in set(parts) | removed},
            "ExpressionAttributeValues": values,
        }
        headers = {
            "x-amz-target": "DynamoDB_20120810.UpdateItem",
            "content-type": "application/x-amz-json-1.0",
        }
        content = json.dumps(body).encode()
        signed = self._system.signed("dynamodb", self._system.dynamodb, content, headers)
        status = self._client.send("/", content, signed)
        assert status == 200, status


def measure(system: LocalSystem, rounds: int) -> dict[str, list[float]]:
    """Kind -> milliseconds."""
    api, database = Client(system.api), Database(system)
    emails = {kind: f"{kind.replace(' ', '-')}@example.com" for kind in KINDS}
    for kind, state in KINDS.items():
        if state:
            status = api.post("/signup", {"email": emails[kind], "password": PASSWORD, "name": kind})
            assert status == 201, status
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(rounds + 50):
        order = list(KINDS)
        random.shuffle(order)
        for kind in order:
            # Before every sign-in, so that the database and the connections are always in the same state.
            state = KINDS[kind]
            owner, other = (emails[kind], state) if state else (emails["known"], KINDS["known"])
            assert other
            database.set(owner, other)
            begin = time.perf_counter_ns()
            status = api.post("/signin", {"email": emails[kind], "password": "not the password"})
            took = (time.perf_counter_ns() - begin) / 1e6
            assert status == 401, status
            # The first rounds warm up the system.
            if number >= 50:
                times[kind].append(took)
    return times


def welch(a: list[float], b: list[float]) -> tuple[float, float]:
    """Returns Welch's t and half the width of the 95 % confidence interval of the difference."""
    error = math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    return (statistics.fmean(a) - statistics.fmean(b)) / error, 1.96 * error


def report(times: dict[str, list[float]]) -> bool:
    for kind, values in times.items():
        median, mean = statistics.median(values), statistics.fmean(values)
        print(f"{kind:10} {len(values)} sign-ins, median {median:.3f} ms, mean {mean:.3f} ms")
    everything = sorted(itertools.chain(*times.values()))
    quiet = True
    for part in PARTS:
        limit = everything[int(part * (len(everything) - 1))]
        print(f"\nfastest {part:.0%}, under {limit:.1f} ms:")
        # A list, so that `all` does not stop at the first difference and every pair is printed.
        pairs = itertools.combinations(times, 2)
        quiet = all([compare(times, one, other, limit) for one, other in pairs]) and quiet
    return quiet


def compare(times: dict[str, list[float]], one: str, other: str, limit: float) -> bool:
    """Prints the difference between two kinds and returns whether it is noise."""
    a, b = ([value for value in times[kind] if value <= limit] for kind in (one, other))
    t, interval = welch(a, b)
    difference = statistics.fmean(a) - statistics.fmean(b)
    noise = abs(t) < NOISE
    verdict = "noise" if noise else f"a difference: {abs(difference) / HASH_AT_12:.2%} of a hash at cost 12"
    print(f"{one:10} - {other:10} {difference:+.3f} ± {interval:.3f} ms   t = {t:+6.2f}   {verdict}")
    return noise


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--cost", type=int, default=7, help="bcrypt cost; a lower cost hides smaller differences less")
    parser.add_argument("--bootstraps", help="directory of built functions")
    arguments = parser.parse_args()
    options = ["--parameter", f"BcryptCost={arguments.cost}", "--parameter", "RequestsPerAddress=10000000"]
    options += ["--without-schedules", *(["--bootstraps", arguments.bootstraps] if arguments.bootstraps else [])]
    with LocalSystem(CLOAKROOM, 0, *options) as system:
        times = measure(system, arguments.rounds)
    return 0 if report(times) else 1


sys.exit(main())
