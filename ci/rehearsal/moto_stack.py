"""The stack on moto, which has no functions that run: what can be checked are its resources."""

import io
import json
import zipfile
from typing import Any

import boto3

from . import deployment


def create(stack: str, body: dict[str, Any], values: dict[str, str]) -> deployment.Deployed:
    """Creates the stack, and checks that it has all resources of the template's copy."""
    deployment.create_bucket()
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("bootstrap", "")
    boto3.client("s3").put_object(Bucket=deployment.BUCKET, Key="empty.zip", Body=package.getvalue())
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": deployment.BUCKET, "S3Key": "empty.zip"}
    boto3.client("cloudformation").create_stack(
        StackName=stack,
        TemplateBody=json.dumps(body),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
    )
    kinds = {name: kind for name, kind in deployment.expected(values).items() if name in body["Resources"]}
    created = deployment.describe(stack)
    deployment.check_resources(created, kinds)
    return created

