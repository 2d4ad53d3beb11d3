"""Reads a quick start: its files, its commands and their expected output.

- A code block after a line that ends with "`path`:" is a file.
- A block of `sh` is a command. It keeps running in the background when its first line is `# In a terminal of its own.`
- A block of `text` is the expected output of the command before it; `…` stands for any text.
"""

import pathlib
import re
from dataclasses import dataclass

BACKGROUND = "# In a terminal of its own."


@dataclass
class Step:
    """A code block. `kind` is `file`, `run`, `serve` or `expect`."""

    kind: str
    text: str
    path: str = ""


def steps(document: pathlib.Path) -> list[Step]:
    """Returns the code blocks of a quick start, in their order."""
    text = document.read_text()
    found = []
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S):
        language, body = match.groups()
        before = text[: match.start()].rstrip()
        named = re.search(r"`([^`\n]+)`:$", before)
        if language == "sh":
            found.append(Step("serve" if body.startswith(BACKGROUND) else "run", body))
        elif language == "text":
            if not found or found[-1].kind != "run":
                raise SystemExit(f"{document.name}: a block of `text` does not follow a command")
            found.append(Step("expect", body))
        elif named:
            found.append(Step("file", body, named[1]))
        else:
            raise SystemExit(f"{document.name}: this block is neither a file nor a command:\n{body}")
    if not any(step.kind == "serve" for step in found):
        raise SystemExit(f"{document.name}: nothing starts the system; its first line must be `{BACKGROUND}`")
    return found


def fits(expected: str, output: str) -> bool:
    """Whether an output is the expected one, where `…` stands for any text."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, output.strip(), flags=re.S) is not None
