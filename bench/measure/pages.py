"""Requests in tables of different sizes, as pages of `GET /users?limit=20` one after the other: their duration and units."""

import contextlib
import json
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from typing import Any, NamedTuple

from functions import ROOT
from local_system import LocalSystem

from measure import charts, warm
from measure.results import Result, machine, medians, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import PEER, Account, Options, Subject, http_event
from measure.warm import Case

ROUNDS = 200
NEEDS: list[str] = []
SIZES, LARGE = [1_000, 100_000], 1_000_000
ROUTE, LIMIT = "GET /users", 20
FIRST = f"/users?limit={LIMIT}"
# As many full pages as the smallest table has, and a few less.
PAGES = 40
OTHERS = ["POST /signup", "POST /signin", "POST /session/refresh", "POST /uploads", "DELETE /uploads/{id}"]


class Sample(NamedTuple):
    """A request."""

    ms: float
    cpu_ms: float
    read_units: float
    write_units: float


class Table:
    """A local system with users, and the functions that work on them."""

    def __init__(self, stack: contextlib.ExitStack, loop: Loop, options: Options, users: int, folder: pathlib.Path) -> None:
        system = stack.enter_context(options.local_system("--template", str(quiet_template(folder))))
        seed(options, system, users)
        self.cases = cases(Account(system))
        self._instances = {}
        for name in {case.function for case in self.cases}:
            subject = Subject(name, (str(options.release / name),), name)
            instance = stack.enter_context(Instance(loop, name, subject.argv, subject.environment(system)))
            instance.start()
            self._instances[name] = instance

    def request(self, case: Case) -> Sample:
        instance = self._instances[case.function]
        before = instance.cpu_ms()
        body = instance.invoke(case.event(), case.status)
        cpu = instance.cpu_ms() - before
        case.seen(body)
        line = json.loads(instance.log().splitlines()[-1])
        return Sample(instance.invocation_ms, cpu, line.get("ReadUnits", 0), line.get("WriteUnits", 0))


def cases(account: Account) -> list[Case]:
    """Returns the cases: the first pages in turn, and requests that do not list users."""
    paths = [FIRST]

    def seen(body: Any) -> None:
        assert len(body["items"]) == LIMIT, body
        paths.append(f"{FIRST}&cursor={body['next']}" if len(paths) % PAGES else FIRST)

    pages = Case("users", ROUTE, lambda: http_event(ROUTE, paths[-1], headers=account.authorization), seen=seen)
    return [pages, *(case for case in warm.cases(account) if case.route in OTHERS and case.function != PEER)]


def quiet_template(folder: pathlib.Path) -> pathlib.Path:
    """Writes a template in which changes of users cause no events: a million of them would pass through the queues."""
    users = r"        Users:\n          Type: DynamoDB\n.*?(?=        Uploads:\n          Type: DynamoDB\n)"
    text, count = re.subn(users, "", (ROOT / "template.yaml").read_text(), flags=re.DOTALL)
    assert count == 1, "template.yaml has another form"
    file = folder / "template.yaml"
    file.write_text(text)
    return file


def seed(options: Options, system: LocalSystem, users: int) -> None:
    words = ["--users", str(users), "--uploads", "0", "--orders", "0"]
    command = [str(options.debug / "cloakroom"), "seed", "--env", "dev", f"--local={system.folder}", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"cloakroom seed failed: {done.stderr}")


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    loop = Loop()
    sizes = [*SIZES, LARGE] if options.large else SIZES
    found: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        filled = {}
        for users, _ in zip(sizes, progress("pages: tables", len(sizes)), strict=False):
            filled[users] = Table(stack, loop, options, users, folder)
        for number in progress("pages", rounds):
            for users in random.sample(sizes, len(sizes)):
                for case in filled[users].cases:
                    sample = filled[users].request(case)
                    if number:
                        found[case.route, users].append(sample)
    rows: list[dict[str, Any]] = []
    for (route, users), samples in found.items():
        ms, reads = [sample.ms for sample in samples], [sample.read_units for sample in samples]
        more = {"p90_ms": percentile(ms, 90), "mean_read_units": round(statistics.fmean(reads), 2)}
        rows.append({"route": route, "users": users} | medians(samples) | more)
    rows.sort(key=lambda row: ([ROUTE, *OTHERS].index(row["route"]), row["users"]))
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    least = {row["route"]: row for row in reversed(result["rows"])}
    cells = []
    for row in result["rows"]:
        ratios = [f"{row[field] / least[row['route']][field]:.2f}" for field in ("ms", "cpu_ms")]
        values = [f"{row[field]:.2f}" for field in ("read_units", "mean_read_units", "write_units", "ms", "p90_ms", "cpu_ms")]
        cells.append([f"`{row['route']}`", f"{row['users']:,}", *ratios, *values])
    heading = ["request", "users", "duration, ratio", "CPU, ratio", "read units, median", "mean", "write units, median"]
    return table([*heading, "median, ms", "90 % below, ms", "CPU, ms"], cells)


def plots(result: Result) -> dict[str, str]:
    bars: dict[str, list[float]] = defaultdict(list)
    for row in result["rows"]:
        bars[f"{row['users']:,} users"].append(row["ms"])
    routes = list(dict.fromkeys(row["route"] for row in result["rows"]))
    return {"pages": charts.bars("Milliseconds of a request", routes, bars)}
