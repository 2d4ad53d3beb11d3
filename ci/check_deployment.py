"""Checks how a deployment of template.yaml replaces functions: versions, the alias and canaries.

    "$(ci/tools.sh sam)/bin/python" ci/check_deployment.py
"""

import copy
import os
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import ALIAS, Report, Template  # noqa: E402
from functions import FUNCTIONS, logical_name  # noqa: E402

CANARY = {"Canary": "true", "AlarmEmail": "operator@example.com"}
# Lambda's limit of a version's description.
MAX_DESCRIPTION = 256
# Settings of a function that are not part of a version.
UNVERSIONED = {"ReservedConcurrentExecutions", "Tags"}
# Stacks in which each parameter is changed.
STACKS: list[dict[str, str]] = [
    {},
    {"MailFrom": "app@mail.example", "AppUrl": "https://app.example/"},
    {"WebPage": "false"},
    {"WebDomain": "app.example.com"},
]


# The alarms that return to the old versions.
CANARY_ALARMS = ("CanaryErrorsAlarm", "CanaryEventErrorsAlarm", "CanaryServiceErrorsAlarm")


def another(parameter: dict[str, Any], value: Any) -> Any:
    """A value that the parameter can be changed to."""
    if "AllowedValues" in parameter:
        return next(other for other in parameter["AllowedValues"] if str(other) != str(value))
    if parameter["Type"] == "Number":
        return str(int(value) + 1)
    return ["https://other.example"] if isinstance(value, list) else f"{value}other"


def state(template: Template) -> dict[str, tuple[Any, str]]:
    """The versioned settings of each function, and the description of its version."""
    found = {}
    versions = {it["FunctionName"]: it for it in template.of_type("AWS::Lambda::Version").values()}
    for name, function in template.of_type("AWS::Lambda::Function").items():
        settings = {key: value for key, value in function.items() if key not in UNVERSIONED}
        found[name] = copy.deepcopy(settings), versions[name]["Description"]
    return found


def check_versions(report: Report) -> None:
    """A version is published if a changed parameter changes a function, and only then: Lambda publishes no equal one."""
    for values in STACKS:
        template = Template(**values)
        before, original = state(template), dict(template.values)
        for name, parameter in template.parameters.items():
            if name == "Env":  # A stack stays in its stage.
                continue
            template.values = original | {name: another(parameter, original[name])}
            for function, (settings, description) in state(template).items():
                changed = settings != before[function][0]
                what = f"{values}: a new {name} changes {function}"
                report.same(description != before[function][1], changed, f"{what}: {changed}; its version")


def check_descriptions(report: Report) -> None:
    """The values of all parameters fit into the description of a version."""
    template = Template()
    for name, parameter in template.parameters.items():
        if "AllowedValues" in parameter:
            template.values[name] = max(map(str, parameter["AllowedValues"]), key=len)
        elif parameter["Type"] == "String":
            template.values[name] = "x" * int(parameter.get("MaxLength", 0))
        elif parameter["Type"] == "Number":
            template.values[name] = str(parameter.get("MaxValue", 10**12))
    for function, (_, description) in state(template).items():
        size = len(description)
        report.check(size <= MAX_DESCRIPTION, f"{function}: the description of its version has {size} characters")


def check_aliases(report: Report, template: Template) -> None:
    versions, aliases = template.of_type("AWS::Lambda::Version"), template.of_type("AWS::Lambda::Alias")
    names = {f"{logical_name(binary)}Function" for binary in FUNCTIONS}
    report.same(set(aliases), {f"{name}{ALIAS}" for name in names}, "each function has an alias")
    for name, alias in aliases.items():
        version = alias["FunctionVersion"].removesuffix(".Version")
        function = name.removesuffix(ALIAS)
        report.same((alias["Name"], alias["FunctionName"]), ("live", function), f"{name}: its function")
        report.same(versions[version]["FunctionName"], function, f"{name}: its version")
        report.same(template.resources[version]["DeletionPolicy"], "Delete", f"{version} leaves no code behind")


def check_canary(report: Report) -> None:
    kinds = {resource["Type"] for resource in Template().decided()["Resources"].values()}
    report.check(not any("CodeDeploy" in kind for kind in kinds), "without Canary, CodeDeploy is not used")
    template = Template(**CANARY)
    groups = template.of_type("AWS::CodeDeploy::DeploymentGroup")
    report.same(len(groups), len(FUNCTIONS), "every function has a deployment group")
    alarms = {"Enabled": True, "Alarms": [{"Name": name} for name in CANARY_ALARMS]}
    for name, group in groups.items():
        report.same(group["AlarmConfiguration"], alarms, f"{name}: its alarms")
        report.check("DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"], f"{name} rolls back")
        report.same(group["DeploymentConfigName"], "CodeDeployDefault.LambdaCanary10Percent10Minutes", f"{name}: steps")
        report.same(group["ServiceRoleArn"], "DeploymentRole.Arn", f"{name}: its role")
    role = template.of_type("AWS::IAM::Role")["DeploymentRole"]
    managed = ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"]
    report.same(role["ManagedPolicyArns"], managed, "CodeDeploy's role may move aliases")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    report.same(trust["Principal"], {"Service": "codedeploy.amazonaws.com"}, "CodeDeploy alone has the role")


def main() -> int:
    report, template = Report(), Template()
    check_versions(report)
    check_descriptions(report)
    check_aliases(report, template)
    check_canary(report)
    return report.finish()


sys.exit(main())
