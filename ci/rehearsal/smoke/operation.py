"""CORS, scheduled runs, dead-letter queues and logs."""

import json

import boto3
import requests
from cloudformation import ROOT

from .visit import Person, Stack, same, step

# An origin that samconfig.toml allows, and one that it does not.
ORIGIN, OTHER = "http://localhost:3000", "https://other.example"


@step
def a_page_may_call_the_api(stack: Stack) -> None:
    answer = preflight(f"{stack.api}/signin", "POST")
    same(answer.headers.get("access-control-allow-origin"), ORIGIN)
    answer = requests.post(f"{stack.api}/signin", headers={"Origin": ORIGIN}, timeout=60)
    same(answer.headers.get("access-control-allow-origin"), ORIGIN)
    same(preflight(f"{stack.api}/signin", "POST", OTHER).headers.get("access-control-allow-origin"), None)


@step
def a_page_may_upload(stack: Stack) -> None:
    url = Person(stack).create_upload(5)["transfer"]["url"]
    alias = stack.deployed.outputs["UploadsOrigin"].removeprefix("https://").partition(".")[0]
    assert alias in url, f"{alias} is not in {url}"
    for_bucket = url.replace(alias, stack.deployed.outputs["UploadsBucketName"])
    answer = preflight(for_bucket, "PUT")
    same((answer.status_code, answer.headers.get("access-control-allow-origin")), (200, ORIGIN))
    same(preflight(for_bucket, "PUT", OTHER).status_code, 403)


def allows_every_origin_at_an_alias(stack: Stack) -> bool:
    """Whether a preflight request for an access point is not answered by the CORS rules of its bucket."""
    return preflight(Person(stack).create_upload(5)["transfer"]["url"], "PUT", OTHER).status_code != 403


def writes_no_access_log(stack: Stack) -> bool:
    """Whether the access log of the API is empty, although it has answered requests."""
    group = stack.deployed.outputs["AccessLogGroupName"]
    return not boto3.client("logs").filter_log_events(logGroupName=group, limit=1)["events"]


def preflight(url: str, method: str, origin: str = ORIGIN) -> requests.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
    return requests.options(url, headers=asked | {"Origin": origin}, timeout=60)


@step
def the_scheduled_runs_succeed(stack: Stack) -> None:
    client = boto3.client("lambda")
    for name in ("reconcile", "repair"):
        event = json.loads((ROOT / f"events/{name}.json").read_text())
        function = stack.deployed.resources[event.pop("expected")["function"]][1]
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
        same((name, answer.get("FunctionError"), answer["StatusCode"]), (name, None, 200))


@step
def nothing_has_failed(stack: Stack) -> None:
    """The last step: no event and no mail is in a dead-letter queue, and no function has logged an error."""
    queues = stack.deployed.of_type("AWS::SQS::Queue").items()
    dead = [(name, queue) for name, queue in queues if name.endswith("DeadLetters")]
    assert dead, queues
    for name, queue in dead:
        wanted = ["ApproximateNumberOfMessages"]
        found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]
        same((name, found), (name, {"ApproximateNumberOfMessages": "0"}))
    for group in stack.deployed.of_type("AWS::Logs::LogGroup").values():
        pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"]]
        same((group, [line for line in lines if '"level":"ERROR"' in line]), (group, []))
