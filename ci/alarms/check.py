"""Checks that a fault sets off its alarm, and that the system does not without it."""

from typing import Any

from cloudformation import Template

from .cases import Case, Use
from .evaluator import Sample, goes_off, periods_of, value_of


def nothing_more(_: Any) -> list[Sample]:
    return []


def check(cases: list[Case], system: Any, more: Use = nothing_more) -> None:
    """Uses a system without a fault and with it. `more` returns the samples that the system itself has had."""
    for is_fault in (False, True):
        use = cases[0].fault if is_fault else cases[0].calm
        samples = (use(system) or []) + (more(system) or [])
        for case in cases:
            alarm = alarm_of(case)
            # The same samples in each period of the alarm.
            is_on, value = goes_off(alarm, [samples] * periods_of(alarm)), value_of(alarm, samples)
            assert is_on == is_fault, (
                f"{case.alarm} is {'on' if is_on else 'off'} at {value}, {'with' if is_fault else 'without'} its fault"
            )


def alarm_of(case: Case) -> dict[str, Any]:
    """The alarm of template.yaml with the parameters of a case."""
    template = Template(AlarmEmail="operator@example.com", **case.parameters)
    alarm: dict[str, Any] = template.of_type("AWS::CloudWatch::Alarm")[case.alarm]
    return alarm
