"""Checks ci/deploy-role.yaml: the pipeline can deploy template.yaml, and cannot reach anything else.

    "$(ci/tools.sh iam)/bin/python" -B ci/check_deploy_role.py

moto creates the stack, and another implementation of IAM evaluates the policies. The needed permissions are those that
CloudFormation's schemas list for the types in template.yaml.
"""

import re
import sys

from cloudformation import PSEUDO, Report, Template, as_list, statements_of
from deploy_role import needs
from deploy_role.stack import ACCOUNT, INLINE_LIMIT, MANAGED_LIMIT, REGION, TEMPLATE, DeployStack, allows, size

# The worst name: other stacks' names and the path of the pipeline's own roles may begin with it.
STACK, ENV = PSEUDO["AWS::StackName"], "prod"
OTHER_STACK = "billing"
CHANGE_SET = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{{}}/0a1b2c3d"
TRANSFORM = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{{}}"
# A stack with all options of template.yaml.
OPTIONS = {
    "Env": ENV,
    "AlarmEmail": "operator@mail.example",
    "ApiCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0",
    "ApiDomain": "api.example",
    "Dashboard": "true",
    "HostedZoneId": "Z0123456789",
    "MonthlyBudgetDollars": "10",
    "Tracing": "xray",
    "MailFrom": "app@mail.example",
    "WebDomain": "app.example",
    "WebCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
    "MaxLockDays": "30",
}
STACK_TAG = "aws__ResourceTag/aws__cloudformation__stack-name"


def check_trust(report: Report, stack: DeployStack) -> None:
    repository = "repo:octo-org/cloakroom"
    report.check(stack.deploy.trusts(f"{repository}:environment:{ENV}"), "a job of the environment assumes the role")
    for subject in (
        f"{repository}:environment:dev",
        f"{repository}:ref:refs/heads/main",
        f"{repository}:pull_request",
        f"repo:octo-org/cloakroom-fork:environment:{ENV}",
        f"repo:mallory/cloakroom:environment:{ENV}",
    ):
        report.check(not stack.deploy.trusts(subject), f"{subject} does not assume the role")
    subject = f"{repository}:environment:{ENV}"
    report.check(not stack.deploy.trusts(subject, audience="https://github.com/octo-org"), "another audience does not")
    report.check(not stack.deploy.trusts(subject, provider=f"arn:aws:iam::{ACCOUNT}:oidc-provider/other"), "another provider")
    principals = [statement["Principal"] for statement in stack.execution.trust["Statement"]]
    report.same(principals, [{"Service": "cloudformation.amazonaws.com"}], "CloudFormation alone uses the execution role")


def conditions_of(action: str, stack: DeployStack) -> dict[str, str]:
    """The condition keys that AWS sends with the action."""
    if action == "iam:PassRole":
        return {"iam__PassedToService": "lambda.amazonaws.com"}
    if action.startswith("iam:"):
        return {"iam__PermissionsBoundary": stack.outputs["FunctionsBoundaryArn"]}
    if action.endswith("EventSourceMapping"):
        return {"lambda__FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-MailerFunction-0A1B"}
    if action.startswith(("apigateway:", "cloudfront:")):
        return {STACK_TAG: STACK}
    return {}


def target(action: str, kind: str, logical_id: str, name: str, stack: DeployStack) -> str:
    """The resource that the action names for a resource of the type in the stack `name`."""
    if action in needs.WITHOUT_RESOURCE:
        return "*"
    if action == "iam:PassRole" or action == "iam:GetRole":
        return needs.resource_of("AWS::IAM::Role", logical_id, name)
    if kind == "AWS::Lambda::Alias" and action.startswith("codedeploy:"):
        return needs.resource_of("AWS::CodeDeploy::DeploymentGroup", logical_id, name)
    if action in ("s3:GetObject", "s3:GetObjectVersion"):
        return f"{stack.artifacts}/{name}/0a1b2c3d"
    return needs.resource_of(kind, logical_id, name)


