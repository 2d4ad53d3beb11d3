"""Computes dollars per million requests from the units, and reads those in docs/COST.md."""

import dataclasses
import math
from typing import Any

FULL_MB = 1769
# The uploads of the document: their requests and events, and the PUTs of the client.
CREATE, EVENT, COMPLETE = "POST /uploads", "Object Created", "POST /uploads/{id}/complete"
RELAY = "aws:dynamodb, event-relay"
UPLOADS = {
    "upload of one PUT (at most 100 MiB), event first": (
        [(CREATE, "one PUT"), (EVENT, "before the upload is completed"), (COMPLETE, "one PUT, after the event")], 1,
    ),
    "upload of one PUT (at most 100 MiB), completed first": (
        [(CREATE, "one PUT"), (COMPLETE, "one PUT, before the event"), (EVENT, "after the upload is completed")], 1,
    ),
    "upload of 13 parts (100 MiB and 1 byte)": (
        [(CREATE, "13 parts"), ("POST /uploads/{id}/parts", "13 parts"), (COMPLETE, "13 parts"),
         (EVENT, "of 13 parts, completed")], 13,
    ),
}  # fmt: skip
S3_PUTS = {
    "PutObject", "PostObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
    "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads",
}  # fmt: skip
S3_FREE = {"DeleteObject", "AbortMultipartUpload"}


@dataclasses.dataclass
class Usage:
    """What one invocation used."""

    reads: float = 0
    writes: float = 0
    table_calls: int = 0
    s3_puts: int = 0
    s3_gets: int = 0
    s3_deletions: int = 0

    def add_s3(self, operation: str) -> None:
        if operation in S3_PUTS:
            self.s3_puts += 1
        elif operation in S3_FREE:
            self.s3_deletions += 1
        else:
            self.s3_gets += 1


@dataclasses.dataclass
class Dollars:
    """What a million requests cost, by columns of the document, and their milliseconds."""

    milliseconds: int
    columns: list[float]
    s3: float

    def shown(self) -> list[str]:
        """Returns the last cells of the row in the document."""
        return [str(self.milliseconds), *(f"{part:.2f}" for part in [*self.columns, sum(self.columns)])]


def dollars(row: dict[str, Any], usage: Usage, memory: int, prices: dict[str, Any]) -> Dollars:
    """Computes the dollars of a row."""
    price = {name: entry["dollars"] for name, entry in prices["requests"].items()}
    is_request = "/" in row["operation"] or row["operation"] == "$default"
    s3_calls = usage.s3_puts + usage.s3_gets + usage.s3_deletions
    wait = prices["waits_ms"]
    waits = usage.table_calls * wait["dynamodb"] + s3_calls * wait["s3"] + row["mails"] * wait["ses"]
    waits += row["others"] * wait["others"]
    cpu = prices["cpu_ms"][row["function"]] + row["hashes"] * prices["hash_ms"]["12"]
    milliseconds = math.ceil(waits + cpu / min(1, memory / FULL_MB))
    s3 = usage.s3_puts * price["s3_put"] + usage.s3_gets * price["s3_get"]
    columns = [
        price["api_request"] if is_request else 0,
        price["lambda_request"] + milliseconds / 1000 * memory / 1024 * price["lambda_gb_second"],
        usage.reads * price["read_unit"] + usage.writes * price["write_unit"],
        (prices["log_bytes"]["line"] + (prices["log_bytes"]["access"] if is_request else 0)) * price["log_gb"] / 1000,
        s3 + row["mails"] * price["mail"] + (price["event"] if row["operation"] in (EVENT, RELAY) else 0)
        # A message is received and deleted.
        + (2 * price["queue_request"] if row["operation"].startswith("aws:sqs") else 0),
    ]
    return Dollars(milliseconds, columns, s3)


def uploads(rows: dict[tuple[str, str], Dollars], prices: dict[str, Any]) -> dict[str, list[str]]:
    """Returns the dollars of whole uploads: beside S3, of S3, and of both."""
    found = {}
    for name, (steps, puts) in UPLOADS.items():
        total = sum(sum(rows[step].columns) for step in steps if step in rows)
        s3 = sum(rows[step].s3 for step in steps if step in rows)
        sent = puts * prices["requests"]["s3_put"]["dollars"]
        found[name] = [f"{part:.2f}" for part in (total - s3, s3 + sent, total + sent)]
    return found


def documented(text: str) -> dict[tuple[str, str], list[str]]:
    """Returns the milliseconds and dollars of each operation and case in docs/COST.md."""
    _, section = text.split("\n## Routes and events\n")
    section, _ = section.split("\n## ", 1)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return {(row[0].strip("`"), row[1]): row[6:] for row in rows}


def documented_uploads(text: str) -> dict[str, list[str]]:
    """Returns the dollars of whole uploads in docs/COST.md."""
    _, section = text.split("\n## Whole uploads and mails\n")
    section, _ = section.split("\n## ", 1)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return {row[0]: row[3:] for row in rows if row[0] in UPLOADS}
