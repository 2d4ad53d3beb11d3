"""The faults of the stack on ministack, for alarms on metrics of AWS services.

They run in this order, after everything else: some break the stack.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator

import boto3
from botocore.config import Config
from functions import ROOT
from person import Person
from rehearsal.smoke.visit import Stack, eventually

from .cases import CASES, STAND_IN, sets_off
from .check import alarm_of
from .evaluator import Sample, metric, metrics_of


def physical(stack: Stack, logical_id: str) -> str:
    return stack.deployed.resources[logical_id][1]


def visible(stack: Stack, logical_id: str) -> list[Sample]:
    """The messages of a queue that can be received."""
    queue = physical(stack, logical_id)
    name = "ApproximateNumberOfMessages"
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    read = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=f"{logical_id}.QueueName")
    return [Sample(read, int(found))]


def counted(stack: Stack, name: str, logical_id: str) -> float:
    """The sum of a function's metric, which ministack counts as Lambda does."""
    end = time.time() + 60
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": "FunctionName", "Value": physical(stack, logical_id)}],
        StartTime=end - 7200,
        EndTime=end,
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in answer["Datapoints"])


def age_of_changes(stack: Stack, table: str) -> float:
    """Seconds that the newest item of a table has waited in the table's stream."""
    client = boto3.client("dynamodbstreams")
    (stream,) = client.list_streams(TableName=physical(stack, table))["Streams"]
    created = []
    for shard in client.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]:
        start = {"StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        records = client.get_records(ShardIterator=client.get_shard_iterator(**start)["ShardIterator"])["Records"]
        created += [
            one["dynamodb"]["ApproximateCreationDateTime"].timestamp() for one in records if one["eventName"] == "INSERT"
        ]
    return time.time() - max(created)


def age_of_messages(stack: Stack, queue: str) -> float | None:
    """Seconds that the oldest message of a queue has waited. CloudWatch has this; the SQS API has the time of each message."""
    client, url = boto3.client("sqs"), physical(stack, queue)
    names = ["SentTimestamp"]
    found = client.receive_message(QueueUrl=url, VisibilityTimeout=0, AttributeNames=names, MaxNumberOfMessages=10)
    sent = [int(one["Attributes"]["SentTimestamp"]) / 1000 for one in found.get("Messages", [])]
    return time.time() - min(sent) if sent else None


def grows(age: Callable[[], float | None]) -> float:
    """An age, which grows in two seconds by as much."""
    first = eventually("something waits", age)
    time.sleep(2)
    second = age()
    assert second and 1.5 < second - first < 30, f"the age was {first} s, then {second} s"
    return second


@contextlib.contextmanager
def not_read(stack: Stack, *mappings: str) -> Iterator[None]:
    """Stops the reading of streams and queues for a while."""
    client = boto3.client("lambda")
    for mapping in mappings:
        client.update_event_source_mapping(UUID=physical(stack, mapping), Enabled=False)
    try:
        yield
    finally:
        for mapping in mappings:
            client.update_event_source_mapping(UUID=physical(stack, mapping), Enabled=True)


def iterator_age(function: str, seconds: float) -> list[Sample]:
    return [Sample(metric("AWS/Lambda", "IteratorAge", FunctionName=function), 1000 * seconds)]


TEN_MINUTES = 600
ADDED = "it waits for two seconds, and the ten minutes after them are added"


def a_mail_is_sent(stack: Stack) -> list[Sample]:
    """An order is fulfilled: the time until its mail is sent is the age of its record."""
    started = time.monotonic()
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    eventually("the mail is sent", lambda: any(to == email for to, _ in stack.mails()))
    return iterator_age("MailerFunction", time.monotonic() - started)


@sets_off("StreamAgeAlarm", STAND_IN, a_mail_is_sent, ADDED)
def an_order_that_waits(stack: Stack) -> list[Sample]:
    """The mailer does not read the stream, so an order waits and grows older."""
    with not_read(stack, "MailerFunctionOutbox"):
        person = Person(stack)
        email = person.get("/users/me").expect(200)["user"]["email"]
        age = grows(lambda: age_of_changes(stack, "OutboxTable"))
        assert not any(to == email for to, _ in stack.mails()), "the mail was sent"
    return iterator_age("MailerFunction", age + TEN_MINUTES)


def waiting_events(stack: Stack) -> list[Sample]:
    """The age of the oldest event in each queue that the alarm watches."""
    watched = [read for read, _ in metrics_of(alarm_of(CASES["EventDelayAlarm"])).values()]
    queues = {read: dict(read.dimensions)["QueueName"].removesuffix(".QueueName") for read in watched}
    return [Sample(read, age_of_messages(stack, queue) or 0) for read, queue in queues.items()]


def an_event_is_handled(stack: Stack) -> list[Sample]:
    """A new account's event goes from its table to the queue of webhooks, and is taken from there."""
    with not_read(stack, "WebhookDeliverFunctionQueue"):
        Person(stack)
        eventually("the event is in the queue", lambda: age_of_messages(stack, "WebhookQueue"))
    eventually("the event is taken", lambda: age_of_messages(stack, "WebhookQueue") is None)
    return waiting_events(stack)


@sets_off("EventDelayAlarm", STAND_IN, an_event_is_handled, ADDED)
def an_event_that_waits(stack: Stack) -> list[Sample]:
    """The function does not read its queue, so an event waits and grows older."""
    with not_read(stack, "WebhookDeliverFunctionQueue"):
        Person(stack)
        grows(lambda: age_of_messages(stack, "WebhookQueue"))
        return [Sample(one.metric, one.value + TEN_MINUTES if one.value else 0) for one in waiting_events(stack)]


def a_change_is_published(stack: Stack) -> list[Sample]:
    """The time until the change of a table is an event in a queue is the age of its record."""
    started = time.monotonic()
    an_event_is_handled(stack)
    return iterator_age("EventRelayFunction", time.monotonic() - started)


@sets_off("RelayAgeAlarm", STAND_IN, a_change_is_published, ADDED)
def a_change_that_waits(stack: Stack) -> list[Sample]:
    """The relay does not read a stream, so a new account waits and grows older, and is no event yet."""
    with not_read(stack, "EventRelayFunctionUsers", "WebhookDeliverFunctionQueue"):
        Person(stack)
        age = grows(lambda: age_of_changes(stack, "UsersTable"))
        assert age_of_messages(stack, "WebhookQueue") is None, "the event was published"
    return iterator_age("EventRelayFunction", age + TEN_MINUTES)


def deploy_broken(stack: Stack, logical_id: str) -> None:
    """Deploys a version of a function that does not start: a variable that it needs is missing."""
    client, name = boto3.client("lambda"), physical(stack, logical_id)
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables.pop(next(variable for variable in sorted(variables) if variable.endswith("_TABLE")))
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def no_dead_orders(stack: Stack) -> list[Sample]:
    return visible(stack, "MailerDeadLetters")


@sets_off("MailerDeadLettersAlarm", STAND_IN, no_dead_orders, "an order is given up after a second instead of an hour")
def an_order_that_cannot_be_fulfilled(stack: Stack) -> list[Sample]:
    """The mailer fails for each order, so an order gets to the dead letters."""
    boto3.client("lambda").update_event_source_mapping(UUID=physical(stack, "MailerFunctionOutbox"), MaximumRecordAgeInSeconds=1)
    deploy_broken(stack, "MailerFunction")
    Person(stack)
    eventually("the order is in the queue", lambda: visible(stack, "MailerDeadLetters")[0].value)
    return visible(stack, "MailerDeadLetters")


def no_dead_events(stack: Stack) -> list[Sample]:
    return visible(stack, "UploadEventsDeadLetters")


NO_SETTINGS_OF_ALIASES = "ministack ignores the settings of an alias for failed events, so the function gets them and the event; the pauses are shorter"


@sets_off("UploadEventsDeadLettersAlarm", STAND_IN, no_dead_events, NO_SETTINGS_OF_ALIASES)
def an_event_that_cannot_be_handled(stack: Stack) -> list[Sample]:
    """The function fails for each event, so a file's event gets to the dead letters."""
    deploy_broken(stack, "UploadEventsFunction")
    client, name = boto3.client("lambda"), physical(stack, "UploadEventsFunction")
    found = client.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
    settings = {key: found[key] for key in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")}
    client.put_function_event_invoke_config(FunctionName=name, **settings)
    event = json.loads((ROOT / "events/object-created.json").read_text())
    client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    eventually("the event is in the queue", lambda: visible(stack, "UploadEventsDeadLetters")[0].value)
    return visible(stack, "UploadEventsDeadLetters")


def errors(stack: Stack, alarm: str) -> list[Sample]:
    """The errors of the functions that an alarm watches, as ministack counts them."""
    watched = [read for read, _ in metrics_of(alarm_of(CASES[alarm])).values()]
    return [Sample(read, counted(stack, "Errors", dict(read.dimensions)["FunctionName"])) for read in watched]


def fail(stack: Stack, logical_id: str) -> None:
    """Invokes a new version of a function that does not start."""
    deploy_broken(stack, logical_id)
    for _ in range(3):
        boto3.client("lambda").invoke(FunctionName=physical(stack, logical_id), Qualifier="live", Payload=b"{}")


OF_A_MINUTE = "the errors of some seconds are those of a minute"


@sets_off(
    "CanaryEventErrorsAlarm", STAND_IN, lambda stack: errors(stack, "CanaryEventErrorsAlarm"), OF_A_MINUTE, Canary="true"
)
def a_broken_version(stack: Stack) -> list[Sample]:
    """A new version of a function of files does not start."""
    fail(stack, "UploadLocksFunction")
    return errors(stack, "CanaryEventErrorsAlarm")


@sets_off(
    "CanaryServiceErrorsAlarm", STAND_IN, lambda stack: errors(stack, "CanaryServiceErrorsAlarm"), OF_A_MINUTE, Canary="true"
)
def a_broken_service(stack: Stack) -> list[Sample]:
    """A new version of a function of the shop does not start."""
    fail(stack, "LibraryFunction")
    return errors(stack, "CanaryServiceErrorsAlarm")


def throttled(stack: Stack) -> list[Sample]:
    return [Sample(metric("AWS/Lambda", "Throttles"), counted(stack, "Throttles", "SigninFunction"))]


NO_THROTTLES_OF_ALIASES = "ministack does not throttle an alias, so the function is invoked; its throttles are those of the account, in two minutes"


@sets_off("ThrottlesAlarm", STAND_IN, throttled, NO_THROTTLES_OF_ALIASES)
def a_function_without_instances(stack: Stack) -> list[Sample]:
    """The reserved concurrency of a function is used up."""
    client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    name = physical(stack, "SigninFunction")
    # Each throttle is one invocation, and not the repeated ones of the client too.
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        client.invoke(FunctionName=name, Payload=b"{}")
    except client.exceptions.TooManyRequestsException:
        pass
    else:
        raise AssertionError("the function has run")
    client.delete_function_concurrency(FunctionName=name)
    return throttled(stack)
