"""The known limitations of the pinned stand-ins: a probe for each, and what the copy of the template has instead.

A limitation that a probe no longer finds fails the rehearsal: remove it from the list, so that the part of the template that
it changes is rehearsed as it is.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
from cloudformation import as_list

from . import probes
from .deployment import Deployed
from .routes import with_routes
from .smoke import operation
from .without import by_attribute, without_resources

Body = dict[str, Any]


class Limitation(NamedTuple):
    """One thing that a stand-in does not do as AWS does."""

    what: str
    instead: str
    # Shows on the running stand-in that the limitation exists.
    exists: Callable[[], bool]
    # Changes the copy of the template.
    amend: Callable[[Body], Body | None]
    # Changes the deployed stack.
    after: Callable[[Body, Deployed], None] = lambda body, stack: None


def statements(body: Body, action: str) -> Iterator[dict[str, Any]]:
    """The statements of the template's roles that allow an action."""
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    if action in as_list(statement["Action"]):
                        yield statement


def any_resource(action: str) -> Callable[[Body], None]:
    """Widens the grants of an action to all resources."""

    def amend(body: Body) -> None:
        for statement in statements(body, action):
            statement["Resource"] = "*"

    return amend


def without_condition(keys: set[str], operators: set[str], *actions: str) -> Callable[[Body], None]:
    """Removes the conditions with these keys and operators from the grants of some actions."""

    def amend(body: Body) -> None:
        for action in actions:
            for statement in statements(body, action):
                for operator in operators & set(statement.get("Condition", {})):
                    for key in keys:
                        statement["Condition"][operator].pop(key, None)
                    if not statement["Condition"][operator]:
                        del statement["Condition"][operator]

    return amend


WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")

def lock_buckets(body: Body, stack: Deployed) -> None:
    """Turns Object Lock on for the deployed buckets that should have it."""
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        if body["Resources"][name]["Properties"].get("ObjectLockEnabled"):
            boto3.client("s3").put_object_lock_configuration(
                Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
            )


def expire_items(body: Body, stack: Deployed) -> None:
    """Turns the time to live on for the deployed tables that should have it."""
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        life = body["Resources"][name]["Properties"].get("TimeToLiveSpecification")
        if life:
            boto3.client("dynamodb").update_time_to_live(TableName=table, TimeToLiveSpecification=life)


def without_metric_math(body: Body) -> Body:
    """Removes the alarms on expressions of metrics."""
    alarms = {name: one for name, one in body["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    return without_resources(body, {name for name, one in alarms.items() if "Metrics" in one["Properties"]})


NO_TIME_TO_LIVE = Limitation(
    "does not set the time to live of a table",
    "it is set after the deployment",
    probes.sets_no_time_to_live,
    lambda body: None,
    expire_items,
)
METRIC_MATH = Limitation(
    "refuses alarms on expressions of metrics",
    "the copy of the template has no such alarms",
    probes.refuses_metric_math,
    without_metric_math,
)
MINISTACK = [
    METRIC_MATH,
    NO_TIME_TO_LIVE,
    Limitation(
        "does not read the OpenAPI document of an HTTP API",
        "each operation of the document is a route and an integration of its own",
        probes.ignores_the_openapi_document,
        with_routes,
    ),
    Limitation(
        "does not turn on Object Lock for a bucket with ObjectLockEnabled",
        "it is turned on after the deployment",
        probes.ignores_object_lock,
        lambda body: None,
        lock_buckets,
    ),
    Limitation(
        "checks the signer of a form for an access point against the bucket behind it",
        "the grants of PutObject have the resource *",
        probes.checks_forms_against_the_bucket,
        any_resource("s3:PutObject"),
    ),
    Limitation(
        "has no SAM transform",
        "the translator of the SAM CLI expands the template, and --s3-bucket is used instead of --resolve-s3",
        probes.has_no_sam_transform,
        # Every template is expanded, for moto too.
        lambda body: None,
    ),
    Limitation(
        "checks ssm:GetParametersByPath against all resources instead of the path",
        "the grants of GetParametersByPath have the resource *",
        probes.refuses_parameters_by_path,
        any_resource("ssm:GetParametersByPath"),
    ),
    Limitation(
        "has no condition key dynamodb:Attributes for writes",
        "these grants have no condition that the key is not null",
        probes.ignores_the_attributes_of_writes,
        without_condition({"dynamodb:Attributes"}, {"Null"}, *WRITES),
    ),
    Limitation(
        "checks ses:SendEmail against all resources instead of the identity",
        "the grants of SendEmail have the resource *",
        probes.refuses_mail_by_identity,
        any_resource("ses:SendEmail"),
    ),
    Limitation(
        "has no condition key ses:FromAddress",
        "the grants of SendEmail have no condition for the sender",
        probes.ignores_the_sender,
        without_condition({"ses:FromAddress"}, {"StringEquals"}, "ses:SendEmail"),
    ),
]

# Found with the deployed stack, after the steps.
USED = [
    (
        "writes no access log",
        "the lines of ApiAccessLogGroup are not rehearsed",
        operation.writes_no_access_log,
    ),
    (
        "answers a preflight request for an access point without the CORS rules of the bucket",
        "the request is sent to the bucket",
        operation.allows_every_origin_at_an_alias,
    ),
]
MOTO = [
    Limitation(
        "does not find a template by its URL",
        "the stack is created with boto3 instead of sam deploy, and each function has an empty package",
        probes.finds_no_template_by_url,
        lambda body: None,
    ),
    NO_TIME_TO_LIVE,
    Limitation(
        "does not resolve a reference to an event bus",
        "its attribute Name stands for it",
        probes.resolves_no_event_bus,
        lambda body: by_attribute(body, "AWS::Events::EventBus", "Name"),
    ),
]


def gone(known: list[Limitation]) -> list[str]:
    """The limitations that no longer exist."""
    return [one.what for one in known if not one.exists()]


def amended(body: Body, known: list[Limitation]) -> Body:
    """The changed copy of a template."""
    body = copy.deepcopy(body)
    for limitation in known:
        body = limitation.amend(body) or body
    return body
