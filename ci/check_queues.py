"""Checks the local SQS and EventBridge against the behaviour that AWS documents. The same checks run against ministack, another
implementation, to show that they test the services and not the local engines.

    ci/check_queues.sh
    "$(ci/tools.sh s3)/bin/python" -B ci/check_queues.py [--against ministack --ministack EXECUTABLE] [NAME...]
"""

import argparse
import contextlib
import pathlib
import sys
import time
import traceback
from collections.abc import Iterator

from functions import ROOT
from local_system import CLOAKROOM, LocalSystem
from ministack_server import Ministack
from queues import CHECKS, Server
from queues.battery import client
from queues.known import MINISTACK, OURS

TEMPLATE = ROOT / "ci/queues/template.yaml"


@contextlib.contextmanager
def ours() -> Iterator[Server]:
    """Starts the local system with the template of the checks, with the operator's credentials."""
    with LocalSystem(CLOAKROOM, 0, "--template", str(TEMPLATE)) as system:
        yield Server(system.sqs, system.eventbridge, system.access_key, system.secret)


@contextlib.contextmanager
def ministack(executable: pathlib.Path) -> Iterator[Server]:
    """Starts ministack and creates the template of the checks in it."""
    with Ministack(executable) as url:
        stacks = client("cloudformation", url, "test", "test")
        stacks.create_stack(StackName="checks", TemplateBody=TEMPLATE.read_text())
        stacks.get_waiter("stack_create_complete").wait(StackName="checks", WaiterConfig={"Delay": 1})
        yield Server(url, url, "test", "test")


def failures(server: Server, wanted: list[str]) -> tuple[int, dict[str, str]]:
    """Runs the checks and returns their number and the messages of those that failed."""
    found, count = {}, 0
    for check in CHECKS:
        if wanted and not any(text in check.name for text in wanted):
            continue
        count += 1
        server.enter()
        try:
            check.run(server)
        except AssertionError as error:
            found[check.name] = str(error)
        except Exception:  # noqa: BLE001 - an exception fails the check; the others continue
            found[check.name] = traceback.format_exc(limit=-2)
    return count, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", choices=["ours", "ministack"], default="ours")
    parser.add_argument("--ministack", type=pathlib.Path, help="path of the ministack executable")
    parser.add_argument("name", nargs="*", help="run only checks with this in their names")
    chosen = parser.parse_args()
    known, engine = (OURS, ours()) if chosen.against == "ours" else (MINISTACK, ministack(chosen.ministack))
    started = time.monotonic()
    with engine as server:
        count, failed = failures(server, chosen.name)
    for name, why in failed.items():
        if name not in known:
            print(f"FAILED: {name}\n    {why}")
    # A known difference that no longer exists must be removed from the list.
    stale = [] if chosen.name else sorted(set(known) - set(failed))
    for name in stale:
        print(f"FAILED: {name}\n    the check passes now; remove it from the list")
    bad = len(set(failed) - set(known)) + len(stale)
    seconds = time.monotonic() - started
    print(f"SQS and EventBridge, {chosen.against}: {count - len(failed)} as expected, "
          f"{len(failed) - bad + len(stale)} known to differ, {bad} wrong; {seconds:.0f} s")
    return 1 if bad else 0


sys.exit(main())
