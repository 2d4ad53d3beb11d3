"""Rehearses a deployment on stand-ins for AWS: creates the stack, runs the operator's commands, and uses it over HTTP.

    ci/aws_rehearsal.sh

Prints at the end what was not rehearsed, with the reason.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any

import requests
from rehearsal import stand_ins

stand_ins.use_no_account()

import boto3  # noqa: E402
from alarms import check as alarm_check  # noqa: E402
from alarms import stand_in_cases  # noqa: E402, F401
from alarms.cases import STAND_IN, of_stage  # noqa: E402
from cloudformation import Report, Template  # noqa: E402
from functions import ROOT  # noqa: E402
from rehearsal import deployment, limitations, moto_stack, probes, tables, template, unknown_types, without  # noqa: E402
from rehearsal.smoke import STEPS, Stack  # noqa: E402

CLOAKROOM = ROOT / "target/debug/cloakroom"
STAGE = "dev"
# What the steps need. The other parameters are those of samconfig.toml and the defaults.
SMOKE = {"MailFrom": "app@mail.example", "MaxLockDays": "30", "BcryptCost": "4", "RequestsPerAddress": "100000"}
# A second stack: without CloudFront, and with all that is off by default. The certificate and the zone are created for it.
OPTIONS = {
    "AlarmEmail": "operator@mail.example",
    "ApiDomain": "api.app.example",
    "AppUrl": "https://app.example/",
    "Canary": "true",
    "Dashboard": "true",
    "HashingConcurrency": "5",
    "MailFrom": "app@mail.example",
    "MonthlyBudgetDollars": "10",
    "SignupMode": "verified",
    "Tracing": "xray",
    "WebPage": "false",
}
NOT_REHEARSED = {
    "sam build": "it compiles for arm64 with cargo-lambda; ci/sam_local.sh runs it",
    "CloudFront": "no request goes through the distribution; ci/web_deploy.sh fills its bucket",
    "throttles, lifecycle rules, time to live": "they are created, and nothing causes or waits for their effect",
    "alarms": "ministack does not evaluate them as CloudWatch does; ci/alarms/evaluator.py evaluates what the faults cause",
    "encryption, TLS": "the stand-ins store and send plain bytes",
    "requests to moto": "it runs functions only in Docker, and its CloudFormation has no HTTP APIs",
}


class Rehearsal:
    """One run, with its checks and its list of what was not rehearsed."""

    def __init__(self, folder: pathlib.Path, sam: str) -> None:
        self.report = Report()
        self.skipped: list[str] = []
        self.folder = folder
        self.packages = folder / "packages"
        self.sam = sam

    def step(self, name: str, run: Callable[[], Any]) -> Any:
        """Runs one step, prints its time, and counts it. Returns None if it failed."""
        started = time.monotonic()
        result, why = None, ""
        try:
            result = run()
        except Exception as error:  # noqa: BLE001 - the other steps continue
            why = str(error) if isinstance(error, AssertionError) else traceback.format_exc(limit=-3)
        self.report.check(not why, f"{name}\n    {why}")
        print(f"  {'FAILED' if why else 'ok':6} {time.monotonic() - started:5.1f} s  {name}", flush=True)
        return result

    def skip(self, what: str, reason: str) -> None:
        self.skipped.append(f"{what}: {reason}")

    def types(self, stand_in: str, unknown: Callable[[set[str]], set[str]], known: set[str], all_types: set[str]) -> None:
        """Compares the types that a stand-in does not know with the list of them."""
        found = unknown(known | all_types)
        self.report.same(sorted(found), sorted(known), f"the resource types that {stand_in} does not know")
        for kind in sorted(found & all_types):
            self.skip(f"{stand_in}: {kind}", "the stand-in does not know the type")

    def deploy(self, stage: str, body: dict[str, Any], values: dict[str, str]) -> deployment.Deployed:
        deployment.sam_deploy(self.sam, stage, body, values, self.folder)
        stack = deployment.describe(f"cloakroom-{stage}")
        kinds = deployment.expected(values)
        deployment.check_resources(stack, {name: kind for name, kind in kinds.items() if name in body["Resources"]})
        return stack


def secrets() -> None:
    """Creates the signing key as the operator does, and again, which changes nothing."""
    command = [CLOAKROOM, "secrets", "init", "--env", STAGE, "--endpoint-url", boto3.client("ssm").meta.endpoint_url]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def mails() -> list[tuple[str, str]]:
    """The mails that ministack's SES has accepted."""
    answer = requests.get(f"{boto3.client('s3').meta.endpoint_url}/_ministack/ses/messages", timeout=60).json()
    return [(to, mail["BodyText"]) for sent in answer["messages"].values() for mail in sent for to in mail["To"]]


