"""Password hashes: the bcrypt of the functions, libxcrypt's and that of npm's `bcrypt`, in turn, with the same salt."""

import contextlib
import ctypes
import ctypes.util
import random
import subprocess
import time
from collections import defaultdict
from types import TracebackType
from typing import Self

from measure.results import Result, machine, median, progress, table
from measure.subjects import Options, peers

ROUNDS = 30
NEEDS = ["node", "npm"]
COSTS = [10, 12]
PASSWORD = "correct horse battery staple"
# "sixteen bytes of" in bcrypt's base64, the salt of bench/bcrypt.
SALT = "a0j2bETjZg/gcVPjaw/tXe"


class Hasher:
    """A process that hashes each line of its input, and answers with the seconds and the hash."""

    def __init__(self, name: str, argv: list[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate()

    def hash(self, cost: int) -> tuple[float, str]:
        """Returns the seconds of a hash, and the hash."""
        assert self._process.stdin and self._process.stdout
        print(cost, PASSWORD, file=self._process.stdin, flush=True)
        seconds, found = self._process.stdout.readline().split()
        return float(seconds), found


class Libxcrypt:
    """The library that hashes the passwords of Linux systems, in the measuring process."""

    name = "libxcrypt"

    def __init__(self) -> None:
        library = ctypes.util.find_library("crypt")
        if not library:
            raise SystemExit("libcrypt is missing. Install libxcrypt (libcrypt1 on Debian).")
        self._crypt = ctypes.CDLL(library).crypt
        self._crypt.restype = ctypes.c_char_p

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def hash(self, cost: int) -> tuple[float, str]:
        setting = f"$2b${cost:02}${SALT}".encode()
        began = time.perf_counter()
        found = self._crypt(PASSWORD.encode(), setting)
        return time.perf_counter() - began, found.decode()


def of_functions(options: Options) -> Hasher:
    """Returns the hasher with the crate and the profile of the functions."""
    return Hasher("ours", [str(options.release / "bench-bcrypt")])


def of_peers(options: Options) -> list[Hasher]:
    """Returns the hashers of the peers."""
    return [Hasher("npm bcrypt", peers().hash_bench())] if options.peers else []


def measure(options: Options, rounds: int) -> Result:
    on = machine()
    times: dict[tuple[int, str], list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        hashers: list[Hasher | Libxcrypt] = [of_functions(options), Libxcrypt(), *of_peers(options)]
        for hasher in hashers:
            stack.enter_context(hasher)
        for number in progress("hash", rounds):
            for cost in COSTS:
                hashes = set()
                for hasher in random.sample(hashers, len(hashers)):
                    seconds, found = hasher.hash(cost)
                    hashes.add(found)
                    if number:
                        times[cost, hasher.name].append(seconds * 1e3)
                if len(hashes) != 1:
                    raise SystemExit(f"the hashes differ: {hashes}")
    rows = [
        {"cost": cost, "name": name, "ms": median(values), "fastest_ms": round(min(values), 3)}
        for (cost, name), values in sorted(times.items())
    ]
    return {"machine": on, "rounds": rounds, "rows": rows}


def tables(result: Result) -> str:
    ours = {row["cost"]: row["ms"] for row in result["rows"] if row["name"] == "ours"}
    cells = [
        [
            str(row["cost"]),
            row["name"],
            f"{row['ms'] / ours[row['cost']]:.2f}",
            f"{row['ms']:.1f}",
            f"{row['fastest_ms']:.1f}",
        ]
        for row in result["rows"]
    ]
    return table(["cost", "implementation", "ratio to ours", "median, ms", "fastest, ms"], cells)


def plots(_: Result) -> dict[str, str]:
    return {}