def check_execution(report: Report, stack: DeployStack, template: Template) -> None:
    """CloudFormation can manage each resource of template.yaml, and none of another stack."""
    for logical_id, resource in template.resources.items():
        kind = resource["Type"]
        for action in sorted(needs.actions_of(kind)):
            if action == "iam:CreateServiceLinkedRole" or (action == "iam:PassRole" and kind != "AWS::Lambda::Function"):
                continue  # checked in check_escalation
            keys = conditions_of(action, stack)
            own = target(action, kind, logical_id, STACK, stack)
            report.check(stack.execution.may(action, own, **keys), f"{logical_id}: {action} on {own}")
            other = target(action, kind, logical_id, OTHER_STACK, stack)
            if own != other or STACK_TAG in keys:
                foreign = keys | ({STACK_TAG: OTHER_STACK} if STACK_TAG in keys else {})
                if "AWS::S3::Bucket" != kind and action.startswith("s3:GetObject"):
                    continue  # code of the pipeline's own bucket
                report.check(not stack.execution.may(action, other, **foreign), f"no {action} on {other}")
    mapping = needs.resource_of("AWS::Lambda::EventSourceMapping", "Outbox", STACK)
    foreign = {"lambda__FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{OTHER_STACK}-Function"}
    report.check(not stack.execution.may("lambda:DeleteEventSourceMapping", mapping, **foreign), "no mapping of others")
    for action, resource in [
        ("dynamodb:GetItem", needs.resource_of("AWS::DynamoDB::Table", "UsersTable", STACK)),
        ("dynamodb:Scan", needs.resource_of("AWS::DynamoDB::Table", "CredentialsTable", STACK)),
        ("s3:GetObject", f"arn:aws:s3:::{STACK}-uploadsbucket-0a1b/user/upload"),
        ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/cloakroom/{ENV}/keys/private/1"),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"),
    ]:
        for role in (stack.execution, stack.deploy):
            report.check(not role.may(action, resource), f"{role.arn} has no access to data: {action}")


