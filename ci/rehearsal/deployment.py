"""Deploys to a stand-in with the SAM CLI, as README.md describes, and reads what the stack has."""

import contextlib
import json
import pathlib
import subprocess
import tomllib
from typing import Any, NamedTuple

import boto3
import botocore.exceptions
from cloudformation import ROOT, Template

BUCKET = "rehearsal-packages"


class Deployed(NamedTuple):
    """A stack's outputs, and its resources: logical id -> type and physical id."""

    outputs: dict[str, str]
    resources: dict[str, tuple[str, str]]

    def of_type(self, kind: str) -> dict[str, str]:
        return {name: physical for name, (its, physical) in self.resources.items() if its == kind}


def parameters(stage: str, more: dict[str, str]) -> dict[str, str]:
    """The parameters of a stage in samconfig.toml, with others."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = config[stage]["deploy"]["parameters"]["parameter_overrides"]
    return dict(one.split("=", 1) for one in overrides) | more


def expected(values: dict[str, str]) -> dict[str, str]:
    """Logical id -> type of the resources that the stack has with these parameters."""
    return {name: resource["Type"] for name, resource in Template(**values).decided()["Resources"].items()}


def sam_deploy(
    sam: str, stage: str, body: dict[str, Any], values: dict[str, str], folder: pathlib.Path, *more: str
) -> None:
    """Runs `sam deploy` with the settings of samconfig.toml. Only the bucket is another (see limitations.py)."""
    file = folder / f"{stage}.json"
    file.write_text(json.dumps(body))
    command = [
        *[sam, "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", stage, "--template-file", file],
        *["--no-resolve-s3", "--s3-bucket", BUCKET, *more],
        *["--parameter-overrides", *[f"{name}={value}" for name, value in values.items()]],
    ]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"sam deploy failed: {failures(f'cloakroom-{stage}')}\n{done.stdout[-1000:]}"


def failures(stack: str) -> dict[str, str]:
    """Logical id -> reason of the resources that could not be created or changed."""
    client = boto3.client("cloudformation")
    with contextlib.suppress(botocore.exceptions.ClientError):
        pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
        failed = [one for page in pages for one in page["StackEvents"] if one["ResourceStatus"].endswith("FAILED")]
        return {one["LogicalResourceId"]: one.get("ResourceStatusReason", "") for one in failed}
    return {}


def create_bucket() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name})


def describe(stack: str) -> Deployed:
    client = boto3.client("cloudformation")
    (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found["StackStatus"]
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = {
        one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", ""))
        for page in pages
        for one in page["StackResourceSummaries"]
    }
    return Deployed({one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}, resources)


def check_resources(stack: Deployed, kinds: dict[str, str]) -> None:
    """Checks that the stack has all resources of the template, with the expected types."""
    missing = {name: kind for name, kind in kinds.items() if stack.resources.get(name, ("", ""))[0] != kind}
    assert not missing, f"the stack does not have {missing}"


def delete(stack: str, kept: set[str]) -> None:
    """Deletes a stack and checks that only the resources remain that the template keeps."""
    client = boto3.client("cloudformation")
    before = describe(stack)
    stack_id = client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=stack)
    client.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    remaining = set(boto3.client("dynamodb").list_tables()["TableNames"])
    remaining |= {bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]}
    remaining |= {one["FunctionName"] for one in boto3.client("lambda").list_functions()["Functions"]}
    found = {name for name, (_, physical) in before.resources.items() if physical in remaining}
    assert found == kept & set(before.resources), f"found {found}, expected {kept}"
