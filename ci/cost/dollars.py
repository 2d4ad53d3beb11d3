"""Computes dollars per million requests from the units, and reads those in docs/COST.md."""

import dataclasses
import math
from typing import Any

FULL_MB = 1769
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


def dollars(row: dict[str, Any], usage: Usage, memory: int, prices: dict[str, Any]) -> list[str]:
    """Returns the last columns of the row in the document: milliseconds, and dollars with two decimals."""
    price = {name: entry["dollars"] for name, entry in prices["prices"].items()}
    is_request = "/" in row["operation"] or row["operation"] == "$default"
    s3_calls = usage.s3_puts + usage.s3_gets + usage.s3_deletions
    wait = prices["waits_ms"]
    waits = usage.table_calls * wait["dynamodb"] + s3_calls * wait["s3"] + row["mails"] * wait["ses"]
    cpu = prices["cpu_ms"][row["function"]] + row["hashes"] * prices["hash_ms"]["12"]
    milliseconds = math.ceil(waits + cpu / min(1, memory / FULL_MB))
    parts = [
        price["api_request"] if is_request else 0,
        price["lambda_request"] + milliseconds / 1000 * memory / 1024 * price["lambda_gb_second"],
        usage.reads * price["read_unit"] + usage.writes * price["write_unit"],
        (prices["log_bytes"]["line"] + (prices["log_bytes"]["access"] if is_request else 0)) * price["log_gb"] / 1000,
        usage.s3_puts * price["s3_put"] + usage.s3_gets * price["s3_get"] + row["mails"] * price["mail"]
        + (price["event"] if row["operation"] == "Object Created" else 0),
    ]  # fmt: skip
    return [str(milliseconds), *(f"{part:.2f}" for part in [*parts, sum(parts)])]


def documented(text: str) -> dict[tuple[str, str], list[str]]:
    """Returns the milliseconds and dollars of each operation and case in docs/COST.md."""
    _, section = text.split("\n## Routes and events\n")
    section, _ = section.split("\n## ", 1)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return {(row[0].strip("`"), row[1]): row[6:] for row in rows}
