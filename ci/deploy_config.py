"""Writes the configuration with which the pipeline deploys a stage: that of samconfig.toml, with the pipeline's roles.

    "$(ci/tools.sh sam)/bin/python" -B ci/deploy_config.py STAGE FILE

Reads ARTIFACTS_BUCKET, EXECUTION_ROLE_ARN and PERMISSIONS_BOUNDARY, the outputs of ci/deploy-role.yaml. With --self-test, checks
the result for the stages of samconfig.toml.
"""

import os
import pathlib
import sys

import tomlkit

ROOT = pathlib.Path(__file__).parent.parent
VARIABLES = ["ARTIFACTS_BUCKET", "EXECUTION_ROLE_ARN", "PERMISSIONS_BOUNDARY"]


def configuration(stage: str, variables: dict[str, str]) -> tomlkit.TOMLDocument:
    """Returns samconfig.toml with the changes for one stage."""
    missing = [name for name in VARIABLES if not variables.get(name)]
    if missing:
        raise SystemExit(f"{', '.join(missing)}: set the variables of the GitHub environment {stage}; see docs/OPERATIONS.md")
    document = tomlkit.parse((ROOT / "samconfig.toml").read_text())
    if stage not in document:
        raise SystemExit(f"samconfig.toml has no stage {stage}")
    deploy = document[stage]["deploy"]["parameters"]
    # The pipeline has a bucket of its own; it may not create SAM's.
    deploy.remove("resolve_s3")
    deploy["s3_bucket"] = variables["ARTIFACTS_BUCKET"]
    deploy["role_arn"] = variables["EXECUTION_ROLE_ARN"]
    # The GitHub environment asks for the confirmation.
    deploy["confirm_changeset"] = False
    deploy["parameter_overrides"].append(f"PermissionsBoundary={variables['PERMISSIONS_BOUNDARY']}")
    return document


def self_test() -> int:
    variables = {name: f"value-of-{name}" for name in VARIABLES}
    document = tomlkit.parse((ROOT / "samconfig.toml").read_text())
    stages = [name for name, table in document.items() if isinstance(table, dict) and "global" in table]
    assert {"dev", "prod"} <= set(stages), stages
    for stage in stages:
        before = document[stage]["deploy"]["parameters"]
        written = configuration(stage, variables)
        after = tomlkit.parse(tomlkit.dumps(written))[stage]["deploy"]["parameters"]
        assert "resolve_s3" not in after and after["s3_bucket"] == "value-of-ARTIFACTS_BUCKET", after
        assert after["role_arn"] == "value-of-EXECUTION_ROLE_ARN" and after["confirm_changeset"] is False, after
        boundary = "PermissionsBoundary=value-of-PERMISSIONS_BOUNDARY"
        assert after["parameter_overrides"] == [*before["parameter_overrides"], boundary], after
        assert after["tags"] == before["tags"] and after["s3_prefix"] == before["s3_prefix"], after
    print(f"{len(stages)} passed, 0 failed")
    return 0


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    stage, file = sys.argv[1:]
    pathlib.Path(file).write_text(tomlkit.dumps(configuration(stage, dict(os.environ))))
    return 0


sys.exit(main())
