"""The operator's shell: it keeps its variables and functions from one command to the next."""

import json
import os
import pathlib
import shlex
import subprocess
import sys

import boto3
from functions import ROOT
from local_system import CLOAKROOM
from person import Person
from rehearsal.stand_ins import KEYS

# The stack of the first deployment.
STACK = "cloakroom-dev"
# What the commands use of the checkout.
CHECKOUT = (".venv", "ci", "docs", "events", "samconfig.toml", "template.yaml", "web")
# Saves everything that the shell can take over; bash's own variables are read-only or set by bash itself.
SAVE = r"""
{ declare -p | grep -Ev '^declare -[a-zA-Z]*r|^declare -[-a-zA-Z]+ (BASH|DIRSTACK|FUNCNAME|GROUPS|PIPESTATUS|SHELLOPTS|_)'; declare -f; } \
  >"$HOME/.state"
"""
# Version 1, the one on PyPI, takes a payload as it is and has no option for that. It also ignores AWS_ENDPOINT_URL for SQS.
AWS = """for it; do
  shift
  case $it in --cli-binary-format | raw-in-base64-out) ;; *) set -- "$@" "$it" ;; esac
done
exec {} --endpoint-url "$AWS_ENDPOINT_URL" "$@\""""


class Shell:
    """Runs commands as a reader types them, in a checkout with the operator's credentials."""

    def __init__(self, home: pathlib.Path, tools: dict[str, str], apis: dict[str, str]) -> None:
        self.home, self.checkout, self.api = home, home / "checkout", apis[STACK]
        for folder in (home, self.checkout, home / "bin", home / ".aws"):
            folder.mkdir()
        for name in CHECKOUT:
            (self.checkout / name).symlink_to(ROOT / name)
        keys = "".join(f"{name.lower()} = {value}\n" for name, value in KEYS.items())
        (home / ".aws/config").write_text(f"[profile operator]\n{keys}")
        (home / "bin/cloakroom").symlink_to(CLOAKROOM)
        self.script("aws", AWS.format(shlex.quote(f"{tools['aws']}/bin/aws")))
        wrapper = shlex.join([sys.executable, "-B", str(ROOT / "ci/operations/sam.py"), f"{tools['sam']}/bin/sam"])
        self.script("sam", f'exec {wrapper} "$@"')
        self.environment = {
            "HOME": str(home),
            "PATH": f"{home}/bin:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "GIT_CEILING_DIRECTORIES": str(home),
            "LANG": "C.UTF-8",
            "SAM_CLI_TELEMETRY": "0",
            "REHEARSAL_APIS": json.dumps(apis),
            "REHEARSAL_FOLDER": str(home),
        }
        (home / ".state").touch()
        # The user whose data is lost and restored.
        self.person: Person | None = None
        # `git checkout v1.2.3` has a tag, and reaches no other checkout.
        git = "git -c user.name=rehearsal -c user.email=rehearsal@example.com"
        code, output = self.run(f"git init --quiet . && git add . && {git} commit --quiet -m v1.2.3 && git tag v1.2.3")
        assert code == 0, output

    def script(self, name: str, text: str) -> None:
        """Writes a command of the shell."""
        file = self.home / "bin" / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def run(self, script: str) -> tuple[int, str]:
        """Runs a command and returns its exit code and its output. There is nothing to type an answer in."""
        state = self.home / ".state"
        command = ["bash", "-euo", "pipefail", "-c", f"source {state}\n{script}\n(exit $?) || exit\n{SAVE}"]
        done = subprocess.run(
            command,
            cwd=self.checkout,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        return done.returncode, done.stdout

    def set(self, **variables: str) -> None:
        """Sets variables, as a reader does."""
        code, output = self.run("\n".join(f"{name}={shlex.quote(value)}" for name, value in variables.items()))
        assert code == 0, output

    def name_of(self, logical_id: str) -> str:
        """The physical name of a resource of the stack."""
        found = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        physical: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return physical
