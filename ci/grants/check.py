"""Finds grants that are missing or too wide."""

from .recording import Recording
from .template import Template


def problems(template: Template, recording: Recording) -> list[str]:
    """One line for each grant that was never used, and for each call that was denied."""
    if not recording.uses:
        return ["no calls are recorded; run `cargo test --workspace` first"]
    found = [*unused_grants(template, recording), *unused_conditions(template, recording)]
    found += open_conditions(template, recording)
    known = {grant.key for grant in template.grants}
    for statement, action, resource in sorted(set(recording.uses) - known):
        where = f"{statement}, action {action}, resource {resource}"
        found.append(f"{where} is recorded but not in template.yaml; delete the recording and run the tests again")
    for call in sorted(recording.denied):
        found.append(f"denied: {call}; grant it in template.yaml, or do not call it")
    return found


def unused_grants(template: Template, recording: Recording) -> list[str]:
    used = {(statement, resource) for statement, _, resource in recording.uses}
    found = []
    for grant in template.grants:
        if grant.key not in recording.uses:
            # Where another action on the resource is used, the action is too much; else the resource is.
            is_action = (grant.statement, grant.resource_index) in used
            line = grant.action_line if is_action else grant.resource_line
            found.append(f"template.yaml:{line}: {grant} was never used; remove it, or test what needs it")
    return found


def open_conditions(template: Template, recording: Recording) -> list[str]:
    """Conditions on attributes that hold without the key, although no transaction needs that."""
    used = {statement for statement, _, _ in recording.uses}
    found = []
    for statement, at in template.without_attributes.items():
        if statement in used - recording.transactions:
            why = "is not used in a transaction; add \"Null\": { dynamodb:Attributes: \"false\" }"
            found.append(f"template.yaml:{at}: the condition on dynamodb:Attributes {why}")
    return found


def unused_conditions(template: Template, recording: Recording) -> list[str]:
    used_statements = {statement for statement, _, _ in recording.uses}
    found = []
    for condition in template.conditions:
        # A statement that was not used at all is reported once.
        if condition.statement not in used_statements:
            continue
        values = recording.values.get((condition.statement, condition.key), set())
        if not values if condition.value is None else condition.value not in values:
            at = f"template.yaml:{condition.line}"
            found.append(f"{at}: {condition} was never used; remove it, or test what needs it")
    return found
