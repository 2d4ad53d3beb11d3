"""Sends requests that docs/openapi.json describes to a local system, with schemathesis in all its phases.

    ci/check_openapi.sh [SEED] [OPTION OF SCHEMATHESIS …]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from functions import ROOT
from local_system import CLOAKROOM, LocalSystem

DOCUMENT = ROOT / "docs/openapi.json"
# Enough for the examples of each operation. `-n 200` looks further.
EXAMPLES = "15"

# Codes of a 422 or 412 for values whose form is right. What decides is not in the document: stored data, for a cursor or a token
# that was never issued; settings of the operator; other members of the request; or rules for text that no pattern expresses.
OF_THE_VALUE = {
    "invalid_signature",
    "one_of_both",
    "empty",
    "idempotency_key_reused",
    "invalid_content_type",
    "invalid_cursor",
    "invalid_email_token",
    "invalid_part_number",
    "invalid_version",
    "lock_too_long",
    "precondition_failed",
    "sha256_not_supported",
}
# Without `everywhere=true` the body needs a refresh token.
DEPENDS_ON_QUERY = {"POST /signout"}
# What schemathesis expects for a valid request by default.
VALID = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"]


def toml_of(document: dict) -> str:
    """The settings of schemathesis: operations that refuse values by OF_THE_VALUE may do so. All checks and phases stay on."""
    lines = []
    seen = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            refused = set()
            for status in {"400", "412", "422"} & set(operation["responses"]):
                description = operation["responses"][status]["description"]
                codes = {code for code in OF_THE_VALUE if f"`{code}`" in description}
                if codes:
                    refused.add(status)
                seen |= codes
            if f"{method.upper()} {path}" in DEPENDS_ON_QUERY:
                refused.add("422")
            if refused:
                expected = json.dumps(VALID + sorted(refused))
                lines += [
                    "[[operations]]",
                    f"include-name = {json.dumps(f'{method.upper()} {path}')}",
                    f"checks.positive_data_acceptance.expected-statuses = {expected}",
                ]
    if seen != OF_THE_VALUE:
        raise SystemExit(f"no operation has the codes {sorted(OF_THE_VALUE - seen)}")
    return "\n".join(lines) + "\n"


def main() -> int:
    seed, options = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("1", [])
    document = json.loads(DOCUMENT.read_text())
    parameters = [
        "BcryptCost=4", "RequestsPerAddress=10000000", "UploadRequestsPerUser=10000000", "MaxLockDays=1",
    ]  # fmt: skip
    arguments = [argument for parameter in parameters for argument in ("--parameter", parameter)]
    with LocalSystem(CLOAKROOM, 0, "--without-schedules", *arguments) as system, tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "schemathesis.toml")
        config.write_text(toml_of(document))
        environment = os.environ | {
            "SCHEMATHESIS_HOOKS": "openapi_hooks",
            "PYTHONPATH": str(ROOT / "ci"),
            "API": system.api,
            "LOCAL": str(system.folder),
        }
        tool = pathlib.Path(sys.executable).parent / "schemathesis"
        command = [
            tool, "--config-file", config, "run", DOCUMENT, "--url", system.api, "--seed", seed, "--request-timeout", "60",
            "--continue-on-failure", "--output-sanitize", "false", "--max-examples", EXAMPLES, "--suppress-health-check", "all", *options,
        ]  # fmt: skip
        # Its cache of examples would be in the working directory.
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


sys.exit(main())
