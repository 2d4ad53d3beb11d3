"""Checks the alarms, the budget and the dashboard of template.yaml, on the template that CloudFormation gets.

    "$(ci/tools.sh sam)/bin/python" ci/check_alarms.py
"""

import json
import os
import pathlib
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from alarms import local_cases, stand_in_cases  # noqa: E402, F401
from alarms.cases import CASES  # noqa: E402
from alarms.evaluator import Sample, goes_off, metrics_of  # noqa: E402
from cloudformation import PSEUDO, ROOT, Report, Template  # noqa: E402

EMAIL = "operator@example.com"
OWN = f"Cloakroom/{PSEUDO['AWS::StackName']}"
# The metrics that the functions write, in the embedded metric format and without dimensions.
METRICS = pathlib.Path(ROOT, "shared/metrics/src/metric.rs").read_text().split("\nmetrics! {")[1]
OWN_METRICS = set(re.findall(r"^    (\w+): \w+,$", METRICS, re.MULTILINE))
# The metrics of AWS services, with the dimensions under which AWS publishes them.
AWS_METRICS = {
    ("AWS/ApiGateway", "Count"): {"ApiId": "Api"},
    ("AWS/ApiGateway", "4xx"): {"ApiId": "Api"},
    ("AWS/ApiGateway", "5xx"): {"ApiId": "Api"},
    ("AWS/ApiGateway", "Latency"): {"ApiId": "Api"},
    ("AWS/Lambda", "Throttles"): {},
    ("AWS/Lambda", "ClaimedAccountConcurrency"): {},
}
# AWS publishes these for each queue, and for each function that reads a stream.
PER_QUEUE = {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}
PER_STREAM = {"IteratorAge"}

# For each alarm: values of consecutive periods that must set it off, and values that must not.
ALARMS: dict[str, tuple[list[float], list[float]]] = {
    "ServerErrorsAlarm": ([3, 0, 0, 3, 0], [3, 0, 0, 0, 0]),
    "LatencyAlarm": ([3001, 3001, 3001], [3001, 3000, 3001]),
    "ThrottlesAlarm": ([1, 0, 0, 0, 1], [9, 0, 0, 0, 0]),
    "ConcurrencyAlarm": ([401, 401, 401], [401, 400, 401]),
    "MailerDeadLettersAlarm": ([1], [0]),
    "UploadEventsDeadLettersAlarm": ([1], [0]),
    "StreamAgeAlarm": ([600_001], [600_000]),
    "RelayAgeAlarm": ([600_001], [600_000]),
    "EventDeadLettersAlarm": ([1], [0]),
    "WebhooksDisabledAlarm": ([1], [0]),
    "EventDelayAlarm": ([601], [600]),
    "MailsRefusedAlarm": ([1], [0]),
    "MailsBouncedAlarm": ([11], [10]),
    "MailLimitAlarm": ([1], [0]),
    "SignInFailuresAlarm": ([301], [300]),
    # Milliseconds of a quarter of an hour.
    "HashingTimeAlarm": ([500_001], [500_000]),
}
PARAMETERS = {"AlarmEmail": EMAIL, "AccountConcurrency": "500", "HashingSecondsPerHour": "2000", "Dashboard": "true"}


def after(alarm: dict, values: list[float]) -> bool:
    """Whether an alarm goes off after periods with one value each of the first metric that it reads."""
    read, _ = next(iter(metrics_of(alarm).values()))
    return goes_off(alarm, [[Sample(read, value)] for value in values])


def check_metric(report: Report, what: str, namespace: str, name: str, dimensions: dict) -> None:
    """A metric that is watched is one that is written."""
    if namespace == OWN:
        report.check(name in OWN_METRICS and not dimensions, f"{what}: the functions write {name}, without dimensions")
    elif namespace == "AWS/SQS":
        queues = Template(**PARAMETERS).of_type("AWS::SQS::Queue")
        known = [{"QueueName": f"{queue}.QueueName"} for queue in queues]
        report.check(name in PER_QUEUE and dimensions in known, f"{what}: {name} of a queue")
    elif name in PER_STREAM:
        readers = [{"FunctionName": f"{function}Function"} for function in ("EventRelay", "Mailer")]
        report.check(dimensions in readers, f"{what}: {name} of a function that reads a stream")
    else:
        report.same(dimensions, AWS_METRICS.get((namespace, name)), f"{what}: the dimensions of {namespace} {name}")


