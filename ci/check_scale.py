"""Checks docs/SCALE.md: it has every route, names only what template.yaml has, and its figures follow from their sources.

    "$(ci/tools.sh sam)/bin/python" -B ci/check_scale.py [--self-test]

The sources are template.yaml, the units and durations of tests/cost/table.json, and constants of the functions. The tables of the
document are known by their first column. What AWS's own quotas are is not checked: the document links their pages.
"""

import argparse
import ast
import contextlib
import json
import operator
import os
import re
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import ALIAS, Report, Template, routes_of  # noqa: E402
from cost.dollars import FULL_MB, Usage, dollars  # noqa: E402
from functions import ROOT  # noqa: E402

DOCUMENT = ROOT / "docs/SCALE.md"
METHODS = {"get", "put", "post", "patch", "delete"}
# Write units a second of a partition key.
PARTITION_WRITES = 1000
# Constants of the sources that the arithmetic of the document uses.
CONSTANTS = {
    "listing_keys": ("shared/store/src/users/item.rs", r"SHARDS: u8 = (\d+)"),
    "uploads_due_keys": ("shared/store/src/uploads/due.rs", r"SHARDS: u8 = (\d+)"),
    "orders_due_keys": ("shared/store/src/orders/item.rs", r"SHARDS: u8 = (\d+)"),
    "deliveries_due_keys": ("shared/store/src/webhooks/due.rs", r"DUE_SHARDS: u8 = (\d+)"),
    "decoys": ("shared/store/src/attempts.rs", r"DECOYS: u8 = (\d+)"),
    "events_a_request": ("functions/event-relay/src/publish.rs", r"MOST_ENTRIES: usize = (\d+)"),
    "uploads_at_once": ("functions/upload-events/src/reconcile.rs", r"CONCURRENCY: usize = (\d+)"),
    "orders_at_once": ("functions/orders/src/reconcile.rs", r"CONCURRENCY: usize = (\d+)"),
    "margin_s": ("shared/http/src/deadline.rs", r"MARGIN: time::Duration = time::Duration::seconds\((\d+)\)"),
    "checkout_hours": ("shared/domain/src/order/mod.rs", r"CHECKOUT_LIFETIME: Duration = Duration::hours\((\d+)\)"),
    "ask_again_minutes": ("shared/domain/src/order/mod.rs", r"RECONCILE_AFTER: Duration = Duration::minutes\((\d+)\)"),
}
# The number of partition keys of an index that has a fixed one. All products for sale have one key: `SHOP`.
INDEX_KEYS = {
    "UsersTable.listing": "listing_keys",
    "UploadsTable.due": "uploads_due_keys",
    "OrdersTable.due": "orders_due_keys",
    "WebhookDeliveriesTable.due": "deliveries_due_keys",
    "ProductsTable.shop": 1,
}
# Durations of tests/cost/table.json that the arithmetic uses.
DURATIONS = {"sign_in_ms": ("POST /signin", "right password"), "repair_ms": ("Repair", "one owner of 24 uploads")}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
# Names in CamelCase that are not of the template: words of AWS and metrics.
OTHER_WORDS = {
    "AwsRetries", "BatchSize", "GetParametersByPath", "IteratorAge", "KeyRangeThroughputExceeded", "MaximumConcurrency",
    "ParallelizationFactor", "PutEvents", "PutLogEvents", "TransactionConflict",
}  # fmt: skip
Row = dict[str, str]


def tables(text: str) -> dict[str, list[Row]]:
    """Returns the rows of each table, by the title of its first column. Tables with the same first column are one."""
    found: dict[str, list[Row]] = {}
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.M):
        header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        found.setdefault(header[0], []).extend(dict(zip(header, row, strict=True)) for row in rows)
    return found


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def shown(value: float, like: str) -> str:
    """Formats a number with as many decimals as the document has."""
    return f"{value:,.{len(like.partition('.')[2])}f}"


