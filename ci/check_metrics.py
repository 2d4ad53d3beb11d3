"""Checks the metrics of a running system with the tools of others: each line of a function against AWS's JSON schema of the
embedded metric format, and `/metrics` with the parser of Prometheus' client. Both must have the same sums.

    ci/check_metrics.sh
"""

import collections
import copy
import json
import sys
import time
from typing import Any

import jsonschema
import urllib3
from functions import ROOT
from local_system import CLOAKROOM, LocalSystem
from person import Person
from prometheus_client.parser import text_string_to_metric_families

SCHEMA = json.loads((ROOT / "ci/emf.schema.json").read_text())
# CloudWatch's limit of metrics in one document.
MAX_METRICS = 100
# Outcomes that the requests below have.
EXPECTED = {
    "cloakroom_sign_ups": ("signup", 1),
    "cloakroom_sign_ins": ("signin", 1),
    "cloakroom_sign_ins_refused": ("signin", 1),
    "cloakroom_uploads_stored": (None, 1),
    "cloakroom_bytes_stored": (None, 3),
}


def problems(line: dict[str, Any]) -> list[str]:
    """Returns what is wrong with a line: what the schema says, and what AWS's specification says in words."""
    found = [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(line)]
    if found:
        return found
    for directive in line["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]]
        if len(names) > MAX_METRICS or len(set(names)) < len(names):
            found.append(f"too many metrics, or one twice: {names}")
        targets = names + [name for names in directive["Dimensions"] for name in names]
        found += [f"{name} is not a number" for name in names if not isinstance(line.get(name), (int, float))]
        found += [f"{name} is missing" for name in targets if name not in line]
    return found


def check_the_check(line: dict[str, Any]) -> None:
    """Fails unless broken lines are refused."""
    directive = line["_aws"]["CloudWatchMetrics"][0]
    name = directive["Metrics"][0]["Name"]
    for what, change in {
        "no timestamp": lambda it: it["_aws"].pop("Timestamp"),
        "no dimensions": lambda it: it["_aws"]["CloudWatchMetrics"][0].pop("Dimensions"),
        "an unknown unit": lambda it: it["_aws"]["CloudWatchMetrics"][0]["Metrics"][0].update(Unit="Apples"),
        "a metric without a value": lambda it: it.pop(name),
        "a metric that is a text": lambda it: it.update({name: "12"}),
    }.items():
        broken = copy.deepcopy(line)
        change(broken)
        assert problems(broken), f"a line with {what} is accepted"


def sums_of(printed: list[tuple[str, dict[str, Any]]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Returns the sum and the number of values of each metric of each function."""
    sums: dict[tuple[str, str], tuple[float, int]] = collections.defaultdict(lambda: (0.0, 0))
    for function, line in printed:
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            key = (metric["Name"].lower(), function)
            total, count = sums[key]
            sums[key] = (total + line[metric["Name"]], count + 1)
    return dict(sums)


def scrape(system: LocalSystem) -> tuple[dict[str, Any], dict[tuple[str, str], tuple[float, int]]]:
    """Reads `/metrics`: the metrics by name, and their sums as in `sums_of`."""
    page = urllib3.request("GET", f"{system.api}/metrics")
    assert page.status == 200, page.status
    families = {family.name: family for family in text_string_to_metric_families(page.data.decode())}
    sums = {}
    for name, family in families.items():
        assert family.type == "summary" and family.documentation, family
        parts: dict[tuple[str, str], float] = {}
        for sample in family.samples:
            parts[sample.labels["function"], sample.name.removeprefix(f"{name}_")] = sample.value
        short = name.removeprefix("cloakroom_").replace("_", "")
        for function in {function for function, _ in parts}:
            sums[short, function] = (parts[function, "sum"], int(parts[function, "count"]))
    return families, sums


def use(system: LocalSystem) -> None:
    """Sends requests with each outcome in EXPECTED."""
    ada = Person(system)
    ada.get("/users/me").expect(200)
    wrong = {"email": "ada@example.com", "password": "a wrong password"}
    ada.post("/signin", wrong).expect(401, "invalid_credentials")
    created = ada.create_upload(3)
    assert ada.send(created["transfer"], b"ada").status == 200
    ada.complete(created["upload"]["id"]).expect(200)


def outcomes(families: dict[str, Any]) -> dict[str, tuple[str | None, float]]:
    """The sums of the metrics that EXPECTED has, of the same functions."""
    found = {}
    for name, (function, _) in EXPECTED.items():
        samples = [it for it in families[name].samples if it.name.endswith("_sum")] if name in families else []
        found[name] = (function, sum(it.value for it in samples if function in (None, it.labels["function"])))
    return found


def main() -> int:
    arguments = ["--without-schedules", "--parameter", "BcryptCost=4"]
    with LocalSystem(CLOAKROOM, 0, *arguments) as system:
        use(system)
        families, sums, printed = {}, {}, []
        # The event of the upload may still be running.
        for _ in range(300):
            families, sums = scrape(system)
            printed = system.metric_lines()
            if sums and sums == sums_of(printed) and outcomes(families) == EXPECTED:
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"/metrics and the lines differ:\n{sums}\n{sums_of(printed)}\n{outcomes(families)}")
    for function, line in printed:
        assert not problems(line), f"{function}: {problems(line)}: {line}"
    check_the_check(printed[0][1])
    print(f"metrics: {len(printed)} lines are valid, {len(sums)} sums in /metrics are the same; 0 failed")
    return 0


sys.exit(main())
