"""Checks `cloakroom doctor` against moto, an implementation of AWS services that nobody of this project wrote.

    ci/doctor.sh

moto's CloudFormation ignores many properties, so the created stack has faults of its own. Then more faults are put in, one at
a time. Each has to be reported, and the command in the report has to correct it. The arguments are the executables of
cloakroom, moto_server and aws. What moto cannot do is listed at the end.
"""

import io
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import boto3

from rehearsal.stand_ins import REGION, moto, use_no_account

use_no_account()
os.environ["AWS_MAX_ATTEMPTS"] = "1"

from cloudformation import Report, Template  # noqa: E402
from rehearsal.without import by_attribute, without_types  # noqa: E402

ENV, STACK, ACCOUNT = "prod", "cloakroom-prod", "123456789012"
# moto's stack has no access points, so the doctor expects the names of the local system.
POINTS = "cloakroom-local"
PARAMETERS = {
    "Env": ENV,
    "MailFrom": "app@mail.example",
    "WebDomain": "app.example",
    "WebCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
}
# moto's CloudFormation cannot create these; the access points are created with S3's own API.
NOT_IN_MOTO = {
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::Lambda::Alias",
    "AWS::S3::AccessPoint",
    "AWS::S3::BucketPolicy",
}
# moto has no API that can be called, and no name that resolves to its access points.
NOT_SERVED = {"API", "access point alias"}
# moto does not implement these operations, or answers XML that the SDK refuses. They must never be reported as ok.
NOT_IMPLEMENTED = {
    "Lambda concurrency",
    "Parameter Store throughput",
    "SES account",
    "bucket events",
    "bucket versioning",
}
# moto does not enable a stream again, and does not back up a deleted table.
UNCORRECTED = {"OutboxTable, stream", "UsersTable"}


def stack() -> dict[str, Any]:
    """The expanded template without what moto cannot create. A function stands for its alias, and the name of the event bus for
    a reference to it."""
    body = by_attribute(without_types(Template(**PARAMETERS).decided(), NOT_IN_MOTO), "AWS::Events::EventBus", "Name")
    body["Outputs"]["UploadsOrigin"] = {"Value": "https://alias.invalid"}
    body["Outputs"]["ApiUrl"] = {"Value": "http://127.0.0.1:9"}
    return body


def deploy() -> dict[str, str]:
    """Creates the stack and returns the physical names by logical id."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bucket", Key="key", Body=code.getvalue())
    client = boto3.client("cloudformation")
    client.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(stack()),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in found if "PhysicalResourceId" in it}


class Doctor:
    """Runs `cloakroom doctor` and the commands that it prints."""

    def __init__(self, cloakroom: str, aws: str, report: Report) -> None:
        self.cloakroom = cloakroom
        self.report = report
        self.ignored = set(NOT_SERVED)
        folders = [os.path.dirname(os.path.abspath(path)) for path in (cloakroom, aws)]
        self.path = os.pathsep.join([*folders, os.environ["PATH"]])

    def findings(self) -> list[dict[str, str]]:
        command = [self.cloakroom, "doctor", "--env", ENV, "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        try:
            checks = json.loads(done.stdout)["checks"]
        except ValueError as error:
            raise RuntimeError(f"no report: {done.stdout}{done.stderr}") from error
        has_problem = any(check["status"] == "problem" for check in checks)
        self.report.same(done.returncode, int(has_problem), "the exit code")
        return checks

    def problems(self) -> dict[str, list[dict[str, str]]]:
        """The problems by the name of their check, without those of the parts that moto does not serve."""
        found: dict[str, list[dict[str, str]]] = {}
        for check in self.findings():
            if check["status"] == "problem" and check["check"] not in self.ignored:
                found.setdefault(check["check"], []).append(check)
        return found

    def correct(self, problem: dict[str, str]) -> None:
        """Runs the command that corrects a problem. Text after a semicolon or ", then" is a step of its own."""
        command = problem["fix"].split("; ")[0].split(", then ")[0]
        done = subprocess.run(shlex.split(command), env=os.environ | {"PATH": self.path}, capture_output=True, text=True)
        self.report.same(done.returncode, 0, f"{problem['check']}: {command}\n{done.stdout}{done.stderr}")


def access_point(method: str, name: str, body: str = "") -> None:
    """Creates or deletes an access point. boto3 puts the account id in front of the host name, which does not resolve."""
    scope = f"test/20260101/{REGION}/s3/aws4_request"
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/v20180820/accesspoint/{name}",
        method=method,
        data=body.encode(),
        headers={
            "content-type": "application/xml",
            "x-amz-account-id": ACCOUNT,
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        },
    )
    urllib.request.urlopen(request).close()


def create_access_point(name: str, bucket: str) -> None:
    namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"
    content = f"<Bucket>{bucket}</Bucket>"
    access_point("PUT", name, f'<CreateAccessPointRequest xmlns="{namespace}">{content}</CreateAccessPointRequest>')


def put_lifecycle(bucket: str) -> None:
    rules = Template().of_type("AWS::S3::Bucket")["UploadsBucket"]["LifecycleConfiguration"]["Rules"]
    rules = [
        {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}} for rule in rules
    ]
    client = boto3.client("s3")
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def check_created_stack(report: Report, doctor: Doctor, names: dict[str, str]) -> None:
    """Corrects all that moto's CloudFormation left out, with the commands in the report."""
    # Object Lock needs versions, whose check does not work with moto.
    enabled = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=names["UploadsBucket"], VersioningConfiguration=enabled)
    found = doctor.problems()
    bucket = {"bucket CORS", "bucket Object Lock", "bucket lifecycle", "bucket public access"}
    for expected in {"SES identity", "SessionsTable", "access points", "signing keys"} | bucket:
        report.check(expected in found, f"{expected} is a problem of the created stack")
    for problem in [problem for problems in found.values() for problem in problems]:
        if problem["fix"].startswith(("aws ", "cloakroom ")):
            doctor.correct(problem)
    for part in ("uploads", "locks", "events"):
        create_access_point(f"{POINTS}-{part}", names["UploadsBucket"])
    put_lifecycle(names["UploadsBucket"])
    (identity,) = doctor.problems().get("SES identity", [{"text": ""}])
    report.check("mail.example is not verified" in identity["text"], "moto verifies no domain, and the report says so")
    doctor.ignored.add("SES identity")
    report.same(doctor.problems(), {}, "the problems after their correction")


