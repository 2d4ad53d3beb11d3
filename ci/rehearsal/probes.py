"""Small requests that show what a stand-in does, without Cloakroom."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.exceptions
import botocore.parsers
import requests
from botocore.signers import S3PostPresigner

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@contextlib.contextmanager
def role(*statements: dict[str, Any]) -> Iterator[boto3.Session]:
    """A session with the credentials of a role that has these statements and no others."""
    iam, name = boto3.client("iam"), f"probe-{uuid.uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | one for one in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="probe", PolicyDocument=json.dumps(document))
    keys = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
    try:
        yield boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="probe")
        iam.delete_role(RoleName=name)


def denied(call: Callable[[], Any]) -> bool:
    """Whether a request is refused for lack of permission. Other errors mean that it was allowed."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] == 403 or "AccessDenied" in str(error)
    return False


def enforces_roles() -> bool:
    """Whether a role that may do one thing is refused another. Without this, the steps would show nothing about the roles."""
    with role({"Action": "sqs:ListQueues", "Resource": "*"}) as session:
        allowed = not denied(lambda: session.client("sqs").list_queues())
        return allowed and denied(lambda: session.client("dynamodb").list_tables())


def refuses_parameters_by_path() -> bool:
    """Whether a grant of GetParametersByPath for a path does not allow a request for this path."""
    grant = {"Action": "ssm:GetParametersByPath", "Resource": f"arn:aws:ssm:*:{account()}:parameter/probe"}
    with role(grant) as session:
        return denied(lambda: session.client("ssm").get_parameters_by_path(Path="/probe"))


def ignores_the_attributes_of_writes() -> bool:
    """Whether the condition key dynamodb:Attributes is missing from the context of a write."""
    grant = {"Action": "dynamodb:PutItem", "Resource": "*", "Condition": {"Null": {"dynamodb:Attributes": "false"}}}
    with role(grant) as session:
        client = session.client("dynamodb")
        return denied(lambda: client.put_item(TableName="probe", Item={"id": {"S": "1"}}))


def account() -> str:
    return boto3.client("sts").get_caller_identity()["Account"]


def refuses_mail_by_identity() -> bool:
    """Whether a grant of SendEmail for an identity does not allow mail from this identity."""
    grant = {"Action": "ses:SendEmail", "Resource": f"arn:aws:ses:*:{account()}:identity/*"}
    with role(grant) as session:
        return denied(lambda: send_mail(session))


def ignores_the_sender() -> bool:
    """Whether the condition key ses:FromAddress is missing from the context of a mail."""
    condition = {"StringEquals": {"ses:FromAddress": "probe@mail.example"}}
    with role({"Action": "ses:SendEmail", "Resource": "*", "Condition": condition}) as session:
        return denied(lambda: send_mail(session))


def send_mail(session: boto3.Session) -> None:
    text = {"Data": "probe"}
    session.client("sesv2").send_email(
        FromEmailAddress="probe@mail.example",
        Destination={"ToAddresses": ["probe@example.com"]},
        Content={"Simple": {"Subject": text, "Body": {"Text": text}}},
    )


@contextlib.contextmanager
def stack(kind: str, **properties: Any) -> Iterator[str]:
    """The physical id of a resource that a stack of its own creates."""
    client, name = boto3.client("cloudformation"), f"probe-{uuid.uuid4()}"
    body = {"Resources": {"Probe": {"Type": kind, "Properties": properties}}}
    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    (resource,) = client.describe_stack_resources(StackName=name)["StackResources"]
    try:
        yield resource["PhysicalResourceId"]
    finally:
        client.delete_stack(StackName=name)


def ignores_the_openapi_document() -> bool:
    """Whether an HTTP API does not get the routes of its property Body."""
    target = {"type": "http_proxy", "httpMethod": "GET", "uri": "https://example.com", "payloadFormatVersion": "1.0"}
    operation = {"x-amazon-apigateway-integration": target, "responses": {}}
    info = {"title": "probe", "version": "1"}
    document = {"openapi": "3.0.1", "info": info, "paths": {"/probe": {"get": operation}}}
    with stack("AWS::ApiGatewayV2::Api", Body=document) as api:
        return not boto3.client("apigatewayv2").get_routes(ApiId=api)["Items"]


