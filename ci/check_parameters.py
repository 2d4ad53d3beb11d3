"""Checks the parameters of template.yaml: their limits, and the rules that refuse what cannot work together.

    "$(ci/tools.sh sam)/bin/python" ci/check_parameters.py
"""

import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import Report, Template  # noqa: E402

MAIL = {"MailFrom": "app@mail.example", "AppUrl": "https://app.example/"}
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0"
# Parameters that cannot work together, and what the rule says that refuses them.
REFUSED: list[tuple[dict[str, str], str]] = [
    ({"Env": "qa", "BcryptCost": "9"}, "BcryptCost must be at least 10 in qa and prod"),
    ({"WebDomain": "app.example"}, "WebDomain requires WebCertificateArn"),
    (
        {"WebDomain": "app.example", "WebCertificateArn": CERTIFICATE, "WebPage": "false"},
        "WebDomain is the domain of the page and requires WebPage true",
    ),
    ({"MailFrom": "a@app.example", "WebPage": "false"}, "MailFrom requires AppUrl if WebPage is false"),
    ({"MonthlyBudgetDollars": "5"}, "MonthlyBudgetDollars requires AlarmEmail"),
    ({"ApiDomain": "api.example"}, "ApiDomain requires ApiCertificateArn"),
    ({"HostedZoneId": "Z1"}, "HostedZoneId is the zone of ApiDomain and requires it"),
    ({"SignupMode": "verified"}, "SignupMode verified requires MailFrom"),
]
# Parameters that work together although they resemble refused ones.
ACCEPTED: list[dict[str, str]] = [
    {},
    {"Env": "dev", "BcryptCost": "4"},
    {"WebDomain": "app.example", "WebCertificateArn": CERTIFICATE},
    {"WebPage": "false"},
    {"MonthlyBudgetDollars": "5", "AlarmEmail": "a@example.com"},
    {"MonthlyBudgetDollars": "0"},
    {"ApiDomain": "api.example", "ApiCertificateArn": CERTIFICATE},
    {"ApiDomain": "api.example", "ApiCertificateArn": CERTIFICATE, "HostedZoneId": "Z1"},
    MAIL | {"WebPage": "false"},
    {"MailFrom": "a@app.example", "SignupMode": "verified"},
]


def check_parameters(report: Report, template: Template) -> None:
    for name, parameter in template.parameters.items():
        limits = {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
        report.check(bool(parameter.get("Description") and limits), f"{name} is described and has limits")


def check_rules(report: Report) -> None:
    """CloudFormation refuses parameters that cannot work before it creates anything."""
    said = set()
    for values, reason in REFUSED:
        report.same(Template(**values).refusals(), [reason], f"{values} is refused")
        said.add(reason)
    for values in ACCEPTED:
        report.same(Template(**values).refusals(), [], f"{values} is accepted")
    rules = Template().body["Rules"].values()
    report.same({it["AssertDescription"] for rule in rules for it in rule["Assertions"]}, said, "each rule is tried")


def main() -> int:
    report = Report()
    check_parameters(report, Template())
    check_rules(report)
    return report.finish()


sys.exit(main())
