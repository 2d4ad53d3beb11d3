"""Writes template.yaml as CloudFormation gets it, for tools that check generic rules.

    "$(ci/tools.sh sam)/bin/python" ci/expand_template.py FILE

SAM's own translator expands it, and every condition is decided for a production stack with all options:
checkov passes over what an Fn::If leaves open.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import Template  # noqa: E402

ALL_OPTIONS = {
    "Env": "prod",
    "MailFrom": "app@mail.example",
    "AppUrl": "https://app.example/",
    "WebDomain": "app.example",
    "WebCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
    "MaxLockDays": "30",
    "ApiDomain": "api.example",
    "ApiCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0",
    "HostedZoneId": "Z1",
    "AlarmEmail": "operator@example.com",
    "MonthlyBudgetDollars": "100",
    "Dashboard": "true",
    "Tracing": "xray",
    "HashingConcurrency": "10",
}


def main() -> int:
    template = Template(**ALL_OPTIONS)
    pathlib.Path(sys.argv[1]).write_text(json.dumps(template.decided(), indent=1))
    return 0


sys.exit(main())
