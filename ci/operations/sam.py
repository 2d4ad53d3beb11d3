"""`sam`, as the commands of docs/OPERATIONS.md call it, for a stand-in that cannot expand template.yaml.

`sam build` takes the functions of ci/build_functions.sh instead of compiling for arm64. `sam deploy` deploys the copy of
template.yaml that the rehearsal deploys, as JSON like a template that AWS has expanded, with the settings of samconfig.toml, from a
bucket that exists. `sam delete` does not ask whether it may. Everything else is the SAM CLI's.
"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent))
os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])  # the translator asks for one

from functions import ROOT  # noqa: E402
from rehearsal import deployment, limitations, template, unknown_types, without  # noqa: E402

BUILT = pathlib.Path(os.environ["REHEARSAL_FOLDER"])


def copy(stage: str, stack: str) -> str:
    """Writes the copy of template.yaml for a stage and returns its path."""
    packages, values = BUILT / "packages", deployment.parameters(stage, {})
    body = template.rehearsal_copy(values, packages, os.environ["AWS_ENDPOINT_URL"])
    body = limitations.amended(without.without_types(body, unknown_types.MINISTACK), limitations.MINISTACK)
    body["Outputs"]["ApiUrl"]["Value"] = json.loads(os.environ["REHEARSAL_APIS"])[stack]
    file = BUILT / f"{stack}.json"
    file.write_text(json.dumps(body))
    return str(file)


def option(name: str, arguments: list[str], default: str = "") -> str:
    return arguments[arguments.index(name) + 1] if name in arguments else default


def main() -> int:
    executable, command, *arguments = sys.argv[1:]
    more: list[str] = []
    if command == "build":
        assert not arguments, "sam build has no arguments in docs/OPERATIONS.md"
        (BUILT / "packages").mkdir(exist_ok=True)
        return 0
    stage = option("--config-env", arguments)
    if command == "deploy":
        assert (BUILT / "packages").exists(), "sam build comes before sam deploy"
        file = copy(stage, option("--stack-name", arguments, f"cloakroom-{stage}"))
        more = ["--config-file", str(ROOT / "samconfig.toml"), "--template-file", file]
        more += ["--no-resolve-s3", "--s3-bucket", deployment.BUCKET, "--use-json"]
    elif command == "delete":
        more = ["--no-prompts"]
    return subprocess.call([executable, command, *arguments, *more])


sys.exit(main())
