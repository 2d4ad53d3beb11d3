"""Queues and their attributes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
"""

import json
import time

from .battery import Server, arn, check, refuses, same

COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"]
TIMES = ["CreatedTimestamp", "LastModifiedTimestamp"]


def attributes(server: Server, queue: str, *names: str) -> dict[str, str]:
    return server.ask("get_queue_attributes", queue, AttributeNames=list(names)).get("Attributes", {})


@check
def a_queue_has_the_properties_of_the_template(server: Server) -> None:
    expected = {
        "DelaySeconds": "5",
        "MaximumMessageSize": "1024",
        "MessageRetentionPeriod": "60",
        "QueueArn": arn("special"),
        "ReceiveMessageWaitTimeSeconds": "3",
        "VisibilityTimeout": "5",
    }
    same(attributes(server, "special", *expected), expected)


@check
def a_queue_has_the_documented_defaults(server: Server) -> None:
    expected = {
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    same(attributes(server, "plain", *expected), expected)


@check
def all_attributes_can_be_read(server: Server) -> None:
    found = set(attributes(server, "main", "All"))
    names = [*COUNTS, *TIMES, "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "QueueArn"]
    names += ["ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout"]
    same(found, set(names))


@check
def a_queue_has_times_in_seconds(server: Server) -> None:
    found = attributes(server, "plain", *TIMES)
    created, modified = (int(found[name]) for name in TIMES)
    assert time.time() - 3600 < created <= modified <= time.time() + 1, found


@check
def a_queue_has_a_redrive_policy(server: Server) -> None:
    policy = json.loads(attributes(server, "main", "RedrivePolicy")["RedrivePolicy"])
    same(policy, {"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 2})
    same(attributes(server, "plain", "RedrivePolicy"), {})


@check
def a_queue_has_its_policy(server: Server) -> None:
    [statement] = json.loads(attributes(server, "heard", "Policy")["Policy"])["Statement"]
    same((statement["Effect"], statement["Principal"]), ("Allow", {"Service": "events.amazonaws.com"}))
    same(statement["Action"], "sqs:SendMessage")
    same(attributes(server, "plain", "Policy"), {})


@check
def no_attribute_is_returned_without_a_request_for_it(server: Server) -> None:
    same(attributes(server, "plain"), {})


@check
def an_unknown_attribute_is_refused(server: Server) -> None:
    refuses(400, "InvalidAttributeName", attributes, server, "plain", "Colour")


@check
def counts_follow_the_messages(server: Server) -> None:
    server.send("plain", "a", "b")
    server.ask("send_message", "plain", MessageBody="c", DelaySeconds=60)
    same(server.depth("plain"), [2, 0, 1])
    server.ask("receive_message", "plain")
    same(server.depth("plain"), [1, 1, 1])


@check
def queues_are_listed_by_the_beginning_of_their_names(server: Server) -> None:
    found = server.sqs.list_queues(QueueNamePrefix="ma")["QueueUrls"]
    same(sorted(found), [server.url("main"), server.url("matched")])
    assert "QueueUrls" not in server.sqs.list_queues(QueueNamePrefix="none")


@check
def queues_are_listed_in_pages(server: Server) -> None:
    first = server.sqs.list_queues(MaxResults=4)
    same(len(first["QueueUrls"]), 4)
    rest = server.sqs.list_queues(MaxResults=1000, NextToken=first["NextToken"])
    assert "NextToken" not in rest, rest
    same(sorted(first["QueueUrls"] + rest["QueueUrls"]), sorted(server.sqs.list_queues()["QueueUrls"]))


@check
def a_queue_is_found_by_its_name(server: Server) -> None:
    same(server.sqs.get_queue_url(QueueName="plain")["QueueUrl"], server.url("plain"))


@check
def the_sources_of_dead_letters_are_listed(server: Server) -> None:
    found = server.ask("list_dead_letter_source_queues", "dead")["queueUrls"]
    same(sorted(found), [server.url("main"), server.url("other")])
