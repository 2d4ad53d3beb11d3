"""Computes DynamoDB's request units from the items that a request read or wrote.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import base64
import dataclasses
import math

READ_BYTES, WRITE_BYTES = 4096, 1024
TRANSACTION = 2

Item = dict[str, dict]


@dataclasses.dataclass(frozen=True)
class Index:
    """A global secondary index: its keys, those of the table, and the other attributes that it has; None means all."""

    keys: tuple[str, ...]
    table_keys: tuple[str, ...]
    others: tuple[str, ...] | None

    def entry(self, item: Item | None) -> Item | None:
        """Returns what the index stores of an item; None if the item has not all keys of the index."""
        if not item or any(key not in item for key in self.keys):
            return None
        if self.others is None:
            return item
        stored = {*self.keys, *self.table_keys, *self.others}
        return {name: value for name, value in item.items() if name in stored}

    def units(self, before: Item | None, after: Item | None) -> int:
        """Returns the write units of a change: an entry that moves is deleted and written."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old is None or new is None:
            return kilobytes(old or new)
        if any(old[key] != new[key] for key in self.keys):
            return kilobytes(old) + kilobytes(new)
        return max(kilobytes(old), kilobytes(new))


def size_of(item: Item | None) -> int:
    """Returns the bytes of an item: its attributes' names and values."""
    return sum(len(name.encode()) + size_of_value(value) for name, value in (item or {}).items())


def size_of_value(value: dict) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return size_of_number(content)
        case "B":
            return len(base64.b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(text.encode()) for text in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of_value(part) for name, part in content.items())
        case "L":
            return 3 + sum(1 + size_of_value(part) for part in content)
    raise ValueError(f"unknown type {kind}")


def size_of_number(text: str) -> int:
    """A byte for each two significant digits, one more, and one for a minus."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def kilobytes(item: Item | None) -> int:
    return max(1, math.ceil(size_of(item) / WRITE_BYTES))


def read_units(used: dict) -> float:
    """Returns the read units of a request. A query rounds the sum of its items, other reads each item. Both cost at least one
    unit, or half a unit."""
    if used["operation"] in ("Query", "Scan"):
        sizes = [sum(size_of(item) for item in used["reads"])]
    else:
        sizes = [size_of(item) for item in used["reads"]]  # none if it is a write
    units = sum(max(1, math.ceil(size / READ_BYTES)) for size in sizes)
    return units if used["consistent"] else units / 2


def write_units(used: dict, indexes: dict[str, list[Index]]) -> float:
    """Returns the write units of a request. A refused write consumes as much as one that leaves the item as it is."""
    factor = TRANSACTION if used["operation"] == "TransactWriteItems" else 1
    total = 0
    for write, before, after in zip(used["writes"], used["before"], used["after"], strict=True):
        total += factor * max(kilobytes(before), kilobytes(after))
        if used["done"] and write["kind"] != "Check":
            # Indexes are written after the transaction, and their units do not double.
            total += sum(index.units(before, after) for index in indexes[write["table"]])
    return total