def check_escalation(report: Report, stack: DeployStack) -> None:
    """Neither role can get more permissions than it has."""
    boundary = {"iam__PermissionsBoundary": stack.outputs["FunctionsBoundaryArn"]}
    administrator = {"iam__PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    own, execution = ROLE.format(f"{STACK}-SignupRole-0A1B"), stack.execution
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        report.check(execution.may(action, own, **boundary), f"{action} with the boundary")
        report.check(not execution.may(action, own), f"no {action} without a boundary")
        report.check(not execution.may(action, own, **administrator), f"no {action} with another boundary")
    pipeline = [stack.deploy.arn, execution.arn]
    others = [ROLE.format("Administrator"), ROLE.format(f"{OTHER_STACK}-Role"), ROLE.format("aws-reserved/sso/Admin"), *pipeline]
    for role in others:
        for action in ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:AttachRolePolicy"):
            report.check(not execution.may(action, role, **boundary), f"no {action} on {role}")
        report.check(not execution.may("iam:PassRole", role, iam__PassedToService="lambda.amazonaws.com"), f"{role} is not passed")
    for service in ("ec2.amazonaws.com", "cloudformation.amazonaws.com", "ecs-tasks.amazonaws.com"):
        report.check(not execution.may("iam:PassRole", own, iam__PassedToService=service), f"no role for {service}")
    linked = ROLE.format("aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway")
    create = "iam:CreateServiceLinkedRole"
    report.check(execution.may(create, linked, iam__AWSServiceName="ops.apigateway.amazonaws.com"), "API Gateway's role")
    report.check(not execution.may(create, linked, iam__AWSServiceName="organizations.amazonaws.com"), "no other service's")
    forbidden = [
        ("iam:DeleteRolePermissionsBoundary", own),
        ("iam:CreatePolicyVersion", stack.outputs["FunctionsBoundaryArn"]),
        ("iam:SetDefaultPolicyVersion", stack.outputs["FunctionsBoundaryArn"]),
        ("iam:DeletePolicy", stack.outputs["FunctionsBoundaryArn"]),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mallory"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/{STACK}-mallory"),
        ("iam:CreateOpenIDConnectProvider", f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.com"),
        ("sts:AssumeRole", ROLE.format("Administrator")),
        ("cloudformation:UpdateStack", CHANGE_SET.format(f"{STACK}-pipeline")),
    ]
    for action, resource in forbidden:
        for role in (stack.deploy, execution):
            report.check(not role.may(action, resource, **boundary), f"{role.arn}: no {action} on {resource}")


def check_deploy(report: Report, stack: DeployStack) -> None:
    """The deploy role can run `sam deploy` and web/deploy.sh for its stack, and for no other."""
    role, own = {"cloudformation__RoleArn": stack.execution.arn}, CHANGE_SET.format(STACK)
    other = CHANGE_SET.format(OTHER_STACK)
    may, create = stack.deploy.may, "cloudformation:CreateChangeSet"
    report.check(may(create, own, **role) and may(create, TRANSFORM), "a change set, with SAM's transform")
    report.check(not may(create, own), "no change set with the deploy role's own permissions")
    report.check(not may(create, own, cloudformation__RoleArn=ROLE.format("Administrator")), "no other execution role")
    report.check(not may(create, other, **role), "no change set of another stack")
    # The calls of SAM's deployer (samcli/lib/deploy/deployer.py) and of web/deploy.sh.
    for call in ("DescribeStacks", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStackEvents", "GetTemplateSummary"):
        report.check(may(f"cloudformation:{call}", own), f"{call} on the stack")
        report.check(not may(f"cloudformation:{call}", other), f"no {call} on another stack")
    for call in ("DeleteStack", "UpdateStack", "CreateStack", "SetStackPolicy"):
        report.check(not may(f"cloudformation:{call}", own, **role), f"no {call}")
    for service, allowed in [("cloudformation.amazonaws.com", True), ("lambda.amazonaws.com", False)]:
        passed = may("iam:PassRole", stack.execution.arn, iam__PassedToService=service)
        report.check(passed is allowed, f"the execution role is for CloudFormation: {service}")
    page, files = f"arn:aws:s3:::{STACK}-webbucket-0a1b", f"arn:aws:s3:::{STACK}-uploadsbucket-0a1b"
    for action, resource in [
        ("s3:PutObject", f"{stack.artifacts}/{STACK}/0a1b"),
        ("s3:GetObject", f"{stack.artifacts}/{STACK}/0a1b"),
        ("s3:ListBucket", page),
        ("s3:PutObject", f"{page}/index.html"),
        ("s3:DeleteObject", f"{page}/old.js"),
    ]:
        report.check(may(action, resource), f"{action} on {resource}")
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        report.check(not may(action, f"{files}/user/upload"), f"no {action} on files of users")
    report.check(not may("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-A"), "only by a stack")


def arn_of(resource: str, template: Template) -> str:
    """Resolves a resource of a statement as cloudformation.py writes it, such as `UsersTable.Arn/index/listing`."""
    found = re.fullmatch(r"(\w+)\.(StreamArn|Arn)(.*)", resource)
    if not found:
        return resource
    logical_id, attribute, rest = found.groups()
    arn = needs.resource_of(template.resources[logical_id]["Type"], logical_id, STACK)
    return f"{arn}/stream/2026-01-01" if attribute == "StreamArn" else f"{arn}{rest}"


def check_boundary(report: Report, stack: DeployStack, template: Template) -> None:
    """The boundary allows what the roles of template.yaml allow, and nothing outside the stack."""
    for name, role in template.of_type("AWS::IAM::Role").items():
        for statement in statements_of(role):
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    arn = arn_of(resource, template)
                    report.check(allows([stack.boundary], action, arn, {}), f"the boundary has {name}'s {action} on {arn}")
    for action, resource in [
        ("iam:CreateRole", ROLE.format("x")),
        ("sts:AssumeRole", stack.execution.arn),
        ("dynamodb:GetItem", needs.resource_of("AWS::DynamoDB::Table", "Table", OTHER_STACK)),
        ("dynamodb:DeleteTable", needs.resource_of("AWS::DynamoDB::Table", "UsersTable", STACK)),
        ("s3:GetObject", f"arn:aws:s3:::{OTHER_STACK}-bucket/key"),
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{STACK}-uploadsbucket-0a1b"),
        ("s3:BypassGovernanceRetention", f"arn:aws:s3:::{STACK}-uploadsbucket-0a1b/key"),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{OTHER_STACK}"),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/cloakroom/{ENV}/keys/public/1"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-A"),
    ]:
        report.check(not allows([stack.boundary], action, resource, {}), f"the boundary has no {action} on {resource}")


def check_template(report: Report) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/deploy/boundary"
    for values, expected in [({"PermissionsBoundary": arn}, arn), ({}, None)]:
        roles = Template(**values).of_type("AWS::IAM::Role")
        found = {role.get("PermissionsBoundary") for role in roles.values()}
        report.same(found, {expected}, f"{values}: the boundary of all roles of template.yaml")


def check_names(report: Report, template: Template) -> None:
    """With the longest name of a stack, generated names begin with the stack's name, and policies have an allowed size."""
    (length,) = re.findall(r"^    AllowedPattern: \^\[a-z\]\[a-z0-9-\]\{0,(\d+)\}\[a-z0-9\]\$$", TEMPLATE.read_text(), flags=re.M)
    name = "c" * (int(length) + 2)
    for logical_id, resource in template.resources.items():
        generated = f"{name}-{logical_id}-0A1B2C3D4E5F"
        limit = needs.LONGEST.get(resource["Type"], 255)
        report.check(len(generated) <= limit, f"{generated} has more than {limit} characters; shorten StackName")
    longest = DeployStack(name, ENV)
    for role in (longest.execution, longest.deploy):
        report.check(size(*role.inline) <= INLINE_LIMIT, f"the inline policies have {size(*role.inline)} characters")
    for policy in [longest.boundary, *longest.execution.managed]:
        report.check(size(policy) <= MANAGED_LIMIT, f"a managed policy has {size(policy)} characters")


def main() -> int:
    report, stack, template = Report(), DeployStack(STACK, ENV), Template(**OPTIONS)
    check_trust(report, stack)
    check_execution(report, stack, template)
    check_escalation(report, stack)
    check_deploy(report, stack)
    check_boundary(report, stack, template)
    check_template(report)
    check_names(report, template)
    return report.finish()


sys.exit(main())
