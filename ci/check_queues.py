"""Checks the local SQS and EventBridge against the behaviour that AWS documents. The same checks run against ministack, another
implementation, to show that they test the services and not the local engines.

    ci/check_queues.sh
    "$(ci/tools.sh s3)/bin/python" -B ci/check_queues.py [--against ministack --ministack EXECUTABLE] [NAME...]
"""

import contextlib
import pathlib
import sys
from collections.abc import Iterator

import battery_runner
from functions import ROOT
from local_system import CLOAKROOM, LocalSystem
from ministack_server import Ministack
from queues import CHECKS, Server
from queues.battery import client
from queues.known import MINISTACK, OURS

TEMPLATE = ROOT / "ci/queues/template.yaml"


@contextlib.contextmanager
def ours() -> Iterator[Server]:
    """Starts the local system with the template of the checks, with the operator's credentials."""
    with LocalSystem(CLOAKROOM, 0, "--template", str(TEMPLATE)) as system:
        yield Server(system.sqs, system.eventbridge, system.access_key, system.secret)


@contextlib.contextmanager
def ministack(executable: pathlib.Path) -> Iterator[Server]:
    """Starts ministack and creates the template of the checks in it."""
    with Ministack(executable) as url:
        stacks = client("cloudformation", url, "test", "test")
        stacks.create_stack(StackName="checks", TemplateBody=TEMPLATE.read_text())
        stacks.get_waiter("stack_create_complete").wait(StackName="checks", WaiterConfig={"Delay": 1})
        yield Server(url, url, "test", "test")


sys.exit(battery_runner.run("SQS and EventBridge", __doc__, CHECKS, (OURS, ours), (MINISTACK, ministack)))
