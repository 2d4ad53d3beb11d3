"""Checks that a fault sets off its alarm, and that the system does not without it."""

import time
from typing import Any

from cloudformation import Template

from .cases import Case, Use
from .evaluator import Sample, goes_off, periods_of, value_of

# How long a fault may take to be measured.
SECONDS = 30


def nothing_more(_: Any) -> list[Sample]:
    return []


def check(cases: list[Case], system: Any, more: Use = nothing_more) -> None:
    """Uses a system without a fault and with it. `more` returns the samples that the system itself has had. Those of a fault may
    come late: they are asked for again until the alarms are on, for a limited time."""
    alarms = {case.alarm: alarm_of(case) for case in cases}
    for is_fault in (False, True):
        use = cases[0].fault if is_fault else cases[0].calm
        samples = (use(system) or []) + (more(system) or [])
        until = time.monotonic() + SECONDS
        while is_fault and not all(is_set_off(alarm, samples) for alarm in alarms.values()) and time.monotonic() < until:
            time.sleep(0.2)
            samples += more(system) or []
        for name, alarm in alarms.items():
            is_on = is_set_off(alarm, samples)
            assert is_on == is_fault, (
                f"{name} is {'on' if is_on else 'off'} at {value_of(alarm, samples)}, {'with' if is_fault else 'without'} its fault"
            )


def is_set_off(alarm: dict[str, Any], samples: list[Sample]) -> bool:
    """Whether an alarm is on after these samples in each of its periods."""
    return goes_off(alarm, [samples] * periods_of(alarm))


def alarm_of(case: Case) -> dict[str, Any]:
    """The alarm of template.yaml with the parameters of a case."""
    template = Template(AlarmEmail="operator@example.com", **case.parameters)
    alarm: dict[str, Any] = template.of_type("AWS::CloudWatch::Alarm")[case.alarm]
    return alarm