class Sources:
    """What the figures of the document follow from."""

    def __init__(self) -> None:
        self.template = Template()
        self.functions = self.template.of_type("AWS::Lambda::Function")
        # The throttles of routes, with the names of the parameters in place of their values.
        marked = Template(ThrottlingRateLimit="ThrottlingRateLimit", HashingRateLimit="HashingRateLimit")
        (stage,) = marked.of_type("AWS::ApiGatewayV2::Stage").values()
        self.settings, self.default = stage["RouteSettings"], stage["DefaultRouteSettings"]
        self.prices: dict[str, Any] = json.loads((ROOT / "tests/cost/prices.json").read_text())
        self.cost: list[dict[str, Any]] = json.loads((ROOT / "tests/cost/table.json").read_text())["rows"]
        paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"].items()
        self.routes = {f"{method.upper()} {path}" for path, it in paths for method in it if method in METHODS}
        constants = {name: constant(*where) for name, where in CONSTANTS.items()}
        durations = {name: self.milliseconds(self.case(*where)) for name, where in DURATIONS.items()}
        part = self.functions["UploadEventsFunction"]["MemorySize"] / FULL_MB
        cpu = {"upload_events_cpu_ms": self.prices["cpu_ms"]["UploadEventsFunction"] / part}
        self.names: dict[str, float] = constants | durations | cpu | {"hash_ms": self.prices["hash_ms"]["12"]}

    def case(self, operation: str, case: str) -> dict[str, Any]:
        (row,) = [row for row in self.cost if (row["operation"], row["case"]) == (operation, case)]
        return row

    def milliseconds(self, row: dict[str, Any]) -> int:
        """Returns the duration of a warm invocation, as in docs/COST.md."""
        s3 = row["s3_puts"] + row["s3_gets"] + row["s3_deletions"]
        table_calls = row["calls"] - s3 - row["mails"] - row["others"]
        units = (row[name] for name in ("reads", "writes"))
        usage = Usage(*units, table_calls, row["s3_puts"], row["s3_gets"], row["s3_deletions"])
        return dollars(row, usage, self.functions[row["function"]]["MemorySize"], self.prices).milliseconds

    def throttle(self, route: str) -> str:
        """Returns the parameter that limits the requests a second of a route."""
        return self.settings.get(route, self.default)["ThrottlingRateLimit"]

    def value(self, node: ast.AST) -> float:
        """Evaluates arithmetic with names, parameters of the template, and `Function.Timeout`."""
        match node:
            case ast.BinOp(left, symbol, right):
                return OPERATORS[type(symbol)](self.value(left), self.value(right))
            case ast.Constant(int() | float() as number):
                return number
            case ast.Attribute(ast.Name(function), setting):
                return self.functions[function][setting]
            case ast.Name(name):
                return self.names[name] if name in self.names else float(self.template.parameters[name]["Default"])
        raise ValueError(f"not arithmetic: {ast.dump(node)}")


def constant(path: str, pattern: str) -> float:
    (found,) = re.findall(pattern, (ROOT / path).read_text())
    return float(found)


def check_names(report: Report, sources: Sources, text: str) -> None:
    """Everything of the template that the document names exists."""
    template = sources.template
    for span in set(spans(text)):
        name, _, part = span.partition(".")
        if not re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)+", name):
            continue
        known = name in template.resources or name in template.parameters or name in OTHER_WORDS
        report.check(known, f"`{name}` is a name of template.yaml")
        if name.endswith("Table") and part:
            indexes = template.resources[name]["Properties"].get("GlobalSecondaryIndexes", [])
            report.check(part in [index["IndexName"] for index in indexes], f"`{span}` is an index")


def check_routes(report: Report, sources: Sources, rows: list[Row]) -> None:
    """Each route is in one row, with its function and its throttle, and the largest figures of the row's cases."""
    function_of, seen = routes_of(sources.template), []
    for row in rows:
        named = spans(row["routes"])
        # `/s3/…` stands for all routes below it.
        routes = [it for it in sources.routes if it in named or f"/{it.split('/')[1]}/…" in named]
        seen += routes
        what = row["routes"]
        report.check(set(named) <= {*routes, "/s3/…"}, f"{what}: routes of docs/openapi.json")
        report.same({f"`{function_of[it]}Function`" for it in routes}, {row["function"]}, f"{what}: the function")
        report.same({f"`{sources.throttle(it)}`" for it in routes}, {row["throttle"]}, f"{what}: the throttle")
        cases = [case for case in sources.cost if case["operation"] in routes]
        if not cases:
            continue
        slowest = max(map(sources.milliseconds, cases))
        figures = [slowest, 1e6 / slowest, *(max(case[unit] for case in cases) for unit in ("reads", "writes"))]
        cells = [row[column] for column in ("ms", "a second", "reads", "writes")]
        report.same(cells, [shown(it, cell) for it, cell in zip(figures, cells, strict=True)], f"{what}: the figures")
    report.same(sorted(seen), sorted(sources.routes), "each route is in one row")


def check_consumers(report: Report, sources: Sources, rows: list[Row]) -> None:
    """Each event source of a function, with its settings and the messages that it handles in a second."""
    mappings = sources.template.of_type("AWS::Lambda::EventSourceMapping").values()
    expected = []
    for mapping in mappings:
        function = mapping["FunctionName"].removesuffix(ALIAS)
        source = mapping["EventSourceArn"].split(".")[0]
        at_once = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        cases = [it for it in sources.cost if it["function"] == function and it["operation"].startswith("aws:")]
        slowest = max(map(sources.milliseconds, cases))
        # The relay puts several events on the bus with one request.
        together = sources.names["events_a_request"] if function == "EventRelayFunction" else 1
        rate = f"{(at_once or 1) * together * 1000 / slowest:,.0f}"
        if at_once is None:
            rate += " a shard"
        if function == "WebhookDeliverFunction":  # handles the messages of a batch at the same time
            rate = "below"
        settings = [mapping["BatchSize"], at_once or "1 a shard", sources.functions[function]["Timeout"], slowest]
        assert mapping.get("ParallelizationFactor", 1) == 1
        expected.append([f"`{function}`", f"`{source}`", *map(str, settings), rate])
    report.same(sorted(list(row.values())[:7] for row in rows), sorted(expected), "the consumers")


