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
    """A copy without some resources. Outputs that refer to them are removed; other references become their text."""
    resources = {name: resource for name, resource in body["Resources"].items() if name not in gone}
    outputs = {name: output for name, output in body["Outputs"].items() if not _refers(output, gone)}
    return body | {"Resources": _replace(resources, gone), "Outputs": outputs}


def _refers(node: Any, gone: set[str]) -> bool:
    return _replace(node, gone) != node


def _replace(node: Any, gone: set[str]) -> Any:
    if isinstance(node, list):
        return [_replace(item, gone) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("Ref") in gone:
        return node["Ref"]
    attribute = node.get("Fn::GetAtt")
    if attribute and (parts := attribute.split(".", 1) if isinstance(attribute, str) else attribute)[0] in gone:
        return ".".join(parts)
    if "Fn::Sub" in node:
        text, *names = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else [node["Fn::Sub"]]
        text = re.sub(r"\$\{(\w+)([\w.]*)\}", lambda m: m[1] + m[2] if m[1] in gone else m[0], text)
        return {"Fn::Sub": [text, *_replace(names, gone)] if names else text}
    if "DependsOn" in node:
        depends = [node["DependsOn"]] if isinstance(node["DependsOn"], str) else node["DependsOn"]
        node = node | {"DependsOn": [one for one in depends if one not in gone]}
    return {key: _replace(item, gone) for key, item in node.items()}
