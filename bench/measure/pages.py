"""Pages of `GET /users?limit=20` in tables of different sizes, one after the other: their duration, and DynamoDB's read units."""

import contextlib
import json
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict

from functions import ROOT
from local_system import LocalSystem

from measure import charts
from measure.results import Result, machine, median, percentile, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import Account, Options, Subject, http_event

ROUNDS = 200
NEEDS: list[str] = []
SIZES, LARGE = [1_000, 100_000], 1_000_000
ROUTE, LIMIT = "GET /users", 20
FIRST = f"/users?limit={LIMIT}"


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
        self._next = FIRST

    def page(self) -> tuple[float, float, float]:
        """Reads the next page, after the last one the first again. Returns the milliseconds, those of CPU time, and the read
        units."""
        before = self._instance.cpu_ms()
        page = self._instance.invoke(http_event(ROUTE, self._next, headers=self._authorization))
        cpu = self._instance.cpu_ms() - before
        assert len(page["items"]) == LIMIT, page
        self._next = f"{FIRST}&cursor={page['next']}" if page["next"] else FIRST
        line = json.loads(self._instance.log().splitlines()[-1])
        return self._instance.invocation_ms, cpu, line["ReadUnits"]


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
    found: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        filled = {}
        for users, _ in zip(sizes, progress("pages: tables", len(sizes)), strict=False):
            filled[users] = Table(stack, loop, options, users, folder)
        for number in progress("pages", rounds):
            for users in random.sample(sizes, len(sizes)):
                measured = filled[users].page()
                if number:
                    found[users].append(measured)
    rows = []
    for users, samples in sorted(found.items()):
        times, cpu, units = zip(*samples, strict=True)
        row = {"users": users, "ms": median(times), "p90_ms": percentile(list(times), 90)}
        row |= {"cpu_ms": median(cpu), "read_units": median(units), "mean_read_units": round(statistics.fmean(units), 2)}
        rows.append(row)
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    least = result["rows"][0]["ms"]
    cells = []
    for row in result["rows"]:
        times = [f"{row[field]:.2f}" for field in ("read_units", "mean_read_units", "ms", "p90_ms", "cpu_ms")]
        cells.append([f"{row['users']:,}", f"{row['ms'] / least:.2f}", *times])
    heading = ["users", "duration, ratio", "read units, median", "mean", "median, ms", "90 % below, ms", "CPU, ms"]
    return table(heading, cells)


def plots(result: Result) -> dict[str, str]:
    bars = {f"{row['users']:,} users": [row["ms"]] for row in result["rows"]}
    return {"pages": charts.bars("Milliseconds of a page of 20 users", ["a page"], bars)}
