"""Removes resources from a template, with what refers to them."""

import re
from typing import Any

Body = dict[str, Any]


def types(body: Body) -> set[str]:
    return {resource["Type"] for resource in body["Resources"].values()}


def without_types(body: Body, unknown: set[str]) -> Body:
    """A copy without the resources of some types."""
    return without_resources(body, {name for name, one in body["Resources"].items() if one["Type"] in unknown})


def without_resources(body: Body, gone: set[str]) -> Body:
    """A copy without some resources, and without the outputs that refer to them. In other references, a function stands for
    its alias, and the logical id for any other resource."""
    stands = {name: _stands(name, body["Resources"][name]) for name in gone}
    resources = {name: resource for name, resource in body["Resources"].items() if name not in gone}
    outputs = {name: output for name, output in body["Outputs"].items() if _replace(output, stands) == output}
    return body | {"Resources": _replace(resources, stands), "Outputs": outputs}


def _stands(name: str, resource: dict[str, Any]) -> Any:
    if resource["Type"] != "AWS::Lambda::Alias":
        return name
    # The Ref of an alias is an ARN.
    return {"Fn::GetAtt": [resource["Properties"]["FunctionName"]["Ref"], "Arn"]}


def _replace(node: Any, stands: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_replace(item, stands) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("Ref") in stands:
        return stands[node["Ref"]]
    attribute = node.get("Fn::GetAtt")
    if attribute and (parts := attribute.split(".", 1) if isinstance(attribute, str) else attribute)[0] in stands:
        return ".".join(parts)
    if "Fn::Sub" in node:
        text, *names = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else [node["Fn::Sub"]]
        text = re.sub(r"\$\{(\w+)([\w.]*)\}", lambda match: _text(match, stands), text)
        return {"Fn::Sub": [text, *_replace(names, stands)] if names else text}
    if "DependsOn" in node:
        depends = [node["DependsOn"]] if isinstance(node["DependsOn"], str) else node["DependsOn"]
        node = node | {"DependsOn": [one for one in depends if one not in stands]}
    return {key: _replace(item, stands) for key, item in node.items()}


def _text(match: re.Match[str], stands: dict[str, Any]) -> str:
    if match[1] not in stands:
        return match[0]
    other = stands[match[1]]
    return f"${{{'.'.join(other['Fn::GetAtt'])}}}" if isinstance(other, dict) else match[1] + match[2]


def by_attribute(body: Body, kind: str, attribute: str) -> Body:
    """A copy in which a reference to a resource of a type is one to its attribute, which has the same value."""
    named = {name for name, one in body["Resources"].items() if one["Type"] == kind}

    def replaced(node: Any) -> Any:
        if isinstance(node, list):
            return [replaced(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("Ref") in named:
            return {"Fn::GetAtt": [node["Ref"], attribute]}
        return {key: replaced(item) for key, item in node.items()}

    copied: Body = replaced(body)
    return copied
