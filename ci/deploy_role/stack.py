"""Creates the stack of ci/deploy-role.yaml in moto and evaluates its policies with ministack's evaluator."""

import ast
import json
import os
import pathlib
import warnings
from typing import Any

os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}

import boto3  # noqa: E402
from ministack.core import iam_evaluator  # noqa: E402
from moto import mock_aws  # noqa: E402

TEMPLATE = pathlib.Path(__file__).parent.parent / "deploy-role.yaml"
ACCOUNT, REGION = "123456789012", "eu-central-1"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
# AWS's limits, in characters without white space.
INLINE_LIMIT, MANAGED_LIMIT = 10240, 6144


def document(policy: Any) -> dict:
    """Returns a policy as a dictionary. For policies of a stack, moto returns Python's text of the dictionary."""
    return ast.literal_eval(policy) if isinstance(policy, str) else policy


def size(*policies: dict) -> int:
    return sum(len("".join(json.dumps(policy, separators=(",", ":")).split())) for policy in policies)


class DeployStack:
    """The roles and the boundary of the stack, with all references resolved."""

    def __init__(self, stack: str, env: str, repository: str = "octo-org/cloakroom", zone: str = "Z0123456789") -> None:
        values = {
            "Repository": repository,
            "GitHubEnvironment": env,
            "StackName": stack,
            "OidcProviderArn": PROVIDER,
            "HostedZoneId": zone,
        }
        with mock_aws(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # moto does not create bucket policies
            cloudformation, self._iam = boto3.client("cloudformation"), boto3.client("iam")
            cloudformation.create_stack(
                StackName=f"{stack}-pipeline",
                TemplateBody=TEMPLATE.read_text(),
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
            (created,) = cloudformation.describe_stacks()["Stacks"]
            assert created["StackStatus"] == "CREATE_COMPLETE", created
            self.outputs = {output["OutputKey"]: output["OutputValue"] for output in created["Outputs"]}
            self.boundary = self._managed(self.outputs["FunctionsBoundaryArn"])
            self.execution = self._role("ExecutionRoleArn")
            self.deploy = self._role("DeployRoleArn")
        self.artifacts = f"arn:aws:s3:::{self.outputs['ArtifactsBucketName']}"

    def _managed(self, arn: str) -> dict:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return document(found["PolicyVersion"]["Document"])

    def _role(self, output: str) -> "Role":
        name = self.outputs[output].rsplit("/", 1)[1]
        inline = [
            document(self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        managed = [self._managed(policy["PolicyArn"]) for policy in attached]
        trust = document(self._iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
        return Role(self.outputs[output], inline, managed, trust)


class Role:
    """A role, its policies and its trust policy."""

    def __init__(self, arn: str, inline: list[dict], managed: list[dict], trust: dict) -> None:
        self.arn, self.inline, self.managed, self.trust = arn, inline, managed, trust

    def may(self, action: str, resource: str, **context: str) -> bool:
        """Reports whether the policies allow the action. Names of condition keys have `__` for `:`, such as `iam__RoleArn`."""
        return allows([*self.inline, *self.managed], action, resource, context)

    def trusts(self, subject: str, audience: str = "sts.amazonaws.com", provider: str = PROVIDER) -> bool:
        """Reports whether a token of the OIDC provider can assume the role."""
        claims = {"sub": subject, "aud": audience}
        keys = {f"token.actions.githubusercontent.com:{name}": value for name, value in claims.items()}
        request = context("sts:AssumeRoleWithWebIdentity", self.arn, keys)
        return iam_evaluator.evaluate_trust_policy(self.trust, provider, request)


def context(action: str, resource: str, keys: dict[str, str]) -> iam_evaluator.EvalContext:
    return iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{ACCOUNT}:role/deploy/role",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context={name.lower(): value for name, value in keys.items()},
    )


def allows(policies: list[dict], action: str, resource: str, keys: dict[str, str]) -> bool:
    """Reports whether the policies together allow the action."""
    request = context(action, resource, {name.replace("__", ":"): value for name, value in keys.items()})
    parsed = [iam_evaluator.parse_policy_document(policy) for policy in policies]
    return iam_evaluator.evaluate(request, parsed).decision == "Allow"
