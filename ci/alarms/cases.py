"""The faults that set off the alarms of template.yaml: one entry for each alarm.

ci/check_alarms.py fails for an alarm without an entry. An entry names its stage: LOCAL is the local system with engines that
fail (ci/check_alarm_faults.py), STAND_IN the stack on ministack (ci/check_rehearsal.py).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .evaluator import Sample

# Uses a system, and returns the samples that are not in the functions' lines.
Use = Callable[[Any], list[Sample] | None]
LOCAL, STAND_IN = "local", "stand-in"


class Case(NamedTuple):
    """A fault, and what of it is not real."""

    stage: str
    alarm: str
    # Uses the system without the fault, then with it.
    calm: Use
    fault: Use
    # What AWS measures, and a stand-in for AWS does not.
    derived: str
    # Parameters of template.yaml, for the alarm and for the local system.
    parameters: dict[str, str]


CASES: dict[str, Case] = {}


def sets_off(alarm: str, stage: str, calm: Use, derived: str = "nothing", **parameters: str) -> Callable[[Use], Use]:
    """Adds the decorated fault as that of an alarm."""

    def add(fault: Use) -> Use:
        assert alarm not in CASES, f"{alarm} has two faults"
        CASES[alarm] = Case(stage, alarm, calm, fault, derived, parameters)
        return fault

    return add


def of_stage(stage: str) -> list[list[Case]]:
    """The cases of a stage. Those of the same fault are together."""
    together: dict[Use, list[Case]] = {}
    for case in CASES.values():
        if case.stage == stage:
            together.setdefault(case.fault, []).append(case)
    return list(together.values())
