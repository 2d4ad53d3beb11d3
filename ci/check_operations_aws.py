"""Follows docs/OPERATIONS.md word for word on ministack, a stand-in for AWS, from the first deployment to the deleted stack.

    "$(ci/tools.sh sam)/bin/python" -B ci/check_operations_aws.py SAM MINISTACK AWS

SAM, MINISTACK and AWS are the folders of ci/tools.sh. Every command of the document runs, in its order, and has to succeed.
Exceptions are in ci/operations/exceptions.py, and what a reader has to fill in is in ci/operations/reader.py. Needs the
functions of ci/build_functions.sh and the `cloakroom` of the tests (target/debug).
"""

import contextlib
import pathlib
import sys
import tempfile
import time
import traceback

from rehearsal import stand_ins

stand_ins.use_no_account()

from cloudformation import Report  # noqa: E402
from functions import ROOT  # noqa: E402
from operations import doctor, document, exceptions, gateway, queries, reader  # noqa: E402
from operations.shell import Shell  # noqa: E402
from rehearsal import deployment  # noqa: E402

STACKS = ("cloakroom-dev", "cloakroom-preview-42")


def follow(report: Report, command: document.Command, shell: Shell) -> None:
    """Runs one command, with what comes before and after it, or shows that it cannot run."""
    started, problem = time.monotonic(), ""
    exception = exceptions.of(command)
    try:
        if exception and not exception.error:
            assert exception.runs_elsewhere(command), f"no block of the document runs `{command.text}`"
        else:
            reader.prepare(command, shell)
            code, output = shell.run(reader.filled_in(command.text, shell))
            if exception:
                problem = exception.problem(code, output)
            else:
                reader.verify(command, shell, code, output)
    except AssertionError as error:
        problem = str(error) or traceback.format_exc(limit=-2)
    except Exception:  # noqa: BLE001 - the other commands continue
        problem = traceback.format_exc(limit=-3)
    report.check(not problem, f"{command.title}\n{problem}")
    word = "FAILED" if problem else "listed" if exception else "ok"
    print(f"  {word:6} {time.monotonic() - started:5.1f} s  {command.title}", flush=True)


def main() -> int:
    sam, ministack, aws = sys.argv[1:4]
    report, started = Report(), time.monotonic()
    commands = document.commands()
    for what, keys in (("exceptions", exceptions.KEYS), ("reader", reader.KEYS)):
        stale = [key for key in keys if not any(key in command.text for command in commands)]
        report.same(stale, [], f"commands of ci/operations/{what}.py that are not in {document.PATH}")
    with contextlib.ExitStack() as stack:
        # Beside the built functions, which are linked into it.
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT / "target")))
        address = stack.enter_context(stand_ins.ministack(f"{ministack}/bin/ministack", folder / "ministack"))
        apis = {name: stack.enter_context(gateway.serve(name, address)) for name in STACKS}
        deployment.create_bucket()
        shell = Shell(folder / "home", {"sam": sam, "aws": aws}, apis)
        report.check(
            queries.evaluates_no_statistics(), "ministack evaluates `stats`: run the queries of the document there"
        )
        for command in commands:
            follow(report, command, shell)
    print("not as on AWS, or not run:")
    for line in [*reader.STATED, *doctor.lines(), *exceptions.lines()]:
        print(f"  - {line}")
    print(f"{time.monotonic() - started:.0f} s")
    return report.finish()


sys.exit(main())
