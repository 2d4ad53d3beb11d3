"""The faults of the stack on ministack, for alarms on metrics of AWS services.

They run in this order, after everything else: some break the stack.
"""

import json
import time

import boto3
from botocore.config import Config
from functions import ROOT
from person import Person
from rehearsal.smoke.visit import Stack, eventually

from .cases import STAND_IN, sets_off
from .evaluator import Sample, metric


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


def mapping(stack: Stack) -> str:
    """The id of the mapping from the outbox' stream to the mailer."""
    return physical(stack, "MailerFunctionOutbox")


def age_of_orders(stack: Stack) -> float:
    """Seconds that the newest order of the outbox' stream has waited."""
    client = boto3.client("dynamodbstreams")
    (stream,) = client.list_streams(TableName=physical(stack, "OutboxTable"))["Streams"]
    created = []
    for shard in client.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]:
        start = {"StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        records = client.get_records(ShardIterator=client.get_shard_iterator(**start)["ShardIterator"])["Records"]
        created += [
            one["dynamodb"]["ApproximateCreationDateTime"].timestamp() for one in records if one["eventName"] == "INSERT"
        ]
    return time.time() - max(created)


def iterator_age(seconds: float) -> list[Sample]:
    return [Sample(metric("AWS/Lambda", "IteratorAge", FunctionName="MailerFunction"), 1000 * seconds)]


def a_mail_is_sent(stack: Stack) -> list[Sample]:
    """An order is fulfilled: the time until its mail is sent is the age of its record."""
    started = time.monotonic()
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    eventually("the mail is sent", lambda: any(to == email for to, _ in stack.mails()))
    return iterator_age(time.monotonic() - started)


@sets_off(
    "StreamAgeAlarm", STAND_IN, a_mail_is_sent, "the order waits for two seconds, and the ten minutes after them are added"
)
def an_order_that_waits(stack: Stack) -> list[Sample]:
    """The mailer does not read the stream, so an order waits and grows older."""
    boto3.client("lambda").update_event_source_mapping(UUID=mapping(stack), Enabled=False)
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    first = age_of_orders(stack)
    time.sleep(2)
    second = age_of_orders(stack)
    assert 1.5 < second - first < 30, f"the record's age was {first} s, then {second} s"
    assert not any(to == email for to, _ in stack.mails()), "the mail was sent"
    boto3.client("lambda").update_event_source_mapping(UUID=mapping(stack), Enabled=True)
    return iterator_age(second + 600)


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
    boto3.client("lambda").update_event_source_mapping(UUID=mapping(stack), MaximumRecordAgeInSeconds=1)
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


def errors_of_events(stack: Stack) -> list[Sample]:
    """The errors of the functions that handle events, as ministack counts them."""
    functions = ("MailFeedbackFunction", "MailerFunction", "UploadEventsFunction", "UploadLocksFunction")
    return [Sample(metric("AWS/Lambda", "Errors", FunctionName=name), counted(stack, "Errors", name)) for name in functions]


@sets_off(
    "CanaryEventErrorsAlarm", STAND_IN, errors_of_events, "the errors of some seconds are those of a minute", Canary="true"
)
def a_broken_version(stack: Stack) -> list[Sample]:
    """A new version of a function does not start."""
    name = physical(stack, "UploadLocksFunction")
    deploy_broken(stack, "UploadLocksFunction")
    for _ in range(3):
        boto3.client("lambda").invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    return errors_of_events(stack)


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
