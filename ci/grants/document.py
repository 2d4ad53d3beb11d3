"""Writes docs/PERMISSIONS.md, and finds what makes it stale."""

from .recording import Recording, Use
from .template import Grant, Template

HEADER = """# Permissions

What the role of each function allows in template.yaml, and which requests and events need it.
`ci/check_grants.py --write` generates this page from the template and from the AWS calls that the test suite records.
CI fails when the page is stale.

- *Only with*: what the request may name (`dynamodb:Attributes`), get back (`dynamodb:ReturnValues`,
  `dynamodb:Select`) or send from (`ses:FromAddress`). AWS refuses a request with anything else. Two cases are not documented
  by AWS: whether `dynamodb:Attributes` applies to the parts of a transaction (the conditions of `signup`, `session` and `admin`
  on written attributes also allow a part for which AWS does not set it), and whether an item that a failed condition returns
  (`ReturnValuesOnConditionCheckFailure`) counts as `dynamodb:ReturnValues`.
- With `Tracing=xray`, all roles may also write traces (`TracingPolicy`).
- *start*: the function calls it before its first request. Keys are read again when they expire, in any request.
- *presigned request*: a client sends it, with a URL or a form that the function signed.
- *Lambda*: the Lambda service calls it with the role of the function.

A use that only some runs of the suite make, such as a repetition after a conflict, may be missing.
"""
HEAD = ["Action", "Resource", "Only with", "Used by"]


def document(template: Template, recording: Recording) -> str:
    """The whole page."""
    sections = [HEADER]
    for function in template.functions:
        rows = [row(template, recording, grant) for grant in template.grants if grant.function == function]
        lines = [line(HEAD), line(["---"] * len(HEAD)), *map(line, rows)]
        sections.append("\n".join([f"## {function}", "", *lines]) + "\n")
    return "\n".join(sections)


def stale(page: str, template: Template, recording: Recording) -> list[str]:
    """What the page says that is not so. Which uses a run makes may differ; that a use exists may not."""
    current, written = parse(document(template, recording)), parse(page)
    found = []
    for function, rows in current.items():
        grants, listed = [row[:3] for row in rows], [row[:3] for row in written.get(function, [])]
        if grants != listed:
            found.append(f"{function}: the grants are not those of template.yaml")
            continue
        pairs = [(uses(now), uses(then)) for now, then in zip(rows, written[function], strict=True)]
        named = {use for _, then in pairs for use in then}
        for missing in sorted({use for now, _ in pairs for use in now} - named):
            found.append(f"{function}: {missing} is not mentioned")
        for use in sorted(named):
            if is_route(use) and use not in template.routes[function]:
                found.append(f"{function}: {use} is not a route of the function")
        for (now, then), grant in zip(pairs, grants, strict=True):
            if now and not now & then:
                found.append(f"{function}: {grant[0]} on {grant[1]} is used by {', '.join(sorted(now))}")
    found += [f"{function} is not a function of template.yaml" for function in written if function not in current]
    return [f"docs/PERMISSIONS.md is stale: {what}; run ci/check_grants.py --write after the tests" for what in found]


def row(template: Template, recording: Recording, grant: Grant) -> list[str]:
    values: dict[str, list[str]] = {}
    for condition in template.conditions_of(grant.statement):
        values.setdefault(condition.key, []).append(condition.value or "a parameter")
    only = "; ".join(f"{key}: {', '.join(allowed)}" for key, allowed in values.items())
    use = recording.uses.get(grant.key, Use())
    return [f"`{grant.action}`", f"`{grant.resource}`", only, used_by(grant, use.by)]


def used_by(grant: Grant, triggers: set[str]) -> str:
    # Which request finds that the keys have expired differs from run to run.
    if grant.action.startswith("ssm:") and "start" in triggers:
        return "start"
    return ", ".join(f"`{use}`" if is_route(use) else use for use in sorted(triggers, key=by_path))


def is_route(use: str) -> bool:
    return use == "$default" or " /" in use


def by_path(trigger: str) -> tuple[str, str]:
    """Sorts routes by their path, so that those of one resource stand together."""
    method, _, path = trigger.partition(" ")
    return path, method


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def parse(page: str) -> dict[str, list[list[str]]]:
    """The rows of each function."""
    found: dict[str, list[list[str]]] = {}
    for text in page.splitlines():
        if text.startswith("## "):
            found[text.removeprefix("## ")] = rows = []
        elif text.startswith("| `"):
            rows.append(text.removeprefix("| ").removesuffix(" |").split(" | "))
    return found


def uses(cells: list[str]) -> set[str]:
    return {use.strip("`") for use in cells[3].split(", ")} - {""} if len(cells) == 4 else set()
