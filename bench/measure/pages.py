"""A page of `GET /users?limit=20` in tables of different sizes: its duration, and DynamoDB's read units."""

import contextlib
import json
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from typing import Any

from functions import ROOT
from local_system import LocalSystem

from measure import charts
from measure.results import Result, machine, median, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import Account, Options, Subject, http_event

ROUNDS = 100
NEEDS: list[str] = []
SIZES, LARGE = [1_000, 100_000], 1_000_000
ROUTE, LIMIT = "GET /users", 20
# How many pages the second case is away from the first.
DEEP = 25


class Table:
    """A local system with users, and the function that lists them."""

    def __init__(self, stack: contextlib.ExitStack, loop: Loop, options: Options, users: int, folder: pathlib.Path) -> None:
        self.system = stack.enter_context(options.local_system("--template", str(quiet_template(folder))))
        seed(options, self.system, users)
        self._authorization = Account(self.system).authorization
        subject = Subject("users", (str(options.release / "users"),), "users")
        instance = Instance(loop, subject.name, subject.argv, subject.environment(self.system))
        self._instance = stack.enter_context(instance)
        instance.start()
        self.paths = {"first": f"/users?limit={LIMIT}"}
        path = self.paths["first"]
        for _ in range(DEEP):
            path = f"/users?limit={LIMIT}&cursor={self.get(path)['next']}"
        self.paths[f"{DEEP} pages later"] = path

    def get(self, path: str) -> Any:
        page = self._instance.invoke(http_event(ROUTE, path, headers=self._authorization))
        assert len(page["items"]) == LIMIT, page
        return page

    def page(self, path: str) -> tuple[float, float, float]:
        """Returns the milliseconds, those of CPU time, and the read units of a page."""
        before = self._instance.cpu_ms()
        self.get(path)
        line = json.loads(self._instance.log().splitlines()[-1])
        return self._instance.invocation_ms, self._instance.cpu_ms() - before, line["ReadUnits"]


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
    found: dict[tuple[int, str], list[tuple[float, float, float]]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        filled = {}
        for users, _ in zip(sizes, progress("pages: tables", len(sizes)), strict=False):
            filled[users] = Table(stack, loop, options, users, folder)
        for number in progress("pages", rounds):
            for users in random.sample(sizes, len(sizes)):
                for page, path in filled[users].paths.items():
                    measured = filled[users].page(path)
                    if number:
                        found[users, page].append(measured)
    rows = []
    for (users, page), samples in sorted(found.items(), key=lambda it: it[0][0]):
        times, cpu, units = zip(*samples, strict=True)
        row = {"users": users, "page": page, "ms": median(times), "p90_ms": percentile(list(times), 90)}
        rows.append(row | {"cpu_ms": median(cpu), "read_units": round(statistics.fmean(units), 2)})
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    first = {row["page"]: row for row in reversed(result["rows"])}
    cells = []
    for row in result["rows"]:
        ratio = row["ms"] / first[row["page"]]["ms"]
        times = [f"{row[field]:.2f}" for field in ("read_units", "ms", "p90_ms", "cpu_ms")]
        cells.append([f"{row['users']:,}", row["page"], f"{ratio:.2f}", *times])
    return table(["users", "page", "duration, ratio", "read units", "median, ms", "90 % below, ms", "CPU, ms"], cells)


def plots(result: Result) -> dict[str, str]:
    pages = list(dict.fromkeys(row["page"] for row in result["rows"]))
    bars: dict[str, list[float]] = defaultdict(list)
    for page in pages:
        for row in result["rows"]:
            if row["page"] == page:
                bars[f"{row['users']:,} users"].append(row["ms"])
    return {"pages": charts.bars("Milliseconds of a page of 20 users", pages, bars)}
