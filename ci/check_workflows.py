"""Checks the rules of the project's workflows that actionlint and zizmor do not know.

    "$(ci/tools.sh workflows)/bin/python" -B ci/check_workflows.py SHELLCHECK
"""

import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ROOT / ".github/workflows"
PINNED = re.compile(r"uses: (?:\./\S+|[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")
# A path of a script in a command, such as ci/build_lambda.sh.
SCRIPT = re.compile(r"(?<![\w/.-])((?:\.ci|ci|web)/[\w./-]+\.(?:sh|py)|\.ci/run)(?![\w/])")

failures: list[str] = []
passed = 0


def check(holds: bool, what: str) -> None:
    global passed
    passed += holds
    if not holds:
        failures.append(what)


def check_text(file: pathlib.Path) -> None:
    """Each action is pinned by its commit, with its version as a comment. Each script exists."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if re.match(r"\s*(- )?uses:", line):
            check(bool(PINNED.search(line)), f"{file.name}:{number}: pin the action by its commit and add `# vX.Y.Z`")
        for script in SCRIPT.findall(line.split("#")[0] if line.lstrip().startswith("#") else line):
            check((ROOT / script).is_file(), f"{file.name}:{number}: {script} does not exist")


def check_jobs(file: pathlib.Path, workflow: dict, shellcheck: str) -> None:
    check(workflow.get("permissions") == {}, f"{file.name}: `permissions: {{}}` at the top")
    for name, job in workflow["jobs"].items():
        where = f"{file.name}: {name}"
        check("permissions" in job, f"{where}: its own permissions")
        check("uses" in job or "timeout-minutes" in job, f"{where}: a time limit")
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                check(step.get("with", {}).get("persist-credentials") is False, f"{where}: checkout keeps no credentials")
            if "run" in step:
                check("${{" not in step["run"], f"{where}: expressions in `env`, not in `run`")
                check_shell(where, step["run"], shellcheck)


def check_shell(where: str, script: str, shellcheck: str) -> None:
    command = [shellcheck, "--shell=bash", "--severity=style", "-"]
    # GitHub runs the steps with these options.
    result = subprocess.run(command, input=f"set -eo pipefail\n{script}\n", text=True, capture_output=True, check=False)
    check(result.returncode == 0, f"{where}:\n{result.stdout}")


def check_stages(workflows: dict[str, dict]) -> None:
    """Jobs that deploy or release wait for the checks, and each stage exists in samconfig.toml."""
    jobs = workflows["ci.yml"]["jobs"]
    stages = re.findall(r"^\[(\w+)\.deploy\.parameters\]$", (ROOT / "samconfig.toml").read_text(), flags=re.M)
    deployed = {job["with"]["stage"]: name for name, job in jobs.items() if job.get("uses", "").endswith("/deploy.yml")}
    check(set(deployed) == {"dev", "prod"} and set(deployed) <= set(stages), f"the stages that are deployed: {deployed}")

    def needed(name: str) -> set[str]:
        direct = jobs[name].get("needs", [])
        direct = {direct} if isinstance(direct, str) else set(direct)
        return direct.union(*(needed(other) for other in direct))

    for name in (*deployed.values(), "release"):
        check({"test", "functions"} <= needed(name), f"{name} waits for the checks")
    check("github.ref == 'refs/heads/main'" in jobs[deployed["dev"]]["if"], "dev is deployed from main")
    check("refs/tags/v" in jobs[deployed["prod"]]["if"], "prod is deployed from a tag")


def main() -> int:
    workflows = {file.name: yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yml"))}
    for name, workflow in workflows.items():
        check_text(FOLDER / name)
        check_jobs(FOLDER / name, workflow, sys.argv[1])
    check_stages(workflows)
    for failure in failures:
        print(f"FAILED: {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
