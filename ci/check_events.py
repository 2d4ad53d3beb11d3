"""events/ and samconfig.toml against template.yaml: what they name is there, under the name that they use.

    "$(ci/tools.sh sam)/bin/python" ci/check_events.py
"""

import json
import os
import re
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

import tomlkit  # noqa: E402
from cloudformation import ROOT, Report, Template  # noqa: E402
from samcli.cli.types import CfnParameterOverridesType  # noqa: E402

# What the default ports of `cargo run` make of the template's variables, seen from a container.
LOCAL = {
    "AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:3001",
    "AWS_ENDPOINT_URL_S3": "http://host.docker.internal:3003",
    "AWS_ENDPOINT_URL_SSM": "http://host.docker.internal:3002",
    "ISSUER": "http://127.0.0.1:3000",
}
# A local table has the name that CloudFormation would begin with.
TABLE = re.compile(r"(\w+Table)$")


def routes(template: Template) -> set[str]:
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    return {f"{m.upper()} {path}" for path, methods in api["Body"]["paths"].items() for m in methods}


def fits(route: str, path: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.split(" ")[1]))
    return re.fullmatch(pattern, path) is not None


def check_event(report: Report, name: str, event: dict[str, Any], known: set[str]) -> None:
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


def check_events(report: Report, template: Template) -> None:
    known = routes(template)
    seen = set()
    for file in sorted((ROOT / "events").glob("*.json")):
        if file.name != "env.json":
            event = json.loads(file.read_text())
            seen.add(event["routeKey"])
            check_event(report, file.name, event, known)
    expected = {route for route in known if "$default" not in route} | {"$default"}
    report.same(seen, expected, "every route has an event")


def local_value(name: str, deployed: Any) -> str:
    """What a variable is on a laptop, given what the template says."""
    if name in LOCAL:
        return LOCAL[name]
    return TABLE.sub(r"cloakroom-dev-\1", str(deployed))


def check_env(report: Report, template: Template) -> None:
    env = json.loads((ROOT / "events/env.json").read_text())
    functions = template.of_type("AWS::Lambda::Function")
    report.same(set(env), set(functions), "env.json: the functions")
    for function, values in env.items():
        # Not the worked-out variables: those that are unset in the cloud are named here as well.
        named = template.resources[function]["Properties"]["Environment"]["Variables"]
        deployed = functions[function]["Environment"]["Variables"]
        expected = {name: local_value(name, deployed.get(name)) for name in named}
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
    template = Template()
    check_events(report, template)
    check_env(report, template)
    check_samconfig(report, template)
    return report.finish()


sys.exit(main())
