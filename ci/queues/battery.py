"""The basis of the checks: a server with the queues and rules of template.yaml, and what the checks ask it."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# The account of the queues in ARNs.
ACCOUNT = "000000000000"
REGION = "us-east-1"


class Check(NamedTuple):
    """One property of SQS or EventBridge and the function that checks it."""

    name: str
    run: Callable[["Server"], None]


CHECKS: list[Check] = []


def check(run: Callable[["Server"], None]) -> Callable[["Server"], None]:
    """Registers a check; its name states the property."""
    topic = run.__module__.rsplit(".", 1)[-1]
    CHECKS.append(Check(f"{topic.replace('_', ' ')}: {run.__name__.replace('_', ' ')}", run))
    return run


class Server:
    """SQS and EventBridge with the queues and rules of template.yaml."""

    def __init__(self, sqs: str, events: str, key: str, secret: str) -> None:
        self.sqs = client("sqs", sqs, key, secret)
        self.events = client("events", events, key, secret)
        self._urls = {url.rsplit("/", 1)[1]: url for url in self.sqs.list_queues()["QueueUrls"]}

    def enter(self, _: Check) -> None:
        """Prepares for a check."""
        self.empty()

    def empty(self) -> None:
        """Empties all queues."""
        for url in self._urls.values():
            self.sqs.purge_queue(QueueUrl=url)

    def url(self, queue: str) -> str:
        return self._urls[queue]

    def ask(self, operation: str, queue: str, **parameters: Any) -> Any:
        return getattr(self.sqs, operation)(QueueUrl=self.url(queue), **parameters)

    def send(self, queue: str, *bodies: str) -> list[str]:
        """Sends messages and returns their ids."""
        return [self.ask("send_message", queue, MessageBody=body)["MessageId"] for body in bodies]

    def receive(self, queue: str, seconds: int = 30, wait: int = 0, **more: Any) -> list[dict[str, Any]]:
        """Receives at most ten messages, with all attributes, and makes them invisible for `seconds`."""
        parameters = {"MaxNumberOfMessages": 10, "VisibilityTimeout": seconds, "WaitTimeSeconds": wait}
        parameters |= {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        return self.ask("receive_message", queue, **parameters | more).get("Messages", [])

    def receive_one(self, queue: str, seconds: int = 30, wait: int = 0) -> dict[str, Any]:
        """Receives the only message of a queue."""
        found = self.receive(queue, seconds, wait)
        assert len(found) == 1, f"expected one message in {queue}, got {found}"
        return found[0]

    def bodies(self, queue: str, **more: Any) -> list[str]:
        return sorted(message["Body"] for message in self.receive(queue, **more))

    def depth(self, queue: str) -> list[int]:
        """Returns the numbers of visible, received and delayed messages."""
        names = ["", "NotVisible", "Delayed"]
        names = [f"ApproximateNumberOfMessages{name}" for name in names]
        found = self.ask("get_queue_attributes", queue, AttributeNames=names)["Attributes"]
        return [int(found[name]) for name in names]

    def put(self, detail_type: str, detail: Any, bus: str = "shop", source: str = "shop", **more: Any) -> str:
        """Puts an event and returns its id."""
        entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "EventBusName": bus}
        put = self.events.put_events(Entries=[entry | more])
        assert put["FailedEntryCount"] == 0, put
        return put["Entries"][0]["EventId"]


def client(service: str, url: str, key: str, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        # The requests that a check makes, and no others: invalid ones reach the server, and none is sent twice.
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


def refuses(status: int, code: str, call: Callable[..., Any], *arguments: Any, **parameters: Any) -> ClientError:
    """Asserts that a call fails with this status and error code."""
    try:
        answer = call(*arguments, **parameters)
    except ClientError as error:
        seen = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert seen == (status, code), f"expected {(status, code)}, got {seen}: {error}"
        return error
    raise AssertionError(f"expected {(status, code)}, got a response: {str(answer)[:300]}")


def same(seen: Any, expected: Any) -> None:
    assert seen == expected, f"expected {expected!r}, got {seen!r}"


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s: {what}"
        time.sleep(0.05)
