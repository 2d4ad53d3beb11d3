"""Reads the grants of template.yaml, each with its line."""

import dataclasses
import re

import yaml

FUNCTION = "AWS::Serverless::Function"
ATTRIBUTES = "dynamodb:Attributes"
# Operators whose values are alternatives, of which each must be needed.
COMPARISONS = {"StringEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"}


@dataclasses.dataclass(frozen=True)
class Grant:
    """One action on one resource, as one statement allows it."""

    function: str
    statement: str
    action_index: int
    resource_index: int
    action: str
    resource: str
    action_line: int
    resource_line: int

    @property
    def key(self) -> tuple[str, int, int]:
        """How a recorded call names the grant."""
        return self.statement, self.action_index, self.resource_index

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource}"


@dataclasses.dataclass(frozen=True)
class Condition:
    """One value that the condition of a statement allows; `value` is None where a parameter decides it."""

    function: str
    statement: str
    operator: str
    key: str
    value: str | None
    line: int

    def __str__(self) -> str:
        return f"{self.function}: {self.key} {self.value or '(a parameter)'}"


class Template:
    """What template.yaml grants to the role of each function."""

    def __init__(self, text: str) -> None:
        self.grants: list[Grant] = []
        self.conditions: list[Condition] = []
        # The statements with a condition on attributes that also holds if AWS does not set the key, with their lines.
        self.without_attributes: dict[str, int] = {}
        # The routes of each function, as the gateway names them.
        self.routes: dict[str, set[str]] = {}
        resources = child(yaml.compose(text), "Resources")
        functions = functions_by_role(resources)
        for name, resource in children(resources):
            if scalar(child(resource, "Type")) == FUNCTION:
                self.routes[name] = routes(child(child(resource, "Properties"), "Events"))
            if scalar(child(resource, "Type")) == "AWS::IAM::Role":
                policies = child(child(resource, "Properties"), "Policies")
                for index, policy in enumerate(items(policies)):
                    at = f"Resources.{name}.Properties.Policies.{index}.PolicyDocument"
                    self._read(functions[name], at, child(policy, "PolicyDocument"))

    @property
    def functions(self) -> list[str]:
        """The functions in the order of the template."""
        return list(dict.fromkeys(grant.function for grant in self.grants))

    def conditions_of(self, statement: str) -> list[Condition]:
        return [condition for condition in self.conditions if condition.statement == statement]

    def _read(self, function: str, at: str, document: yaml.Node) -> None:
        for index, statement in enumerate(items(child(document, "Statement"))):
            if scalar(child(statement, "Effect")) != "Allow":
                raise ValueError(f"line {line(statement)}: only statements that allow are understood")
            path = f"{at}.Statement.{index}"
            for a, action in enumerate(items(child(statement, "Action"))):
                for r, resource in enumerate(items(child(statement, "Resource"))):
                    lines = line(action), line(resource)
                    grant = Grant(function, path, a, r, scalar(action), label(resource), *lines)
                    if re.search(r"[*?]", grant.action):
                        raise ValueError(f"line {grant.action_line}: {grant.action} stands for more than one action")
                    self.grants.append(grant)
            if allows_absent_attributes(child(statement, "Condition")):
                self.without_attributes[path] = line(statement)
            for operator, keys in children(child(statement, "Condition")):
                if operator in COMPARISONS:
                    for key, values in children(keys):
                        for value in items(values):
                            text = value.value if is_text(value) else None
                            self.conditions.append(Condition(function, path, operator, key, text, line(value)))


def allows_absent_attributes(condition: yaml.Node | None) -> bool:
    """Whether a condition names attributes, but does not require that the request has the key."""
    named = child(child(condition, "ForAllValues:StringEquals"), ATTRIBUTES)
    return named is not None and child(child(condition, "Null"), ATTRIBUTES) is None


def functions_by_role(resources: yaml.Node) -> dict[str, str]:
    """The function of each role: every function has a role of its own."""
    found = {}
    for name, resource in children(resources):
        if scalar(child(resource, "Type")) == FUNCTION:
            role = label(child(child(resource, "Properties"), "Role"))
            if role in found:
                raise ValueError(f"{name} and {found[role]} share {role}")
            found[role] = name
    return found


def routes(events: yaml.Node | None) -> set[str]:
    found = set()
    for _, event in children(events):
        if scalar(child(event, "Type")) == "HttpApi":
            properties = child(event, "Properties")
            method, path = child(properties, "Method"), child(properties, "Path")
            found.add(f"{scalar(method)} {scalar(path)}" if method is not None else "$default")
    return found


def label(node: yaml.Node) -> str:
    """A short name for a resource: `UsersTable/index/listing`, `parameter/cloakroom/${Env}`."""
    if isinstance(node, yaml.SequenceNode) and node.tag == "!Sub":
        node = node.value[0]
    text = re.sub(r"\$\{(\w+)\.Arn\}", r"\1", scalar(node)).removesuffix(".Arn")
    return text.split(":", 5)[5] if text.startswith("arn:") else text


def line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.tag.startswith("!")


def scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"line {line(node)}: a text or a short function such as !GetAtt is needed here")
    # `${AWS::Region}` has colons of its own, which an ARN's are told from by position.
    return re.sub(r"\$\{AWS::(\w+)\}", r"\1", node.value)


def children(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    return [(key.value, value) for key, value in node.value] if node is not None else []


def child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return dict(children(node)).get(name)


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """A list, or the one value that stands for it; what CloudFormation would decide is refused."""
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode) or node.tag == "!Sub":
        return [node]
    if node.tag.startswith("!"):
        raise ValueError(f"line {line(node)}: write the list out; {node.tag} is decided too late")
    return node.value
