"""Writes docs/PERMISSIONS.md."""

from .recording import Recording, Use
from .template import Grant, Template

HEADER = """# Permissions

What the role of each function allows in template.yaml, and which requests and events need it. `ci/check_grants.py --write`
generates this page from the template and from the AWS calls that the test suite records; CI fails when the page is stale.

- *Only with*: what the request may name (`dynamodb:Attributes`), get back (`dynamodb:ReturnValues`, `dynamodb:Select`) or
  send from (`ses:FromAddress`). DynamoDB refuses a request that names anything else.
- *start*: the function calls it before its first request, and in later requests when what it keeps in memory expires.
- *presigned request*: a client sends it, with a URL or a form that the function signed.
- *Lambda*: the Lambda service does it with the role of the function.
"""


def document(template: Template, recording: Recording) -> str:
    """The whole page."""
    sections = [HEADER]
    for function in template.functions:
        rows = [row(template, recording, grant) for grant in template.grants if grant.function == function]
        title = function.removesuffix("Function")
        sections.append("\n".join([f"## {title}", "", *table(["Action", "Resource", "Only with", "Used by"], rows)]) + "\n")
    return "\n".join(sections)


def row(template: Template, recording: Recording, grant: Grant) -> list[str]:
    values: dict[str, list[str]] = {}
    for condition in template.conditions_of(grant.statement):
        values.setdefault(condition.key, []).append(condition.value or "a parameter")
    only = "; ".join(f"{key}: {', '.join(allowed)}" for key, allowed in values.items())
    use = recording.uses.get(grant.key, Use())
    return [f"`{grant.action}`", f"`{grant.resource}`", only, used_by(use.by)]


def used_by(triggers: set[str]) -> str:
    # Which later request finds that something has expired differs from run to run.
    if "start" in triggers:
        return "start"
    return ", ".join(f"`{it}`" if it.split(" ")[-1].startswith("/") else it for it in sorted(triggers, key=by_path))


def by_path(trigger: str) -> tuple[str, str]:
    """Sorts routes by their path, so that those of one resource stand together."""
    method, _, path = trigger.partition(" ")
    return path, method


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