def check_alarms(report: Report) -> None:
    template = Template(**PARAMETERS)
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    report.same(set(alarms), set(ALARMS), "the alarms")
    for name, alarm in alarms.items():
        fires, passes = ALARMS[name]
        report.check(after(alarm, fires), f"{name} goes off after {fires}")
        report.check(not after(alarm, passes), f"{name} does not go off after {passes}")
        report.same(alarm["AlarmActions"], ["AlarmTopic"], f"{name} sends a mail")
        report.same(alarm["OKActions"], ["AlarmTopic"], f"{name} sends a mail when it is over")
        report.same(alarm["TreatMissingData"], "notBreaching", f"{name}: no data is no problem")
        section = f" What to do: docs/OPERATIONS.md#{name.lower()}"
        report.check(alarm["AlarmDescription"].endswith(section), f"{name} says where to read what to do")
        # The functions' lines name no unit for most metrics; an alarm with a unit would never go off.
        report.check("Unit" not in alarm, f"{name} has no unit")
        for metric, _ in metrics_of(alarm).values():
            check_metric(report, name, metric.namespace, metric.name, dict(metric.dimensions))
    (topic,) = template.of_type("AWS::SNS::Topic").values()
    report.same(topic["Subscription"], [{"Protocol": "email", "Endpoint": EMAIL}], "who gets the alarms")
    report.same(template.outputs()["AlarmTopicArn"], "AlarmTopic", "the output of the topic")


def check_faults(report: Report) -> None:
    """Each alarm has a fault that sets it off."""
    alarms = {name for name, one in Template().resources.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    report.same(sorted(CASES), sorted(alarms), "the alarms with a fault in ci/alarms")


def check_canary(report: Report) -> None:
    """A canary deployment is rolled back if any function fails."""
    template = Template(**PARAMETERS, Canary="true")
    read = []
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    for name in ("CanaryErrorsAlarm", "CanaryEventErrorsAlarm", "CanaryServiceErrorsAlarm"):
        metrics = alarms[name]["Metrics"]
        report.same([it["Expression"] for it in metrics if "Expression" in it], ["SUM(METRICS())"], f"{name} adds up")
        stats = [it["MetricStat"]["Metric"] for it in metrics if "MetricStat" in it]
        report.check(len(stats) <= 10, f"{name} has at most ten metrics")
        report.check(all(it.get("ReturnData") is False for it in metrics if "MetricStat" in it), f"{name}: one value")
        report.same(alarms[name]["TreatMissingData"], "notBreaching", f"{name}: no data is no problem")
        read += [(it["Namespace"], it["MetricName"], *(d["Value"] for d in it.get("Dimensions", []))) for it in stats]
    functions = template.of_type("AWS::Lambda::Function")
    expected = {(OWN, "ServerErrors"), *(("AWS/Lambda", "Errors", function) for function in functions)}
    report.same((set(read), len(read)), (expected, len(expected)), "the alarms of canaries watch every function")


def check_budget(report: Report) -> None:
    (budget,) = Template(AlarmEmail=EMAIL, MonthlyBudgetDollars="50").of_type("AWS::Budgets::Budget").values()
    report.same(budget["Budget"]["BudgetLimit"], {"Amount": "50", "Unit": "USD"}, "the budget's limit")
    notified = {subscriber["Address"] for it in budget["NotificationsWithSubscribers"] for subscriber in it["Subscribers"]}
    report.same(notified, {EMAIL}, "who gets the budget's mails")


def check_dashboard(report: Report) -> None:
    (dashboard,) = Template(**PARAMETERS).of_type("AWS::CloudWatch::Dashboard").values()
    seen = set()
    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        what = f"the dashboard's {widget['properties']['title']}"
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                search = metric[0]["expression"]
                report.check(search.startswith("SEARCH(") and PSEUDO["AWS::StackName"] in search, f"{what}: {search}")
                continue
            namespace, name, *rest = [part for part in metric if isinstance(part, str)]
            check_metric(report, what, namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))
            seen |= {name} if namespace == OWN else set()
    report.same(seen, OWN_METRICS, "the dashboard shows all metrics of the functions")


def check_off(report: Report) -> None:
    """Without these parameters, a stack has nothing that costs money while it is idle."""
    kinds = {resource["Type"] for resource in Template().decided()["Resources"].values()}
    costly = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic", "AWS::Budgets::Budget"}
    report.same(kinds & costly, set(), "by default there are no alarms, no dashboard and no budget")


def main() -> int:
    report = Report()
    check_alarms(report)
    check_faults(report)
    check_canary(report)
    check_budget(report)
    check_dashboard(report)
    check_off(report)
    return report.finish()


sys.exit(main())
