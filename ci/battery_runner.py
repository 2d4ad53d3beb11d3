"""Runs a battery of checks against the local engines or against ministack, and compares the failures with the known ones."""

import argparse
import pathlib
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

# Starts a server for the checks.
Start = Callable[[], AbstractContextManager[Any]]


def failures(checks: list[Any], server: Any, wanted: list[str]) -> tuple[int, dict[str, str]]:
    """Runs the checks and returns their number and the messages of those that failed."""
    found, count = {}, 0
    for check in checks:
        if wanted and not any(text in check.name for text in wanted):
            continue
        count += 1
        server.enter(check)
        try:
            check.run(server)
        except AssertionError as error:
            found[check.name] = str(error)
        except Exception:  # noqa: BLE001 - an exception fails the check; the others continue
            found[check.name] = traceback.format_exc(limit=-2)
    return count, found


def run(
    title: str,
    description: str | None,
    checks: list[Any],
    ours: tuple[dict[str, str], Start],
    ministack: tuple[dict[str, str], Callable[[pathlib.Path], AbstractContextManager[Any]]],
) -> int:
    """Runs what the command line chooses. `ours` and `ministack` are the known differences and the server. Returns the exit code."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", choices=["ours", "ministack"], default="ours")
    parser.add_argument("--ministack", type=pathlib.Path, help="path of the ministack executable")
    parser.add_argument("name", nargs="*", help="run only checks with this in their names")
    chosen = parser.parse_args()
    known = (ours if chosen.against == "ours" else ministack)[0]
    engine = ours[1]() if chosen.against == "ours" else ministack[1](chosen.ministack)
    started = time.monotonic()
    with engine as server:
        count, failed = failures(checks, server, chosen.name)
    for name, why in failed.items():
        if name not in known:
            print(f"FAILED: {name}\n    {why}")
    # A known difference that no longer exists must be removed from the list.
    stale = [] if chosen.name else sorted(set(known) - set(failed))
    for name in stale:
        print(f"FAILED: {name}\n    the check passes now; remove it from the list")
    bad = len(set(failed) - set(known)) + len(stale)
    seconds = time.monotonic() - started
    print(
        f"{title}, {chosen.against}: {count - len(failed)} as expected, {len(failed) - bad + len(stale)} known to differ, "
        f"{bad} wrong; {seconds:.0f} s"
    )
    return 1 if bad else 0