def ignores_object_lock() -> bool:
    """Whether a bucket with ObjectLockEnabled, and without a default retention, has no Object Lock."""
    properties = {"ObjectLockEnabled": True, "VersioningConfiguration": {"Status": "Enabled"}}
    with stack("AWS::S3::Bucket", **properties) as bucket:
        try:
            boto3.client("s3").get_object_lock_configuration(Bucket=bucket)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError"
    return False


def checks_forms_against_the_bucket() -> bool:
    """Whether the signer of a form for an access point needs a grant for the bucket, and one for the access point is ignored."""
    name = f"probe-{uuid.uuid4()}"[:50]
    body = {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Point": {"Type": "AWS::S3::AccessPoint", "Properties": {"Name": name, "Bucket": {"Ref": "Bucket"}}},
        },
        "Outputs": {"Alias": {"Value": {"Fn::GetAtt": ["Point", "Alias"]}}},
    }
    client = boto3.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    ((alias,),) = [[output["OutputValue"] for output in one["Outputs"]] for one in client.describe_stacks(StackName=name)["Stacks"]]
    own = f"arn:aws:s3:*:{account()}:accesspoint/{name}/object/*"
    answers = [form_status(alias, resource) for resource in (own, "arn:aws:s3:::*")]
    boto3.client("s3").delete_object(Bucket=alias, Key="probe")
    client.delete_stack(StackName=name)
    return answers == [403, 204]


def form_status(bucket: str, resource: str) -> int:
    """Sends a form that a role with a grant for the resource has signed. boto3's own form would name the bucket."""
    with role({"Action": "s3:PutObject", "Resource": resource}) as session:
        client = session.client("s3")
        form = S3PostPresigner(client._request_signer).generate_presigned_post(
            {"method": "POST", "url": f"{client.meta.endpoint_url}/{bucket}", "headers": {}, "body": b"", "context": {}},
            fields={"key": "probe"},
            conditions=[["starts-with", "$bucket", ""], {"key": "probe"}],
            region_name=client.meta.region_name,
        )
        return requests.post(form["url"], data=form["fields"], files={"file": b"probe"}, timeout=60).status_code


def has_no_sam_transform() -> bool:
    """Whether a template with SAM's transform is refused."""
    queue = {"Type": "AWS::SQS::Queue"}
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Probe": queue}}
    try:
        boto3.client("cloudformation").create_stack(StackName="probe-transform", TemplateBody=json.dumps(body))
    except botocore.exceptions.ClientError as error:
        return "SAM transform" in str(error)
    return False


def finds_no_template_by_url() -> bool:
    """Whether a stack cannot be created from a template in a bucket, which is how the SAM CLI creates it."""
    client, bucket = boto3.client("s3"), f"probe-{uuid.uuid4()}"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name})
    body = json.dumps({"Resources": {"Probe": {"Type": "AWS::SQS::Queue"}}})
    client.put_object(Bucket=bucket, Key="sub/probe.template", Body=body)
    url = f"{client.meta.endpoint_url}/{bucket}/sub/probe.template"
    try:
        boto3.client("cloudformation").create_change_set(
            StackName="probe-url", ChangeSetName="probe", ChangeSetType="CREATE", TemplateURL=url
        )
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] == "NoSuchBucket"
    return False


def sets_no_time_to_live() -> bool:
    """Whether a table's time to live stays off."""
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }
    with stack("AWS::DynamoDB::Table", **table) as name:
        found = boto3.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return "AttributeName" not in found


def resolves_no_event_bus() -> bool:
    """Whether a stack fails in which a rule refers to its event bus."""
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"probe-{uuid.uuid4()}"}}
    properties = {"EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["probe"]}, "State": "ENABLED"}
    body = json.dumps({"Resources": {"Bus": bus, "Rule": {"Type": "AWS::Events::Rule", "Properties": properties}}})
    client, name = boto3.client("cloudformation"), f"probe-{uuid.uuid4()}"
    try:
        client.create_stack(StackName=name, TemplateBody=body)
    except (botocore.exceptions.ClientError, botocore.parsers.ResponseParserError):
        return True
    client.delete_stack(StackName=name)
    return False


def refuses_metric_math() -> bool:
    """Whether an alarm on an expression of metrics fails."""
    rest = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 0}
    metric = {"Metric": {"Namespace": "probe", "MetricName": "probe"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "one", "MetricStat": metric, "ReturnData": False},
        {"Id": "two", "Expression": "one * 2", "ReturnData": True},
    ]
    try:
        with stack("AWS::CloudWatch::Alarm", Metrics=queries, **rest):
            return False
    except botocore.exceptions.WaiterError:
        return True