def on_ministack(run: Rehearsal, address: str) -> None:
    print("ministack", flush=True)
    deployment.create_bucket()
    plain, smoke = deployment.parameters(STAGE, {}), deployment.parameters(STAGE, SMOKE)
    original = template.rehearsal_copy(plain, run.packages, address)
    run.types("ministack", unknown_types.unknown_to_ministack, unknown_types.MINISTACK, without.types(original))
    run.report.check(probes.enforces_roles(), "ministack enforces roles")
    run.report.same(limitations.gone(limitations.MINISTACK), [], "limitations that ministack no longer has")
    for one in limitations.MINISTACK:
        run.skip(f"ministack {one.what}", one.instead)

    def known(body: dict[str, Any]) -> dict[str, Any]:
        return limitations.METRIC_MATH.amend(without.without_types(body, unknown_types.MINISTACK)) or body

    unexpressed = sorted(set(original["Resources"]) - set(limitations.without_metric_math(original)["Resources"]))
    if unexpressed:
        run.skip("ministack, alarms that are not created", ", ".join(unexpressed))
    run.step("deploy with the defaults", lambda: run.deploy(STAGE, known(original), plain))
    changed = known(template.rehearsal_copy(smoke, run.packages, address))
    changed = limitations.amended(changed, limitations.MINISTACK)
    stack = run.step("update with mail, locks and the changes below", lambda: run.deploy(STAGE, changed, smoke))
    if stack:
        for one in limitations.MINISTACK:
            one.after(changed, stack)
        run.step("the tables are those of the template", lambda: tables.check(stack, smoke))
        use(run, stack, address)
    else:
        run.skip("ministack, all steps over HTTP", "the stack was not created")
    second_stack(run, address, known)


def on_moto(run: Rehearsal, address: str, python: str) -> None:
    print("moto", flush=True)
    values = deployment.parameters(STAGE, SMOKE)
    body = template.rehearsal_copy(values, run.packages, address)
    run.types("moto", lambda kinds: unknown_types.unknown_to_moto(python, kinds), unknown_types.MOTO, without.types(body))
    body = without.without_types(body, unknown_types.MOTO)
    run.report.same(limitations.gone(limitations.MOTO), [], "limitations that moto no longer has")
    for one in limitations.MOTO:
        run.skip(f"moto {one.what}", one.instead)
    body = limitations.amended(body, limitations.MOTO)
    stack = run.step("create the stack", lambda: moto_stack.create(f"cloakroom-{STAGE}", body, values))
    if not stack:
        run.skip("moto, after the creation of the stack", "the stack was not created")
        return
    for one in limitations.MOTO:
        one.after(body, stack)
    run.step("the tables are those of the template", lambda: tables.check(stack, values))
    run.step("cloakroom secrets init", secrets)


def use(run: Rehearsal, stack: deployment.Deployed, address: str) -> None:
    """Prepares the stack as the operator does, and runs all steps."""
    boto3.client("sesv2").create_email_identity(EmailIdentity=SMOKE["MailFrom"].split("@")[1])
    run.step("cloakroom secrets init", secrets)
    (api,) = stack.of_type("AWS::ApiGatewayV2::Api").values()
    # The path form of the API's address: its host name is not known to DNS.
    visited = Stack(f"{address}/_aws/execute-api/{api}/$default", stack, mails)
    for step in STEPS:
        run.step(step.__name__.replace("_", " "), lambda step=step: step(visited))
    for what, instead, exists in limitations.USED:
        found = run.step(f"ministack still {what}", lambda exists=exists: exists(visited))
        run.report.check(found in (True, None), f"ministack no longer {what}: remove it from ci/rehearsal/limitations.py")
        run.skip(f"ministack {what}", instead)
    for cases in of_stage(STAND_IN):
        what = cases[0].fault.__name__.replace("_", " ")
        run.step(f"{what} sets off its alarm", lambda cases=cases: alarm_check.check(cases, visited))
        for case in cases:
            run.skip(f"the fault of {case.alarm}", case.derived)


def second_stack(run: Rehearsal, address: str, known: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A second stack in the same account, with all options and without the page, created and deleted."""
    missing = sorted(set(OPTIONS) - set(Template().parameters))
    run.report.same(missing, [], "parameters that template.yaml no longer has")
    domain = OPTIONS["ApiDomain"]
    certificate = boto3.client("acm").request_certificate(DomainName=domain)["CertificateArn"]
    zone = boto3.client("route53").create_hosted_zone(Name=domain.split(".", 1)[1], CallerReference="rehearsal")
    created = {"ApiCertificateArn": certificate, "HostedZoneId": zone["HostedZone"]["Id"].removeprefix("/hostedzone/")}
    values = deployment.parameters("qa", OPTIONS | created)
    body = known(template.rehearsal_copy(values, run.packages, address))
    stack = run.step("deploy a second stack, with all options", lambda: run.deploy("qa", body, values))
    if stack:
        cloudfront = [kind for kind, _ in stack.resources.values() if "CloudFront" in kind]
        run.report.same(cloudfront, [], "resources of CloudFront without the page")
        kept = [name for name, part in body["Resources"].items() if part.get("DeletionPolicy", "Delete") != "Delete"]
        run.step("delete the second stack", lambda: deployment.delete("cloakroom-qa", set(kept)))


def main() -> int:
    sam, ministack, moto = sys.argv[1:4]
    started = time.monotonic()
    # Beside the built functions, which are linked into it.
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as name:
        run = Rehearsal(pathlib.Path(name), f"{sam}/bin/sam")
        with stand_ins.ministack(f"{ministack}/bin/ministack", run.folder / "ministack") as address:
            on_ministack(run, address)
        with stand_ins.moto(f"{moto}/bin/moto_server", run.folder / "moto") as address:
            on_moto(run, address, f"{moto}/bin/python")
    print("not rehearsed, or changed for a stand-in:")
    for line in [f"{what}: {how}" for what, how in (template.CHANGES | NOT_REHEARSED).items()] + run.skipped:
        print(f"  - {line}")
    print(f"{time.monotonic() - started:.0f} s")
    return run.report.finish()


sys.exit(main())
