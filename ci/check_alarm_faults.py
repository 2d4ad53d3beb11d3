"""Sets off alarms of template.yaml by faults of the local system, and shows that ordinary use sets off none of them.

    "$(ci/tools.sh sam)/bin/python" -B ci/check_alarm_faults.py

The functions are the real ones, and so are their lines. What is derived instead is printed with each alarm. The faults of the
other alarms are in ci/check_rehearsal.py.
"""

import os
import sys
import time

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from alarms import local_cases  # noqa: E402, F401
from alarms.cases import LOCAL, of_stage  # noqa: E402
from alarms.check import check  # noqa: E402
from alarms.evaluator import Sample  # noqa: E402
from alarms.faults import FaultySystem  # noqa: E402
from cloudformation import Report  # noqa: E402

# The functions of the local system hash with the least cost.
SYSTEM = {"BcryptCost": "4"}
SECONDS = 10


def settled(system: FaultySystem) -> list[Sample]:
    """The samples of the requests so far. Mails are sent, and lines are printed, a moment after a response."""
    found = system.new_samples()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.3)
        more = system.new_samples()
        if not more:
            break
        found += more
    return found


def main() -> int:
    report = Report()
    for cases in of_stage(LOCAL):
        started, problem = time.monotonic(), ""
        parameters = {name: value for case in cases for name, value in case.parameters.items()}
        with FaultySystem(SYSTEM | parameters) as system:
            try:
                check(cases, system, settled)
            except AssertionError as error:
                problem = str(error)
        report.check(not problem, problem)
        print(
            f"  {time.monotonic() - started:4.1f} s",
            *(f"  {case.alarm}, derived: {case.derived}" for case in cases),
            sep="\n",
            flush=True,
        )
    return report.finish()


sys.exit(main())
