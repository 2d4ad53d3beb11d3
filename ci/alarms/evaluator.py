"""Evaluates an alarm of template.yaml as CloudWatch does."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
}


class Metric(NamedTuple):
    """A metric in CloudWatch: the same name with other dimensions is another metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Sample(NamedTuple):
    """One value of a metric."""

    metric: Metric
    value: float


def metric(namespace: str, name: str, **dimensions: str) -> Metric:
    return Metric(namespace, name, tuple(sorted(dimensions.items())))


def _metric(properties: dict[str, Any]) -> Metric:
    dimensions = {one["Name"]: one["Value"] for one in properties.get("Dimensions", [])}
    return metric(properties["Namespace"], properties["MetricName"], **dimensions)


def metrics_of(alarm: dict[str, Any]) -> dict[str, tuple[Metric, str]]:
    """The metrics that an alarm reads, with their statistic, by their id in the alarm's expression."""
    if "Metrics" in alarm:
        stats = {one["Id"]: one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one}
        return {name: (_metric(stat["Metric"]), stat["Stat"]) for name, stat in stats.items()}
    return {"": (_metric(alarm), alarm.get("Statistic") or alarm["ExtendedStatistic"])}


def goes_off(alarm: dict[str, Any], periods: Sequence[list[Sample]]) -> bool:
    """Whether an alarm is in the state ALARM after consecutive periods with these samples."""
    compare, threshold = COMPARE[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    evaluated = [value_of(alarm, samples) for samples in periods[-periods_of(alarm) :]]
    breaching = [value for value in evaluated if value is not None and compare(value, threshold)]
    return len(breaching) >= int(alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]))


def periods_of(alarm: dict[str, Any]) -> int:
    """The number of periods that an alarm looks at."""
    return int(alarm["EvaluationPeriods"])


def value_of(alarm: dict[str, Any], samples: list[Sample]) -> float | None:
    """The datapoint of a period; None without samples, which TreatMissingData: notBreaching takes for good."""
    assert alarm["TreatMissingData"] == "notBreaching", "other treatments of missing data are not evaluated"
    values = {
        name: statistic(stat, [one.value for one in samples if one.metric == read])
        for name, (read, stat) in metrics_of(alarm).items()
    }
    known = {name: value for name, value in values.items() if value is not None}
    if "Metrics" not in alarm:
        return known.get("")
    (expression,) = [one["Expression"] for one in alarm["Metrics"] if "Expression" in one]
    if expression in ("SUM(METRICS())", "MAX(METRICS())"):
        together = sum if expression.startswith("SUM") else max
        return together(known.values()) if known else None
    if not re.fullmatch(r"[\d */]*\bmetric\b[\d */]*", expression):
        raise ValueError(f"{expression} is not understood")
    return eval(expression, {"__builtins__": {}}, known) if "metric" in known else None


def statistic(stat: str, values: list[float]) -> float | None:
    """The statistic of a period's values."""
    if not values:
        return None
    if stat == "Sum":
        return sum(values)
    if stat == "Maximum":
        return max(values)
    if stat == "p99":
        # At most one percent of the values are higher.
        return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
    raise ValueError(f"{stat} is not understood")
