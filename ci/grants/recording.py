"""Reads the AWS calls that the local system recorded (local/src/calls.rs)."""

import dataclasses
import json
import pathlib
from collections.abc import Iterable

Key = tuple[str, int, int]


@dataclasses.dataclass
class Use:
    """What the tests did with one grant."""

    by: set[str] = dataclasses.field(default_factory=set)


class Recording:
    """The calls of all systems of one test run."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.uses: dict[Key, Use] = {}
        # Statement and condition key -> the values of all requests that the statement allowed.
        self.values: dict[tuple[str, str], set[str]] = {}
        # The statements that allowed a part of a transaction.
        self.transactions: set[str] = set()
        self.denied: set[str] = set()
        for line in lines:
            self._add(json.loads(line))

    @classmethod
    def read(cls, directory: pathlib.Path) -> "Recording":
        files = sorted(directory.glob("*.jsonl"))
        return cls(line for file in files for line in file.read_text().splitlines())

    def _add(self, call: dict) -> None:
        if "grant" not in call:
            what = f"{call['function']}: {call['action']} on {call['resource']} ({call['by']})"
            self.denied.add(what)
            return
        grant = call["grant"]
        key = grant["statement"], grant["action"], grant["resource"]
        self.uses.setdefault(key, Use()).by.add(call["by"])
        if call.get("transaction"):
            self.transactions.add(grant["statement"])
        for name, values in call.get("conditions", {}).items():
            self.values.setdefault((grant["statement"], name), set()).update(values)