def faults(names: dict[str, str]) -> dict[str, tuple[str, Callable[[], Any]]]:
    """The name of a check, a part of its text, and what causes the problem."""
    dynamodb, s3, events, sqs = (boto3.client(name) for name in ("dynamodb", "s3", "events", "sqs"))
    functions = boto3.client("lambda")
    sessions, bucket = names["SessionsTable"], names["UploadsBucket"]
    (rule, *_) = [rule["Name"] for rule in events.list_rules(NamePrefix=STACK)["Rules"]]
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = [one for one in mappings if "OutboxTable" in one["EventSourceArn"]]
    cors = {"AllowedOrigins": ["https://other.example"], "AllowedMethods": ["GET"]}
    off = {"AttributeName": "expires_at", "Enabled": False}
    return {
        "SessionsTable, time to live": (
            "does not expire",
            lambda: dynamodb.update_time_to_live(TableName=sessions, TimeToLiveSpecification=off),
        ),
        "UsersTable, recovery": (
            "no point-in-time recovery",
            lambda: dynamodb.update_continuous_backups(
                TableName=names["UsersTable"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
            ),
        ),
        "SessionsTable, protection": (
            "can be deleted",
            lambda: dynamodb.update_table(TableName=sessions, DeletionProtectionEnabled=False),
        ),
        "bucket public access": ("not blocked", lambda: s3.delete_public_access_block(Bucket=bucket)),
        "bucket CORS": (
            "no rule allows",
            lambda: s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [cors]}),
        ),
        "event sources": (
            "is Disabled",
            lambda: functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False),
        ),
        "event rules": ("is disabled", lambda: events.disable_rule(Name=rule)),
        "MailerDeadLetters": (
            "1 messages failed",
            lambda: sqs.send_message(QueueUrl=names["MailerDeadLetters"], MessageBody="{}"),
        ),
        "access points": (
            f"missing: {POINTS}-locks",
            lambda: access_point("DELETE", f"{POINTS}-locks"),
        ),
        "OutboxTable, stream": (
            "no stream",
            lambda: dynamodb.update_table(TableName=names["OutboxTable"], StreamSpecification={"StreamEnabled": False}),
        ),
        "UsersTable": (
            "does not exist",
            lambda: (
                dynamodb.update_table(TableName=names["UsersTable"], DeletionProtectionEnabled=False),
                dynamodb.delete_table(TableName=names["UsersTable"]),
            ),
        ),
    }


def check_faults(report: Report, doctor: Doctor, names: dict[str, str]) -> None:
    for fault, (text, cause) in faults(names).items():
        cause()
        check = fault.split(",")[0]
        found = doctor.problems()
        report.same(set(found), {check}, f"{fault}: the only problem")
        for problem in found.get(check, []):
            report.check(text in problem["text"], f"{fault}: {problem['text']}")
            if fault == "MailerDeadLetters":
                boto3.client("sqs").purge_queue(QueueUrl=names["MailerDeadLetters"])
            elif fault == "access points":
                create_access_point(f"{POINTS}-locks", names["UploadsBucket"])
            elif fault not in UNCORRECTED:
                doctor.correct(problem)
        if fault in UNCORRECTED:
            doctor.ignored.add(check)
        else:
            report.same(doctor.problems(), {}, f"{fault}: after the correction")


def main() -> int:
    cloakroom, server, aws = sys.argv[1:]
    report = Report()
    doctor = Doctor(cloakroom, aws, report)
    with tempfile.TemporaryDirectory() as folder, moto(os.path.abspath(server), pathlib.Path(folder)):
        missing = [check for check in doctor.findings() if check["status"] == "problem"]
        report.same([check["check"] for check in missing], ["stack"], f"a missing stack: {missing}")
        names = deploy()
        check_created_stack(report, doctor, names)
        statuses = {check["check"]: check["status"] for check in doctor.findings()}
        for name in NOT_IMPLEMENTED:
            report.same(statuses[name], "not-checked", f"{name}, which moto does not implement")
        check_faults(report, doctor, names)
    print(f"not checked, because moto does not implement them: {', '.join(sorted(NOT_IMPLEMENTED))}")
    print(f"expected to fail, because moto does not serve them: {', '.join(sorted(NOT_SERVED))}")
    return report.finish()


sys.exit(main())
