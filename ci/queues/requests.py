"""Requests that fail as a whole.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from .battery import Server, check, client, refuses, same

MISSING = "AWS.SimpleQueueService.NonExistentQueue"


def entry(**more: Any) -> dict[str, Any]:
    return {"EventBusName": "shop", "Source": "shop", "DetailType": "order", "Detail": "{}"} | more


@check
def a_queue_that_does_not_exist_is_named_so(server: Server) -> None:
    url = server.url("plain") + "-none"
    refuses(400, MISSING, server.sqs.get_queue_url, QueueName="none")
    refuses(400, MISSING, server.sqs.send_message, QueueUrl=url, MessageBody="a")
    refuses(400, MISSING, server.sqs.receive_message, QueueUrl=url)
    refuses(400, MISSING, server.sqs.delete_message, QueueUrl=url, ReceiptHandle="none")
    refuses(400, MISSING, server.sqs.get_queue_attributes, QueueUrl=url)
    refuses(400, MISSING, server.sqs.purge_queue, QueueUrl=url)


@check
def an_error_has_the_codes_of_both_protocols(server: Server) -> None:
    error = refuses(400, MISSING, server.sqs.get_queue_url, QueueName="none").response["Error"]
    same((error["QueryErrorCode"], error["Type"]), ("QueueDoesNotExist", "Sender"))


@check
def a_request_with_another_secret_is_refused(server: Server) -> None:
    access_key = server.sqs._request_signer._credentials.access_key
    for service, source, operation, parameters in [
        ("sqs", server.sqs, "list_queues", {}),
        ("events", server.events, "put_events", {"Entries": [entry()]}),
    ]:
        stranger = client(service, source.meta.endpoint_url, access_key, "another")
        try:
            answer = getattr(stranger, operation)(**parameters)
        except ClientError as error:
            same(error.response["Error"]["Code"], "InvalidSignatureException")
        else:
            raise AssertionError(f"{service} accepts it: {answer}")


@check
def an_invalid_entry_fails_alone(server: Server) -> None:
    entries = [
        entry(),
        entry(Source="aws.s3"),
        entry(Detail="no json"),
        entry(Detail="[1]"),
        {"EventBusName": "shop", "Source": "shop", "Detail": "{}"},
        {"EventBusName": "shop", "DetailType": "order", "Detail": "{}"},
        {"EventBusName": "shop", "Source": "shop", "DetailType": "order"},
        entry(EventBusName="none"),
    ]
    put = server.events.put_events(Entries=entries)
    codes = [one.get("ErrorCode") for one in put["Entries"]]
    invalid = ["NotAuthorizedForSourceException", "MalformedDetail", "MalformedDetail", *3 * ["InvalidArgument"]]
    same((codes, put["FailedEntryCount"]), ([None, *invalid, None], 6))
    same(["EventId" in one for one in put["Entries"]], [True, *6 * [False], True])


@check
def a_request_has_one_to_ten_entries(server: Server) -> None:
    for count in [0, 11]:
        refuses(400, "ValidationException", server.events.put_events, Entries=count * [entry()])
    same(server.events.put_events(Entries=10 * [entry()])["FailedEntryCount"], 0)


@check
def a_request_can_have_a_megabyte(server: Server) -> None:
    # https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb
    detail = json.dumps({"text": "a" * (1000 * 1024)})
    same(server.events.put_events(Entries=[entry(Detail=detail)])["FailedEntryCount"], 0)


@check
def a_request_has_a_maximum_size(server: Server) -> None:
    detail = json.dumps({"text": "a" * (1024 * 1024)})
    refuses(400, "ValidationException", server.events.put_events, Entries=[entry(Detail=detail)])
    half = json.dumps({"text": "a" * (1024 * 540)})
    refuses(400, "ValidationException", server.events.put_events, Entries=2 * [entry(Detail=half)])
