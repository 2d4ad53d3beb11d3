"""Proves that the check finds what it is for: mutates the template, or a recording in which every grant is used."""

import json
import re
from collections.abc import Callable

from .check import problems
from .document import document, stale
from .recording import Recording
from .template import Template


ROUTE = "POST /signup"


def by(template: Template, function: str) -> str:
    """A trigger of the function."""
    return min(template.routes[function], default="Repair")


def used(template: Template) -> list[str]:
    """A recording in which every grant and every value of a condition is used."""
    lines = []
    for grant in template.grants:
        conditions: dict[str, list[str]] = {}
        for condition in template.conditions_of(grant.statement):
            conditions.setdefault(condition.key, []).append(condition.value or "a@example.com")
        key = {"statement": grant.statement, "action": grant.action_index, "resource": grant.resource_index}
        call = {"function": grant.function, "action": grant.action, "resource": grant.resource}
        call["transaction"] = grant.statement in template.without_attributes
        call |= {"by": by(template, grant.function), "grant": key, "conditions": conditions}
        lines.append(json.dumps(call))
    return lines


def replace_once(text: str, old: str, new: str) -> str:
    """Changes the first occurrence, which must be there."""
    if old not in text:
        raise AssertionError(f"there is no {old!r}")
    return text.replace(old, new, 1)


def widen(text: str, start: str, item: str) -> tuple[str, int]:
    """Adds an item to the first list that begins like this, and returns the line, too."""
    found = re.search(re.escape(start) + r"[^\]]*", text)
    if not found:
        raise AssertionError(f"the template has no list {start!r}")
    return text[: found.end()] + f", {item}" + text[found.end() :], text[: found.start()].count("\n") + 1


def expect(found: list[str], pattern: str) -> None:
    """Fails unless there is a problem like this and no other."""
    if not found or not all(re.search(pattern, problem) for problem in found):
        raise AssertionError(f"expected problems like {pattern!r}, found {found}")


def run(text: str) -> int:
    """Runs all cases on the template and returns how many passed."""
    cases: list[Callable[[str], None]] = [
        everything_used, action_too_many, resource_too_many, attribute_too_many, open_condition, grant_missing,
        another_template,
        no_recording, wildcard, current_document, document_of_other_grants, document_without_a_route,
        document_with_an_old_route,
    ]  # fmt: skip
    for case in cases:
        case(text)
    return len(cases)


def everything_used(text: str) -> None:
    template = Template(text)
    found = problems(template, Recording(used(template)))
    if found:
        raise AssertionError(f"a template whose grants are all used has problems: {found}")


def action_too_many(text: str) -> None:
    wider, line = widen(text, "Action: [dynamodb:", "dynamodb:DescribeTable")
    found = problems(Template(wider), Recording(used(Template(text))))
    expect(found, rf"^template\.yaml:{line}: \w+Function: dynamodb:DescribeTable on \w+ was never used")


def resource_too_many(text: str) -> None:
    wider, line = widen(text, "Resource: [!GetAtt", "!GetAtt OtherTable.Arn")
    found = problems(Template(wider), Recording(used(Template(text))))
    expect(found, rf"^template\.yaml:{line}: \w+Function: \S+ on OtherTable was never used")


def attribute_too_many(text: str) -> None:
    wider, line = widen(text, "dynamodb:Attributes: [", "other")
    found = problems(Template(wider), Recording(used(Template(text))))
    expect(found, rf"^template\.yaml:{line}: \w+Function: dynamodb:Attributes other was never used")


def open_condition(text: str) -> None:
    recording = Recording(used(Template(text)))
    opened = replace_once(text, '"Null": { "dynamodb:Attributes": "false" }', '"Null": {}')
    expect(problems(Template(opened), recording), r"dynamodb:Attributes is not used in a transaction; add")


def grant_missing(text: str) -> None:
    template = Template(text)
    denied = {"function": "KeysFunction", "action": "dynamodb:Scan", "resource": "t", "by": "GET /users"}
    recording = Recording([*used(template), json.dumps(denied)])
    expect(problems(template, recording), r"^denied: KeysFunction: dynamodb:Scan on t \(GET /users\)")


def another_template(text: str) -> None:
    recording = Recording(used(Template(text)))
    statement, action, resource = next(iter(recording.uses))
    recording.uses[statement, action + 99, resource] = recording.uses[statement, action, resource]
    expect(problems(Template(text), recording), "is recorded but not in template.yaml")


def no_recording(text: str) -> None:
    expect(problems(Template(text), Recording([])), "no calls are recorded")


def current_document(text: str) -> None:
    template, recording = Template(text), Recording(used(Template(text)))
    found = stale(document(template, recording), template, recording)
    if found:
        raise AssertionError(f"a document that was just written is stale: {found}")


def document_of_other_grants(text: str) -> None:
    template, recording = Template(text), Recording(used(Template(text)))
    page = document(template, recording)
    row = next(line for line in page.splitlines() if line.startswith("| `dynamodb:"))
    expect(stale(replace_once(page, row + "\n", ""), template, recording), r"SignupFunction: the grants are not those")


def document_without_a_route(text: str) -> None:
    template, lines = Template(text), used(Template(text))
    page = document(template, Recording(lines))
    lines.append(lines[0].replace(ROUTE, "POST /elsewhere"))
    expect(stale(page, template, Recording(lines)), r"SignupFunction: POST /elsewhere is not mentioned")


def document_with_an_old_route(text: str) -> None:
    template, recording = Template(text), Recording(used(Template(text)))
    page = document(template, recording)
    page = replace_once(page, f"`{ROUTE}` |", f"`{ROUTE}`, `GET /gone` |")
    expect(stale(page, template, recording), r"SignupFunction: GET /gone is not a route of the function")


def wildcard(text: str) -> None:
    wider = replace_once(text, "dynamodb:GetItem", "dynamodb:*")
    try:
        Template(wider)
    except ValueError as error:
        expect([str(error)], r"dynamodb:\* stands for more than one action")
    else:
        raise AssertionError("an action with a wildcard is accepted")
