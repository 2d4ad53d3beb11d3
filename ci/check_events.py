"""events/ and samconfig.toml against template.yaml: what they name is there, under the name that they use.

    "$(ci/tools.sh sam)/bin/python" ci/check_events.py
"""

import hashlib
import json
import os
import re
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

import tomlkit  # noqa: E402
from cloudformation import ALIAS as LIVE  # noqa: E402
from cloudformation import PSEUDO, ROOT, Report, Template  # noqa: E402
from samcli.cli.types import CfnParameterOverridesType  # noqa: E402

# What the default ports of `cargo run` make of the template's variables, seen from a container.
LOCAL = {
    "AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:3001",
    "AWS_ENDPOINT_URL_S3": "http://host.docker.internal:3003",
    "AWS_ENDPOINT_URL_SSM": "http://host.docker.internal:3002",
    "AWS_ENDPOINT_URL_SESV2": "http://host.docker.internal:3005",
    "AWS_ENDPOINT_URL_SQS": "http://host.docker.internal:3006",
    "WEBHOOK_QUEUE_URL": "http://host.docker.internal:3006/000000000000/cloakroom-dev-WebhookQueue",
    "UPLOAD_GRANTS_QUEUE_URL": "http://host.docker.internal:3006/000000000000/cloakroom-dev-UploadGrantsQueue",
    "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://host.docker.internal:3007",
    "AWS_ENDPOINT_URL_LAMBDA": "http://host.docker.internal:3004",
    "STRIPE_ENDPOINT": "http://host.docker.internal:3008",
    "UPLOAD_GRANTS_FUNCTION": "arn:aws:lambda:us-east-1:000000000000:function:cloakroom-dev-UploadGrantsFunction:live",
    "PRODUCTS_FUNCTION": "arn:aws:lambda:us-east-1:000000000000:function:cloakroom-dev-ProductsFunction:live",
    "ORDERS_FUNCTION": "arn:aws:lambda:us-east-1:000000000000:function:cloakroom-dev-OrdersFunction:live",
    "LIBRARY_FUNCTION": "arn:aws:lambda:us-east-1:000000000000:function:cloakroom-dev-LibraryFunction:live",
    "EVENT_BUS": "cloakroom-dev",
    "ISSUER": "http://127.0.0.1:3000",
    "APP_NAME": "Cloakroom",
    "APP_URL": "http://127.0.0.1:3000/",
    "MAIL_FROM": "cloakroom@localhost",
    "METRICS_NAMESPACE": "Cloakroom/cloakroom-dev",
}
STACK = "cloakroom-dev"
# A local table has the name that CloudFormation would begin with.
# The part of the stack's id that names have; `local` on a laptop.
STACK_ID = PSEUDO["AWS::StackId"].split("/")[2].split("-")[0]
TABLE = re.compile(r"(\w+Table)$")
ALIAS = re.compile(r"(\w+AccessPoint)\.Alias$")

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
ENVELOPE = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}


def routes(template: Template) -> dict[str, str]:
    """`METHOD /path` or `$default` -> the function that serves it."""
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    found = {}
    for path, methods in api["Body"]["paths"].items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]
            name = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
            found[name] = re.search(rf"/(\w+){LIVE}/", uri)[1]
    return found


def fits(route: str, path: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.split(" ")[1]))
    return re.fullmatch(pattern, path) is not None


def check_expected(report: Report, name: str, expected: dict[str, Any], function: str) -> None:
    """What a sample says of itself: which function it is for, and what comes back at which turn."""
    report.same(expected["function"], function, f"{name}: the function that the template sends it to")
    answers = expected["answers"]
    orders = [answer["order"] for answer in answers]
    report.check(orders == sorted(set(orders)) and orders != [], f"{name}: its turns, in order, are {orders}")
    for answer in answers:
        report.check(set(answer) <= {"order", "status", "code"}, f"{name}: {answer} has other members")
        problem = answer.get("status", 0) >= 400
        report.same("code" in answer, problem, f"{name}: {answer} has a code when it is a problem")


def check_event(report: Report, name: str, event: dict[str, Any], known: dict[str, str]) -> None:
    route, http = event["routeKey"], event["requestContext"]["http"]
    report.same(event["version"], "2.0", f"{name}: payload format")
    report.same(event["requestContext"]["routeKey"], route, f"{name}: one route")
    report.same(event["rawPath"], http["path"], f"{name}: one path")
    if route == "$default":
        report.check(f"{http['method']} {http['path']}" not in known, f"{name}: really takes the default route")
    else:
        report.check(route in known, f"{name}: {route} is a route")
        report.same(route.split(" ")[0], http["method"], f"{name}: method")
        report.check(fits(route, http["path"]), f"{name}: path fits {route}")
    report.check(all(h == h.lower() for h in event["headers"]), f"{name}: header names are lower-case")
    body = event.get("body")
    length = str(len(body.encode())) if body is not None else None
    report.same(event["headers"].get("content-length"), length, f"{name}: content length")


