"""What `cloakroom doctor` reports about a stack on the stand-in, and the commands that it prints."""

import re
import shlex

from .shell import Shell

# Problems of the stand-in that remain, with the reason. All others fail, and so do those of the list that are gone.
REMAINING = {
    "API issuer": "the functions know the API by its own host name",
    "access point alias": "its host name is not known to DNS",
    "bucket lifecycle": "CloudFormation of the stand-in sets no lifecycle rules",
}
# Problems of a new stack that doctor's own commands correct.
CORRECTED = {
    "bucket Object Lock": "CloudFormation of the stand-in does not turn it on",
    "point-in-time recovery": "CloudFormation of the stand-in does not turn it on",
    "does not expire items": "CloudFormation of the stand-in does not set the time to live",
}


def problems(report: str) -> dict[str, str]:
    """The lines of the problems -> the commands that correct them."""
    return dict(re.findall(r"^problem +(\S.*)\n +fix: (.*)$", report, re.M))


def kinds(report: str) -> set[str]:
    """The keys of both lists that the problems have, or the whole line of an unknown problem."""
    known = [*REMAINING, *CORRECTED]
    return {next((kind for kind in known if kind in line), line) for line in problems(report)}


def check(code: int, report: str, expected: set[str]) -> None:
    """Fails unless these problems are reported, and no others."""
    found = kinds(report)
    assert found == expected, f"doctor's problems: {sorted(found)}, expected {sorted(expected)}\n{report[-3000:]}"
    assert code == 1, f"the exit code is {code} with problems"


def correct(shell: Shell, report: str) -> None:
    """Runs the commands that the doctor prints for the problems that they correct."""
    commands = [fix for line, fix in problems(report).items() if any(kind in line for kind in CORRECTED)]
    assert all(shlex.split(command)[0] == "aws" for command in commands), commands
    code, output = shell.run("\n".join(commands))
    assert code == 0, output


def lines() -> list[str]:
    remaining = [f"cloakroom doctor reports `{problem}`: {reason}" for problem, reason in REMAINING.items()]
    return remaining + [f"doctor's commands correct `{problem}`: {reason}" for problem, reason in CORRECTED.items()]