def check_indexes(report: Report, sources: Sources, rows: list[Row]) -> None:
    """Each index, with its partition keys and what they can take in a second."""
    found = {
        f"{name}.{index['IndexName']}"
        for name, table in sources.template.of_type("AWS::DynamoDB::Table").items()
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    report.same(sorted(spans(row["index"])[0] for row in rows), sorted(found), "the indexes")
    for row in rows:
        (index,) = spans(row["index"])
        keys = INDEX_KEYS.get(index)
        count = 1 if keys is None else sources.names.get(str(keys), keys)
        if keys is None:
            report.check(row["partition keys"].startswith("one for each "), f"{index}: its partition keys")
        else:
            report.same(row["partition keys"], f"{count:.0f}", f"{index}: its partition keys")
        rate = count * PARTITION_WRITES / float(row["writes"])
        report.same(row["a second"].split(" ")[0], f"{rate:,.0f}", f"{index}: actions a second")


def check_arithmetic(report: Report, sources: Sources, rows: list[Row]) -> None:
    """The value of each row follows from its arithmetic, which may use the names of the rows above."""
    for row in rows:
        (name,), (arithmetic,) = spans(row["name"]), spans(row["arithmetic"])
        sources.names[name] = sources.value(ast.parse(arithmetic, mode="eval").body)
        report.same(row["value"], shown(sources.names[name], row["value"]), f"{name} = {arithmetic}")


def check_example(report: Report, sources: Sources, rows: list[Row]) -> None:
    """The requests of the worked example, and their sum in the last row. `peak` comes from the arithmetic."""
    columns = ("requests/s", "reads/s", "writes/s", "instances")
    sums = [0.0] * len(columns)
    for row in rows[:-1]:
        (operation,) = spans(row["request or event"])
        case = sources.case(operation, row["case"])
        rate = float(row["a day"]) * sources.names["peak"]
        figures = [rate, rate * case["reads"], rate * case["writes"], rate * sources.milliseconds(case) / 1000]
        report.same([row[column] for column in columns], [f"{it:.1f}" for it in figures], f"{operation}: the figures")
        if operation in sources.routes:
            limit = float(sources.template.parameters[sources.throttle(operation)]["Default"])
            report.same(row["of its throttle"], f"{100 * rate / limit:.0f} %", f"{operation}: of its throttle")
        sums = [total + figure for total, figure in zip(sums, figures, strict=True)]
    report.same([rows[-1][column] for column in columns], [f"{it:.1f}" for it in sums], "the sums of the example")


def check_parameters(report: Report, sources: Sources, rows: list[Row]) -> None:
    for row in rows:
        (name,) = spans(row["parameter"])
        report.same(row["default"], f"{float(sources.template.parameters[name]['Default']):,.0f}", f"{name}: the default")


def check(report: Report, sources: Sources, text: str) -> None:
    found = tables(text)
    check_names(report, sources, text)
    check_routes(report, sources, found["routes"])
    check_consumers(report, sources, found["consumer"])
    check_indexes(report, sources, found["index"])
    check_arithmetic(report, sources, found["name"])
    check_example(report, sources, found["request or event"])
    check_parameters(report, sources, found["parameter"])


def self_test(text: str) -> int:
    """Proves that the check finds a missing route, an unknown name, and a wrong figure in each table."""
    changes = [
        ("`GET /library/{productId}`", "`GET /library/{id}`"), ("`UsersTable.listing`", "`UsersTable.listed`"),
        ("`HashingTimeAlarm`", "`HashTimeAlarm`"), ("| 295 |", "| 294 |"), ("| 5 | 10 | 21 |", "| 6 | 10 | 21 |"),
        ("| 4 | 1 | 4,000", "| 4 | 1 | 5,000"), ("| 98.8 |", "| 98.7 |"), ("| 27 % |", "| 28 % |"),
        ("| `HashingRateLimit` | 10 |", "| `HashingRateLimit` | 11 |"),
    ]  # fmt: skip
    sources = Sources()
    for old, new in changes:
        assert old in text, old
        report = Report()
        with contextlib.redirect_stdout(None):
            check(report, sources, text.replace(old, new))
        assert report.failed, f"{old} -> {new} was not found"
    return len(changes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="prove on changed documents that the check finds the changes")
    text = DOCUMENT.read_text()
    if parser.parse_args().self_test:
        print(f"self-test: {self_test(text)} passed")
        return 0
    report = Report()
    check(report, Sources(), text)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