def matches(pattern: Any, event: Any, template: Template) -> bool:
    """Whether EventBridge would take an event for this pattern, which names values and nothing cleverer."""
    if isinstance(pattern, dict):
        return isinstance(event, dict) and all(matches(it, event.get(key), template) for key, it in pattern.items())
    # One of a list is enough.
    if isinstance(event, list):
        return any(matches(pattern, it, template) for it in event)
    return event in [physical_name(value, template) for value in pattern]


def physical_name(value: str, template: Template) -> str:
    """The name on a laptop of what a rule refers to; any other value as it is."""
    if value in template.of_type("AWS::SES::ConfigurationSet"):
        return f"{STACK}-{value}"
    # A bucket's name has no capitals.
    return f"{STACK}-{value}".lower() if value in template.of_type("AWS::S3::Bucket") else value


def is_of(rule: str, properties: dict[str, Any], event: dict[str, Any], template: Template) -> bool:
    """Whether an event is one that a rule brings."""
    if "EventPattern" in properties:
        return matches(properties["EventPattern"], event, template)
    inputs = [target["Input"] for target in properties["Targets"] if "Input" in target]
    if inputs:
        return event == json.loads(inputs[0])
    # What a schedule sends says which one it was.
    scheduled = (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    return scheduled and event["resources"][0].endswith(f":rule/{STACK}-{rule}")


def check_bridged(report: Report, name: str, event: dict[str, Any], template: Template) -> set[str]:
    """An event that EventBridge brings; answers by which rules."""
    # A schedule with an input of its own sends that in place of the envelope.
    if event["source"] != "cloakroom":
        report.same(set(event), ENVELOPE, f"{name}: EventBridge's envelope")
        report.same(event["version"], "0", f"{name}: the envelope's version")
    rules = template.of_type("AWS::Events::Rule")
    # Rules of the stack's own bus write to queues (check_queued).
    default = {rule: properties for rule, properties in rules.items() if "EventBusName" not in properties}
    found = {rule for rule, properties in default.items() if is_of(rule, properties, event, template)}
    report.same(len(found), 1, f"{name}: one rule brings it")
    return found


def check_streamed(report: Report, name: str, event: dict[str, Any], template: Template) -> set[str]:
    """Records that Lambda reads from a table's stream; answers for which function's mapping."""
    mappings = template.of_type("AWS::Lambda::EventSourceMapping")
    found = set()
    for record in event["Records"]:
        report.same(record["eventSource"], "aws:dynamodb", f"{name}: where it comes from")
        table = re.search(rf":table/{STACK}-(\w+)/stream/", record["eventSourceARN"])[1]
        for mapping, properties in mappings.items():
            filters = properties.get("FilterCriteria", {}).get("Filters", [{"Pattern": "{}"}])
            patterns = [json.loads(f["Pattern"]) for f in filters]
            wanted = any(matches(pattern, record, template) for pattern in patterns)
            if properties["EventSourceArn"] == f"{table}.StreamArn" and wanted:
                found.add(mapping)
    report.same(len(found), 1, f"{name}: one mapping brings it")
    return found


def check_queued(report: Report, name: str, event: dict[str, Any], template: Template) -> tuple[set[str], set[str]]:
    """Messages that Lambda reads from a queue; answers by which rules they come there, and for which function's mapping."""
    rules, mappings = set(), set()
    for record in event["Records"]:
        report.same(record["md5OfBody"], hashlib.md5(record["body"].encode()).hexdigest(), f"{name}: the digest")
        queue = record["eventSourceARN"].removeprefix(f"arn:aws:sqs:us-east-1:123456789012:{STACK}-")
        body = json.loads(record["body"])
        # A message of the function itself, which no rule brings, has no type.
        bridged = {"source": "cloakroom", "detail-type": body.get("type")}
        for rule, properties in template.of_type("AWS::Events::Rule").items():
            targets = {target["Arn"] for target in properties["Targets"]}
            if f"{queue}.Arn" in targets and matches(properties["EventPattern"], bridged, template):
                rules.add(rule)
        for mapping, properties in template.of_type("AWS::Lambda::EventSourceMapping").items():
            if properties["EventSourceArn"] == f"{queue}.Arn":
                mappings.add(mapping)
    from_rule = all("type" in json.loads(record["body"]) for record in event["Records"])
    rules = rules if from_rule else set()
    report.same((len(rules), len(mappings)), (int(from_rule), 1), f"{name}: one rule and one mapping bring it")
    return rules, mappings


def function_of_rule(template: Template, rules: set[str]) -> str | None:
    """The function that the one rule of an event invokes."""
    rule = next(iter(rules), "")
    targets = template.of_type("AWS::Events::Rule").get(rule, {}).get("Targets", [])
    return targets[0]["Arn"].removesuffix(LIVE) if targets else None


def function_of_mapping(template: Template, mappings: set[str]) -> str | None:
    """The function that the one mapping of a record invokes."""
    mapping = next(iter(mappings), "")
    return template.of_type("AWS::Lambda::EventSourceMapping").get(mapping, {}).get("FunctionName", "").removesuffix(LIVE)


def check_events(report: Report, template: Template) -> None:
    known = routes(template)
    seen, rules, mappings = set(), set(), set()
    for file in sorted((ROOT / "events").glob("*.json")):
        if file.name != "env.json":
            event = json.loads(file.read_text())
            expected = event.pop("expected")
            if "routeKey" in event:
                seen.add(event["routeKey"])
                check_event(report, file.name, event, known)
                function = known.get(event["routeKey"])
            elif "Records" in event and event["Records"][0]["eventSource"] == "aws:sqs":
                by, found = check_queued(report, file.name, event, template)
                function = function_of_mapping(template, found)
                rules |= by
                mappings |= found
            elif "Records" in event:
                found = check_streamed(report, file.name, event, template)
                function = function_of_mapping(template, found)
                mappings |= found
            else:
                found = check_bridged(report, file.name, event, template)
                function = function_of_rule(template, found)
                rules |= found
            check_expected(report, file.name, expected, function)
    for route in sorted(known):
        report.check(route in seen, f"{route} has no sample event (docs/ADDING_A_ROUTE.md, step 4)")
    report.same(rules, set(template.of_type("AWS::Events::Rule")), "every rule has an event")
    followed = set(template.of_type("AWS::Lambda::EventSourceMapping"))
    report.same(mappings, followed, "every stream and every queue that is followed has an event")


def local_value(name: str, deployed: Any, template: Template) -> str:
    """What a variable is on a laptop, given what the template says."""
    if name in LOCAL:
        return LOCAL[name]
    points = template.of_type("AWS::S3::AccessPoint")
    alias = ALIAS.match(str(deployed))
    if alias:
        return points[alias[1]]["Name"].replace(STACK_ID, "local", 1) + "-s3alias"
    return physical_name(TABLE.sub(rf"{STACK}-\1", str(deployed)), template)


def check_env(report: Report, template: Template) -> None:
    env = json.loads((ROOT / "events/env.json").read_text())
    functions = template.of_type("AWS::Lambda::Function")
    report.same(set(env), set(functions), "env.json: the functions")
    for function, values in env.items():
        # Not the worked-out variables: those that are unset in the cloud are named here as well.
        named = template.resources[function]["Properties"]["Environment"]["Variables"]
        deployed = functions[function]["Environment"]["Variables"]
        expected = {name: local_value(name, deployed.get(name), template) for name in named}
        report.same(values, expected, f"env.json: {function}")


def accepts(parameter: dict[str, Any], value: str) -> bool:
    """Whether CloudFormation would take the value."""
    if "AllowedValues" in parameter and value not in {str(v) for v in parameter["AllowedValues"]}:
        return False
    if parameter["Type"] == "Number":
        return parameter.get("MinValue", 0) <= float(value) <= parameter.get("MaxValue", float("inf"))
    items = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    return all(re.search(parameter.get("AllowedPattern", ""), item) for item in items)


def check_samconfig(report: Report, template: Template) -> None:
    config = tomlkit.parse((ROOT / "samconfig.toml").read_text()).unwrap()
    for env in ("dev", "qa", "prod"):
        deploy = config[env]["deploy"]["parameters"]
        overrides = CfnParameterOverridesType().convert(deploy["parameter_overrides"], None, None)
        report.same(overrides["Env"], env, f"samconfig {env}: the stage")
        for name, value in overrides.items():
            known = name in template.parameters
            report.check(known and accepts(template.parameters[name], value), f"samconfig {env}: {name}={value}")
        report.same(config[env]["global"]["parameters"]["stack_name"], f"cloakroom-{env}", f"samconfig {env}: stack")
        report.same(deploy["capabilities"], "CAPABILITY_IAM", f"samconfig {env}: capabilities")
        report.same(deploy["confirm_changeset"], env == "prod", f"samconfig {env}: who confirms")
    for name, parameter in template.parameters.items():
        report.check(accepts(parameter, str(parameter["Default"])), f"{name}: its default is allowed")


def main() -> int:
    report = Report()
    # On a laptop there is mail.
    template = Template(MailFrom=LOCAL["MAIL_FROM"])
    check_events(report, template)
    check_env(report, template)
    check_samconfig(report, template)
    return report.finish()


sys.exit(main())
