"""What Cloakroom should reach, and what it reached in the last results."""

import pathlib

from measure.results import Result, load, table
from measure.subjects import DYNAMIC_EMPTY, PEER

# Milliseconds of CPU time of a warm request, without TLS and without the hash.
WARM = {"GET /users/me": 0.3, "GET /users": 0.7, "POST /session/refresh": 0.6, "POST /uploads": 0.7, "POST /signin": 1.2}
# What a target is, its bound, what was measured, and whether more is better.
Row = tuple[str, float, float, bool]


def starts(result: Result) -> list[Row]:
    rows = {(row["name"], row["engines"]): row for row in result["rows"]}

    def ratio(name: str, field: str, engines: str, to: str = DYNAMIC_EMPTY) -> float:
        return float(rows[name, engines][field] / rows[to, engines][field])

    found = [
        ("start of `users`: wall time, to the dynamic empty function", 1.3, ratio("users", "wall_ms", "recorded"), False),
        ("start of `signin`: wall time, to the dynamic empty function", 1.6, ratio("signin", "wall_ms", "recorded"), False),
        ("start of `users` over TLS: CPU, to the dynamic empty function", 2.2, ratio("users", "cpu_ms", "tls"), False),
        ("start of `signin` over TLS: CPU, to the dynamic empty function", 2.2, ratio("signin", "cpu_ms", "tls"), False),
        ("start of `signin`: MB of memory", 6, rows["signin", "recorded"]["resident_mb"], False),
        ("`signin`: MB of the zip", 2.9, result["sizes"]["signin"]["zip_mb"], False),
    ]
    if (PEER, "tls") in rows:
        found.append(("start over TLS: CPU of Node, to that of `signin`", 80, ratio(PEER, "cpu_ms", "tls", "signin"), True))
    return found


def instructions(result: Result) -> list[Row]:
    found = {name: counts["recorded"] / 1e6 for name, counts in result["counts"].items()}
    return [
        ("start of `users`: million instructions", 1.4, found["users"], False),
        ("start of `signin`: million instructions", 2, found["signin"], False),
    ]


def warm(result: Result) -> list[Row]:
    found = {
        row["route"]: row["cpu_ms"] - row["hash_ms"]
        for row in result["rows"]
        if row["engines"] == "local" and row["name"] != PEER
    }
    # The route of a page has its query in the case, and not in its name.
    return [(f"warm `{route}`: CPU, ms", most, found[route], False) for route, most in WARM.items()]


def hashed(result: Result) -> list[Row]:
    found = {(row["cost"], row["name"]): row["ms"] for row in result["rows"]}
    others = [name for name in ("libxcrypt", "npm bcrypt") if (12, name) in found]
    return [
        (f"hash at cost {cost}, to {other}", 1, found[cost, "ours"] / found[cost, other], False)
        for cost in (10, 12)
        for other in others
    ]


def system(result: Result) -> list[Row]:
    rows = {(row["request"], row["connections"]): row for row in result["rows"] if row["name"] == "cloakroom, debug functions"}
    me = "get the current user"
    return [
        ("`cargo run`: sign-ins a second, 8 connections", 200, rows["sign in", 8]["per_second"], True),
        ("`cargo run`: `GET /users/me`, ms, 1 connection", 4, rows[me, 1]["p50_ms"], False),
        ("`cargo run`: `GET /users/me`, ms, 8 connections", 4, rows[me, 8]["p50_ms"], False),
    ]


def pages(result: Result) -> list[Row]:
    found: list[Row] = []
    for route in dict.fromkeys(row["route"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["route"] == route]
        smallest, largest = rows[0], rows[-1]
        what = f"`{route}` at {largest['users']:,} users, to that at {smallest['users']:,}"
        found.append((f"{what}: duration", 1.05, largest["ms"] / smallest["ms"], False))
        found.append((f"{what}: CPU of the function", 1.05, largest["cpu_ms"] / smallest["cpu_ms"], False))
    return [*found, ("page of 20 users: read units, median", 2, result["rows"][0]["read_units"], False)]


def through(system: Result, warm: Result) -> list[Row]:
    """The CPU time of a request to the local system with release functions, to that of the function alone."""
    me = ("cloakroom, release functions", "get the current user", 8)
    whole = next(row["cpu_ms"] for row in system["rows"] if (row["name"], row["request"], row["connections"]) == me)
    own = next(row["cpu_ms"] for row in warm["rows"] if (row["route"], row["engines"]) == ("GET /users/me", "local"))
    return [("`GET /users/me` through the local system: CPU, to that of the function", 2, whole / own, False)]


PARTS = {"start": starts, "instructions": instructions, "warm": warm, "hash": hashed, "system": system, "pages": pages}


def targets(results: pathlib.Path) -> str:
    """Returns the table of all targets whose part was measured."""
    measured = {part: result for part in PARTS if (result := load(results, part))}
    found = [row for part, result in measured.items() for row in PARTS[part](result)]
    if {"system", "warm"} <= measured.keys():
        found += through(measured["system"], measured["warm"])
    cells = []
    for what, bound, value, is_least in found:
        is_reached = value >= bound if is_least else value <= bound
        cells.append(
            [what, f"{'at least' if is_least else 'at most'} {bound:g}", f"{value:.2f}", "yes" if is_reached else "no"]
        )
    if not cells:
        return "Nothing was measured yet: `bench/run`."
    return table(["what", "target", "measured", "reached"], cells).strip()
