"""The commands of docs/OPERATIONS.md."""

import re
from typing import NamedTuple

from functions import ROOT

PATH = "docs/OPERATIONS.md"
TEXT = (ROOT / PATH).read_text()
# A block of code with the indentation of its list, or code in a sentence. A command in a sentence begins with `aws`, or it
# has options; `cloakroom doctor` alone is the name of a command.
CODE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<block>.*?)^(?P=indent)```$|`(?P<inline>[^`\n]+(?:\n[^`\n]+)?)`", re.M | re.S
)
COMMAND = re.compile(r"aws [a-z0-9-]+ [a-z]|(sam|cloakroom|aws) .* --")


class Command(NamedTuple):
    """A block of shell commands, or a command in a sentence."""

    text: str
    # The number of its first line in the document.
    line: int
    is_block: bool

    @property
    def title(self) -> str:
        """Where it is, and its first command."""
        lines = [line for line in self.text.splitlines() if not line.startswith("#")]
        return f"{PATH}:{self.line}: {lines[0][:90]}"


def commands() -> list[Command]:
    """All commands, in the order of the document."""
    found = []
    for match in CODE.finditer(TEXT):
        line = TEXT.count("\n", 0, match.start()) + 1
        if match["inline"]:
            text = re.sub(r"\s*\n\s*", " ", match["inline"])
            if COMMAND.match(text):
                found.append(Command(text, line, False))
        elif match["language"] == "sh":
            found.append(Command(re.sub(rf"^{match['indent']}", "", match["block"], flags=re.M), line + 1, True))
    return found


def blocks() -> list[str]:
    """The blocks of shell commands."""
    return [command.text for command in commands() if command.is_block]
