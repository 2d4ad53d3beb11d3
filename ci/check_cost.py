"""Recomputes tests/cost/table.json and the dollars in docs/COST.md from the requests that the tests recorded.

    cargo test --workspace --test http -- cost::
    "$(ci/tools.sh sam)/bin/python" -B ci/check_cost.py [--self-test]

The tests of costs record each request of a function to the tables and to S3, with the items that it read and wrote
(local/src/usage.rs). The units come from these items by DynamoDB's rules, not from what the local engine reports.
"""

import argparse
import copy
import json
import os
import pathlib
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks for one

from cloudformation import Template  # noqa: E402
from cost.dollars import Dollars, Usage, documented, documented_uploads, dollars, uploads  # noqa: E402
from cost.units import Index, read_units, write_units  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent
RECORDING = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp/usage"
# The columns that are recomputed. `hashes` and `mails` come from the log lines alone.
UNITS = ("reads", "writes", "s3_puts", "s3_gets", "s3_deletions")
Rows = list[dict[str, Any]]


def indexes_of(template: Template) -> dict[str, list[Index]]:
    """Returns the indexes of each table of the local system."""
    found = {}
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        keys = names(table)
        found[f"cloakroom-dev-{name}"] = [
            Index(names(index), keys, others(index["Projection"]))
            for index in table.get("GlobalSecondaryIndexes", [])
        ]
    return found


def others(projection: dict[str, Any]) -> tuple[str, ...] | None:
    """Returns the attributes besides keys that an index has; None means all."""
    return None if projection["ProjectionType"] == "ALL" else tuple(projection.get("NonKeyAttributes", ()))


def names(schema: dict[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in schema["KeySchema"])


def usages(recording: pathlib.Path, indexes: dict[str, list[Index]]) -> dict[str, Usage]:
    """Returns what each recorded invocation used."""
    found: dict[str, Usage] = {}
    for file in sorted(recording.glob("*/*.jsonl")):
        for line in file.read_text().splitlines():
            used = json.loads(line)
            if used["service"] == "ssm":  # free, and once in many invocations
                continue
            usage = found.setdefault(used["id"], Usage())
            if used["service"] == "s3":
                usage.add_s3(used["operation"])
                continue
            usage.table_calls += 1
            usage.reads += read_units(used)
            usage.writes += write_units(used, indexes)
    return found


def problems(rows: Rows, document: str, recording: pathlib.Path, prices: dict[str, Any]) -> tuple[int, list[str]]:
    """Returns the number of compared values, and what differs."""
    template = Template()
    functions = template.of_type("AWS::Lambda::Function")
    used = usages(recording, indexes_of(template))
    cases = [json.loads(line) for line in (recording / "cases.json").read_text().splitlines()]
    ids = {(case["operation"], case["case"]): case["id"] for case in cases}
    shown = documented(document)
    computed: dict[tuple[str, str], Dollars] = {}
    compared, found = 0, []

    def same(what: str, expected: Any, actual: Any) -> None:
        nonlocal compared
        compared += 1
        if expected != actual:
            found.append(f"{what}: {expected} in the repository, {actual} recomputed")

    same("the cases", sorted((row["operation"], row["case"]) for row in rows), sorted(ids))
    for row in rows:
        key = row["operation"], row["case"]
        usage = used.get(ids.get(key, ""), Usage())
        for column in UNITS:
            same(f"{key}, {column}", row[column], getattr(usage, column))
        s3 = usage.s3_puts + usage.s3_gets + usage.s3_deletions
        same(f"{key}, calls", row["calls"], usage.table_calls + s3 + row["mails"] + row["others"])
        memory = functions[row["function"]]["MemorySize"]
        computed[key] = dollars(row, usage, memory, prices)
        same(f"{key}, dollars", shown.get(key), computed[key].shown())
    same("dollars of whole uploads", documented_uploads(document), uploads(computed, prices))
    same("the rows of docs/COST.md", sorted(shown), sorted(ids))
    return compared, found


def self_test(rows: Rows, document: str, recording: pathlib.Path, prices: dict[str, Any]) -> int:
    """Proves that a wrong number is found: in each column of the table, in a price, in the document."""
    tried = 0
    for column in (*UNITS, "calls"):
        changed = copy.deepcopy(rows)
        changed[tried][column] += 1
        assert len(problems(changed, document, recording, prices)[1]) >= 1, column
        tried += 1
    dearer = copy.deepcopy(prices)
    dearer["requests"]["write_unit"]["dollars"] *= 1.1
    assert problems(rows, document, recording, dearer)[1]
    assert problems(rows[1:], document, recording, prices)[1]
    last = document.rindex(" |\n", 0, document.index("\n## Whole uploads"))
    assert problems(rows, document[: last - 1] + "x" + document[last:], recording, prices)[1]
    return tried + 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recording", type=pathlib.Path, default=RECORDING, help="the folder with the recorded requests")
    parser.add_argument("--self-test", action="store_true", help="prove on wrong numbers that the check finds them")
    arguments = parser.parse_args()
    rows = json.loads((ROOT / "tests/cost/table.json").read_text())["rows"]
    prices = json.loads((ROOT / "tests/cost/prices.json").read_text())
    given = rows, (ROOT / "docs/COST.md").read_text(), arguments.recording, prices
    if arguments.self_test:
        print(f"self-test: {self_test(*given)} passed")
        return 0
    compared, found = problems(*given)
    for problem in found:
        print(f"FAILED: {problem}")
    print(f"{len(rows)} cases, {compared} values, {len(found)} problems")
    return 1 if found else 0


sys.exit(main())
