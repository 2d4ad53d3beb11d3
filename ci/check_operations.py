"""Checks docs/OPERATIONS.md: its local commands run, each alarm has its section, its queries name fields that lines have, and its
other commands are valid shell.

    "$(ci/tools.sh sam)/bin/python" -B ci/check_operations.py AWS_BIN SHELLCHECK

AWS_BIN is the folder of the AWS CLI. Blocks that begin with the line `# Also works locally.` run as they are, in the order of the
document, against a local system, with the environment of `cloakroom env`. ci/check_operations_aws.py follows the whole document
on a stand-in for AWS.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import Report, Template  # noqa: E402
from functions import ROOT  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from operations import queries  # noqa: E402
from operations.document import TEXT as DOCUMENT  # noqa: E402
from operations.document import blocks  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

LOCAL = "# Also works locally."


def alarms() -> dict[str, dict]:
    """The alarms of template.yaml, with and without their conditions."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    return {name: it["Properties"] for name, it in resources.items() if it["Type"] == "AWS::CloudWatch::Alarm"}


def check_alarms(report: Report) -> None:
    _, section = DOCUMENT.split("\n## Alarms\n")
    section, _ = section.split("\n## ", 1)
    texts = dict(zip(*[iter(re.split(r"^### (\w+)$", section, flags=re.M)[1:])] * 2, strict=True))
    deployed = alarms()
    report.check(bool(deployed), "template.yaml has alarms")
    for name in deployed:
        report.check(name in texts, f"docs/OPERATIONS.md has no section `### {name}`")
        description = deployed[name].get("AlarmDescription", "")
        if "docs/OPERATIONS.md" in description:
            report.check(description.rstrip(". ").endswith(f"#{name.lower()}"), f"{name}'s description names its section")
    for name, text in texts.items():
        report.check(name in deployed, f"### {name} is no alarm of template.yaml")
        for part in ("**Meaning.**", "**Look at**", "**Do.**"):
            report.check(part in text, f"### {name} has no {part}")


def check_links(report: Report) -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, flags=re.M)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    for anchor in re.findall(r"\]\(#([^)]+)\)", DOCUMENT):
        report.check(anchor in anchors, f"#{anchor} is a section")
    template = Template()
    resources = {*template.resources, *template.body["Outputs"]}
    named = r"--logical-resource-id (\w+)|name_of (\w+)\)|kept (\w+)\)|OutputKey=='(\w+)'|LOGICAL_IDS=\"([\w ]+)\"|for id in ([\w ]+);"
    cited = re.findall(named, DOCUMENT)
    for name in {name for match in cited for group in match for name in group.split()}:
        report.check(name in resources, f"{name} is a resource or an output of template.yaml")
    parameters = template.parameters
    known = {name for name in re.findall(r"`([A-Z][A-Za-z]+)(?:=[^`]*)?`", DOCUMENT) if name in parameters}
    report.check(len(known) > 5, f"the document names parameters: {sorted(known)}")


def check_queries(report: Report) -> None:
    """The fields and messages in the queries are those of the functions' lines and of the access log."""
    report.check(len(queries.queries()) > 5, f"{len(queries.queries())} queries")
    report.same(queries.problems(), [], "what the queries name and no line has")


def check_shell(report: Report, shellcheck: str) -> None:
    # Variables that earlier blocks or the reader set, and words that are split on purpose.
    excluded = "SC2154,SC2086,SC2034,SC2001"
    for block in blocks():
        command = [shellcheck, "--shell=bash", f"--exclude={excluded}", "-"]
        result = subprocess.run(command, input=block, text=True, capture_output=True, check=False)
        report.check(result.returncode == 0, result.stdout)


