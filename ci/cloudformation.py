"""Expands template.yaml with SAM's own translator and evaluates intrinsic functions such as Ref."""

import logging
import pathlib
import re
from typing import Any

import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

logging.getLogger("samtranslator").setLevel(logging.ERROR)  # suppresses warnings about its usage metrics

ROOT = pathlib.Path(__file__).parent.parent
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/cloakroom-dev/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    "AWS::StackName": "cloakroom-dev",
    "AWS::URLSuffix": "amazonaws.com",
}


# SAM's suffix of the alias of a function, by which everything invokes it.
ALIAS = "Aliaslive"
NO_VALUE = {"Ref": "AWS::NoValue"}
# The parameter WebDomain, and the origin that the page has with it.
PAGES = {"": "https://WebDistribution.DomainName", "app.example.com": "https://app.example.com"}


class NoManagedPolicies:
    """Provides no managed policies to the translator: the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


class Template:
    """The expanded template with one set of parameter values."""

    def __init__(self, **values: str) -> None:
        source = yaml_parse((ROOT / "template.yaml").read_text())
        self.parameters: dict[str, Any] = source["Parameters"]
        self.values = {name: parameter.get("Default") for name, parameter in self.parameters.items()} | values
        for name, parameter in self.parameters.items():
            if parameter["Type"] == "CommaDelimitedList":  # CloudFormation passes such parameters to a transform as lists
                self.values[name] = self.values[name].split(",")
        for resource in source["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "s3://bucket/key"
        pseudo = {name: value for name, value in PSEUDO.items() if value}
        self.body = transform(source, self.values | pseudo, NoManagedPolicies())
        self.resources: dict[str, Any] = self.body["Resources"]

    def of_type(self, kind: str) -> dict[str, Any]:
        """Logical id -> evaluated properties."""
        found = {name: it for name, it in self.resources.items() if it["Type"] == kind and self.is_deployed(it)}
        return {name: self.value(it.get("Properties", {})) for name, it in found.items()}

    def refusals(self) -> list[str]:
        """What CloudFormation says about the parameters before it creates anything: the assertions that fail."""
        found = []
        for rule in self.body["Rules"].values():
            if self._holds(rule["RuleCondition"]):
                failed = [it for it in rule["Assertions"] if not self._holds(it["Assert"])]
                found += [assertion["AssertDescription"] for assertion in failed]
        return found

    def value(self, node: Any) -> Any:
        """Evaluates a node. A resource's Ref is its logical id, an attribute is `Id.Attribute`."""
        if isinstance(node, list):
            # Without AWS::NoValue, as CloudFormation does it.
            return [value for value in map(self.value, node) if value is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), *_ = node.items()
            if key == "Ref":
                return self._ref(argument)
            if key == "Fn::GetAtt":
                return ".".join(argument)
            if key == "Fn::Sub":
                return self._sub(argument)
            if key == "Fn::Join":
                separator, items = argument
                return separator.join(self.value(items))
            if key == "Fn::Split":
                separator, text = argument
                return self.value(text).split(separator)
            if key == "Fn::Select":
                index, items = argument
                return self.value(items)[int(index)]
            if key == "Fn::If":
                condition, yes, no = argument
                return self.value(yes if self.holds(condition) else no)
            if key.startswith("Fn::"):
                raise ValueError(f"{key} is not supported")
        evaluated = {key: self.value(item) for key, item in node.items()}
        return {key: item for key, item in evaluated.items() if item is not None}

    def decided(self) -> dict[str, Any]:
        """The expanded template with each condition decided: without Fn::If, and without what is not deployed."""
        body = {name: self._decide(part) for name, part in self.body.items() if name != "Conditions"}
        for section in ("Resources", "Outputs"):
            deployed = {name: part for name, part in body[section].items() if self.is_deployed(part)}
            for part in deployed.values():
                part.pop("Condition", None)
            body[section] = deployed
        return body

    def is_deployed(self, part: dict[str, Any]) -> bool:
        """Whether the condition of a resource or of an output holds."""
        return "Condition" not in part or self.holds(part["Condition"])

    def holds(self, condition: str) -> bool:
        """Whether the condition with this name holds."""
        return self._holds(self.body["Conditions"][condition])

    def outputs(self) -> dict[str, Any]:
        """Name -> evaluated value of the outputs that the stack has."""
        outputs = self.body["Outputs"].items()
        return {name: self.value(output["Value"]) for name, output in outputs if self.is_deployed(output)}

    def _decide(self, node: Any) -> Any:
        if isinstance(node, list):
            items = [self._decide(item) for item in node]
            return [item for item in items if item != NO_VALUE]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return self._decide(yes if self.holds(condition) else no)
        items = {key: self._decide(item) for key, item in node.items()}
        return {key: item for key, item in items.items() if item != NO_VALUE}

    def _ref(self, name: str) -> Any:
        return PSEUDO[name] if name in PSEUDO else self.values.get(name, name)

    def _sub(self, argument: Any) -> str:
        text, names = argument if isinstance(argument, list) else (argument, {})
        local = {name: self.value(item) for name, item in names.items()}
        return re.sub(r"\$\{([^}]+)\}", lambda m: str(local.get(m[1], self._ref(m[1]))), text)

    def _holds(self, condition: Any) -> bool:
        if "Condition" in condition:
            return self.holds(condition["Condition"])
        if "Fn::Not" in condition:
            (other,) = condition["Fn::Not"]
            return not self._holds(other)
        if "Fn::And" in condition:
            return all(self._holds(part) for part in condition["Fn::And"])
        if "Fn::Or" in condition:
            return any(self._holds(part) for part in condition["Fn::Or"])
        if "Fn::Contains" in condition:
            values, value = condition["Fn::Contains"]
            return self.value(value) in [self.value(one) for one in values]
        one, other = condition["Fn::Equals"]
        return self.value(one) == self.value(other)


class Report:
    """Counts checks and prints those that fail."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, holds: bool, what: str) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")

    def same(self, found: Any, expected: Any, what: str) -> None:
        self.check(found == expected, f"{what}\n    found    {found}\n    expected {expected}")

    def finish(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def api_of(template: Template) -> dict:
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    return api


def routes_of(template: Template) -> dict[str, str]:
    """The function behind each `METHOD /path`."""
    api = api_of(template)
    found = {}
    for path, methods in api["Body"]["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert integration["payloadFormatVersion"] == "2.0"
            route = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
            found[route] = re.search(rf"/(\w+)Function{ALIAS}/", integration["uri"])[1]
    return found


def as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def statements_of(role: dict) -> list[dict]:
    """The statements of all policies of a role."""
    return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def grants_of(statements: list[dict]) -> dict[str, set[str]]:
    """The actions of each resource."""
    found: dict[str, set[str]] = {}
    for statement in statements:
        for resource in as_list(statement["Resource"]):
            found.setdefault(resource, set()).update(as_list(statement["Action"]))
    return found


def tls_only(bucket: str) -> dict:
    """The statement of a bucket's policy that denies requests without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"{bucket}.Arn", f"{bucket}.Arn/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def dump(node: Any) -> str:
    """Serializes a node to YAML, to search in it."""
    return yaml.safe_dump(node, width=1000)
