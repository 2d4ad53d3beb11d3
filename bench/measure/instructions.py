"""Instructions of a cold start, counted by callgrind: the load of the machine does not change them, so CI compares them."""

import pathlib
import re
import signal
import tempfile

from measure.engines import Engines, Recording
from measure.results import Result, machine, progress, table
from measure.runtime_api import Instance
from measure.serving import Loop
from measure.subjects import EMPTY, Options, Subject
from measure.tls import chain

# Starts that count.
ROUNDS = 3
NEEDS = ["openssl", "valgrind"]
KINDS = ["recorded", "tls"]
# How many percent more instructions of a start with recorded responses fail the check.
TOLERANCE = 5
# Starts at most, for each that counts.
TRIES = 10


def measure(options: Options, rounds: int, kinds: list[str] = KINDS) -> Result:
    on = machine()
    counts: dict[str, dict[str, int]] = {}
    loop = Loop()
    subjects = options.functions()
    with options.local_system() as local, chain() as certificates:
        engines = Engines(loop, local, certificates)
        for number in progress("instructions", len(subjects)):
            if number == 0:
                continue
            subject = subjects[number - 1]
            environments = {kind: subject.environment(local) | engines.environment(kind) for kind in kinds}
            counts[subject.name] = {kind: fewest(loop, engines, subject, it, rounds) for kind, it in environments.items()}
    return {"machine": on, "rounds": rounds, "counts": counts}


def fewest(loop: Loop, engines: Engines, subject: Subject, environment: dict[str, str], starts: int) -> int:
    """Returns the fewest instructions of some starts. On a busy machine, a start under callgrind takes so long that timers
    expire and requests are repeated. A start counts only if it uses the engines as one without callgrind does."""
    recording = Recording()

    def use() -> tuple[int, int]:
        engines.replay(recording)
        with Instance(loop, subject.name, subject.argv, environment) as instance:
            instance.start()
        return engines.use(recording)

    # A start that repeats a request uses more.
    expected = min(use() for _ in range(3))
    counts: list[int] = []
    for _ in range(TRIES * starts):
        engines.replay(recording)
        found = count(loop, subject.name, subject.argv, environment)
        if engines.use(recording) == expected:
            counts.append(found)
        if len(counts) == starts:
            return min(counts)
    failed = TRIES * starts - len(counts)
    raise SystemExit(f"{subject.name}: requests timed out in {failed} of {TRIES * starts} starts. The machine is too busy.")


def count(loop: Loop, name: str, argv: tuple[str, ...], environment: dict[str, str]) -> int:
    """Returns the instructions of all threads until the first `GET /next`, with those of the dynamic linker."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        options = ["--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={log}"]
        instance = Instance(loop, name, ["valgrind", *options, *argv], environment)
        instance.start(seconds=120)
        instance.stop(signal.SIGTERM)
        found = re.search(r"Collected : (\d+)", log.read_text())
    if not found:
        raise SystemExit(f"{name}: callgrind has counted nothing")
    return int(found[1])


def check(options: Options, accepted: Result | None) -> int:
    """Compares the counts with the accepted ones. Returns the exit code."""
    if accepted is None:
        raise SystemExit("there are no accepted counts. Measure them with: bench/run instructions")
    counts = measure(options, ROUNDS, ["recorded"])["counts"]
    failed = 0
    # Only the C library and the runtime library change those of the empty function.
    del counts[EMPTY]
    for name, found in counts.items():
        before, after = accepted["counts"].get(name, {}).get("recorded"), found["recorded"]
        if before is None:
            failed += 1
            print(f"FAILED: {name} executes {after:,} instructions, and has no accepted count")
            continue
        more = (after / before - 1) * 100
        is_over = more > TOLERANCE
        failed += is_over
        verdict = "FAILED: " if is_over else ""
        print(f"{verdict}{name} executes {after:,} instructions; accepted are {before:,}: {more:+.1f} %")
    print(f"{len(counts) - failed} passed, {failed} failed; the tolerance is {TOLERANCE} %")
    if failed:
        print("If the additional work is intended, accept the counts with `bench/run instructions` and commit the result.")
    return 1 if failed else 0


def tables(result: Result) -> str:
    counts = result["counts"]
    cells = []
    for name, found in counts.items():
        ratios = [f"{found[kind] / counts[EMPTY][kind]:.1f}" for kind in KINDS]
        cells.append([f"`{name}`", *ratios, *(f"{found[kind] / 1e6:.2f}" for kind in KINDS)])
    heading = [*(f"{kind}, ratio" for kind in KINDS), *(f"{kind}, million" for kind in KINDS)]
    return table(["function", *heading], cells)


def plots(_: Result) -> dict[str, str]:
    return {}