def environment(system: LocalSystem, folder: pathlib.Path, aws_bin: str) -> dict[str, str]:
    """The environment in which the blocks run."""
    (folder / "cloakroom").symlink_to(CLOAKROOM)
    shown = subprocess.check_output([CLOAKROOM, "env", "--data-dir", system.folder], text=True)
    exported = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", shown, flags=re.M))
    assert "AWS_ENDPOINT_URL_DYNAMODB" in exported, shown
    path = f"{folder}:{aws_bin}:{os.environ['PATH']}"
    # What the blocks before them look up in CloudFormation.
    stack = {"API": system.api, "STACK": "cloakroom-dev", "KEYS_TABLE": "cloakroom-dev-PublicKeysTable"}
    return {"HOME": str(folder), "PATH": path, **stack, **exported}


def run(script: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, env=variables, cwd=ROOT, text=True, capture_output=True, check=False)


def check_local(report: Report, aws_bin: str) -> None:
    """Runs the local blocks, and copies items between tables as after a restoration."""
    local = [block for block in blocks() if block.startswith(LOCAL)]
    report.check(len(local) >= 3, f"{len(local)} blocks run locally")
    with LocalSystem() as system, tempfile.TemporaryDirectory() as folder:
        variables = environment(system, pathlib.Path(folder), aws_bin)
        output = []
        for block in local:
            ran = run(block, variables)
            output.append(ran.stdout)
            report.check(ran.returncode == 0, f"{block}\n{ran.stdout}{ran.stderr}")
        report.check('"roles":["admin"]' in "".join(output), "the first administrator")
        # The last block with keys creates a new one after a theft, in place of all keys before.
        keys = [found for text in output if (found := set(re.findall(r"/keys/private/([\w-]{43})", text)))]
        before, after = set().union(*keys[:-1]), keys[-1]
        report.check(len(before) == 2 and len(after - before) == 1 and not after & before, f"new keys: {before} {after}")
        check_copy(report, variables)


def check_copy(report: Report, variables: dict[str, str]) -> None:
    """ci/copy_items.py restores deleted items, and replaces changed ones only without --missing-only."""

    def aws(command: str, *arguments: str) -> dict:
        ran = subprocess.run(["aws", "dynamodb", command, *arguments], env=variables, text=True, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "{}")

    def item(number: int, value: str) -> str:
        return json.dumps({"id": {"S": f"item-{number}"}, "value": {"S": value}, "count": {"N": "1.5"}})

    def values(table: str) -> list[str]:
        return sorted(found["value"]["S"] for found in aws("scan", "--table-name", table)["Items"])

    def copied(*options: str) -> str:
        command = [sys.executable, "-B", str(ROOT / "ci/copy_items.py"), "--from", "restored", "--to", "current", *options]
        ran = subprocess.run(command, env=variables, text=True, capture_output=True, check=False)
        return ran.stdout + ran.stderr

    for table in ("restored", "current"):
        aws("create-table", "--table-name", table, "--billing-mode", "PAY_PER_REQUEST", "--attribute-definitions",
            "AttributeName=id,AttributeType=S", "--key-schema", "AttributeName=id,KeyType=HASH")  # fmt: skip
    for number in range(30):
        aws("put-item", "--table-name", "restored", "--item", item(number, "old"))
    aws("put-item", "--table-name", "current", "--item", item(0, "changed"))
    aws("put-item", "--table-name", "current", "--item", item(99, "new"))
    report.same(copied("--missing-only"), "29 items copied, 1 existed already\n", "a copy of missing items")
    report.same(values("current"), ["changed", "new", *["old"] * 29], "missing items are restored, others stay")
    report.same(copied(), "30 items copied, 0 existed already\n", "a copy of all items")
    report.same(values("current"), ["new", *["old"] * 30], "changed items are replaced, newer items stay")
    report.check("must be two tables" in copied("--to", "restored"), "a table is not copied to itself")


def main() -> int:
    aws_bin, shellcheck = sys.argv[1:]
    report = Report()
    check_alarms(report)
    check_links(report)
    check_queries(report)
    check_shell(report, shellcheck)
    check_local(report, aws_bin)
    return report.finish()


sys.exit(main())
