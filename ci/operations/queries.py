"""The Logs Insights queries of docs/OPERATIONS.md: an operator runs them in the console."""

import json
import re
import time

import boto3
from functions import ROOT

from .document import CODE, TEXT

WORDS = set(
    "fields filter stats sort limit by as asc desc and or in like not ispresent count count_distinct sum max min avg pct bin coalesce".split()
)
# What CloudWatch adds to each line.
ADDED = {"@timestamp", "@log", "@message"}


def queries() -> list[str]:
    """The blocks without a language."""
    return [match["block"] for match in CODE.finditer(TEXT) if match["block"] and not match["language"]]


def fields(query: str) -> set[str]:
    """The fields that a query reads."""
    plain = re.sub(r'"[^"]*"|/\^?[\w|]+/|\d+m\b|\d+h\b', " ", query)
    new = set(re.findall(r"\bas (\w+)", plain))
    return {word for word in re.findall(r"@?[A-Za-z_]\w*", plain) if word not in WORDS | new}


def texts(query: str) -> set[str]:
    """The values that a query compares with."""
    return set(re.findall(r'"([^"]*)"', query))


def written() -> tuple[set[str], set[str]]:
    """The words and the texts of the sources that write lines: the functions' code, and the format of the access log."""
    files = [*ROOT.glob("functions/*/src/**/*.rs"), *ROOT.glob("shared/*/src/**/*.rs")]
    sources = "\n".join(file.read_text() for file in files)
    (access_log,) = re.findall(r"Format: >-\n((?: {10}.*\n)+)", (ROOT / "template.yaml").read_text())
    routes = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    known = {f"{method.upper()} {path}" for path, methods in routes.items() for method in methods}
    literals = set(re.findall(r'"(\w+)"', sources)) | known | {"ERROR", "WARN", "INFO"}
    return set(re.findall(r"\w+", sources)) | set(re.findall(r'"(\w+)":', access_log)) | ADDED, literals


def problems() -> list[str]:
    """The fields and values of queries that no line has."""
    names, literals = written()
    unknown = [f"{name} in the query {query}" for query in queries() for name in sorted(fields(query) - names)]
    return unknown + [f'"{text}" in the query {query}' for query in queries() for text in sorted(texts(query) - literals)]


def evaluates_no_statistics() -> bool:
    """Whether the stand-in ignores `stats`."""
    client, group = boto3.client("logs"), "probe"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=group)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": "{}"}, {"timestamp": now, "message": "{}"}]
    client.put_log_events(logGroupName=group, logStreamName=group, logEvents=events)
    query = "stats count(*) as lines"
    asked = client.start_query(logGroupName=group, startTime=now // 1000 - 60, endTime=now // 1000 + 60, queryString=query)
    rows = client.get_query_results(queryId=asked["queryId"])["results"]
    client.delete_log_group(logGroupName=group)
    return [[(one["field"], one["value"]) for one in row] for row in rows] != [[("lines", "2")]]
