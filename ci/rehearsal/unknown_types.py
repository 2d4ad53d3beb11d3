"""The resource types that the pinned stand-ins do not know. Another type that is unknown fails the rehearsal, and so does one
of these that is known."""

import json
import re
import subprocess

import boto3
import botocore.exceptions

MINISTACK = {
    "AWS::Budgets::Budget",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
}
MOTO = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::S3::AccessPoint",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
# A type that does not exist, so that a stack with it is always refused and creates nothing.
NO_TYPE = "AWS::Probe::Probe"
LIST_UNKNOWN = """
import json, sys
from moto.cloudformation.parsing import resource_class_from_type
print(json.dumps([kind for kind in json.load(sys.stdin) if resource_class_from_type(kind) is None]))
"""


def unknown_to_ministack(kinds: set[str]) -> set[str]:
    """Asks ministack, whose error lists the types that it does not know."""
    resources = {f"R{number}": {"Type": kind} for number, kind in enumerate([NO_TYPE, *sorted(kinds)])}
    try:
        boto3.client("cloudformation").create_stack(
            StackName="probe",
            TemplateBody=json.dumps({"Resources": resources}),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
    except botocore.exceptions.ClientError as error:
        listed = re.search(r"Unrecognized resource types: \[(.*)\]", str(error))
        if listed:
            return set(listed[1].split(", ")) - {NO_TYPE}
        raise
    raise AssertionError(f"ministack accepts a resource of the type {NO_TYPE}")


def unknown_to_moto(python: str, kinds: set[str]) -> set[str]:
    """Asks moto's own list: its server passes over unknown types without an error."""
    done = subprocess.run(
        [python, "-c", LIST_UNKNOWN], input=json.dumps(sorted(kinds)), capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))
