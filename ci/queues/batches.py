"""Batches.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

import time
from typing import Any

from .battery import Server, check, refuses, same
from .messages import text

SQS = "AWS.SimpleQueueService"
# Each operation, and the members of its entries besides the id.
OPERATIONS: dict[str, dict[str, Any]] = {
    "send_message_batch": {"MessageBody": "m"},
    "delete_message_batch": {"ReceiptHandle": "none"},
    "change_message_visibility_batch": {"ReceiptHandle": "none", "VisibilityTimeout": 1},
}


def outcome(response: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Returns the ids of the entries that succeeded, and the codes of the others."""
    failed = response.get("Failed", [])
    assert all(one["SenderFault"] for one in failed), failed
    return [one["Id"] for one in response.get("Successful", [])], {one["Id"]: one["Code"] for one in failed}


@check
def messages_are_sent_together(server: Server) -> None:
    entries = [{"Id": f"e-{number}", "MessageBody": f"m{number}"} for number in range(10)]
    sent = server.ask("send_message_batch", "plain", Entries=entries)
    same(outcome(sent), ([one["Id"] for one in entries], {}))
    got = {one["MessageId"]: one["Body"] for one in server.receive("plain")}
    same(got, {one["MessageId"]: entry["MessageBody"] for one, entry in zip(sent["Successful"], entries, strict=True)})


@check
def an_entry_fails_alone(server: Server) -> None:
    entries = [
        {"Id": "good", "MessageBody": "m"},
        {"Id": "delay", "MessageBody": "m", "DelaySeconds": 901},
        {"Id": "attribute", "MessageBody": "m", "MessageAttributes": {"a": text("")}},
        {"Id": "contents", "MessageBody": "\0"},
        {"Id": "hidden", "MessageBody": "m", "DelaySeconds": 900},
    ]
    failed = {"delay": "InvalidParameterValue", "attribute": "InvalidParameterValue", "contents": "InvalidMessageContents"}
    same(outcome(server.ask("send_message_batch", "plain", Entries=entries)), (["good", "hidden"], failed))
    same(server.depth("plain"), [1, 0, 1])


@check
def a_message_that_is_too_long_fails_alone(server: Server) -> None:
    entries = [{"Id": "long", "MessageBody": "a" * 1025}, {"Id": "short", "MessageBody": "a"}]
    failed = {"long": "InvalidParameterValue"}
    same(outcome(server.ask("send_message_batch", "special", Entries=entries)), (["short"], failed))


@check
def messages_are_deleted_together(server: Server) -> None:
    server.send("plain", "a", "b", "c")
    entries = [{"Id": one["Body"], "ReceiptHandle": one["ReceiptHandle"]} for one in server.receive("plain", 1)]
    entries.append({"Id": "bad", "ReceiptHandle": "none"})
    done, failed = outcome(server.ask("delete_message_batch", "plain", Entries=entries))
    same((sorted(done), failed), (["a", "b", "c"], {"bad": "ReceiptHandleIsInvalid"}))
    time.sleep(1.1)
    same(server.bodies("plain"), [])


@check
def a_batch_of_deletions_can_be_repeated(server: Server) -> None:
    server.send("plain", "a")
    entries = [{"Id": "a", "ReceiptHandle": server.receive_one("plain")["ReceiptHandle"]}]
    for _ in range(2):
        same(outcome(server.ask("delete_message_batch", "plain", Entries=entries)), (["a"], {}))


@check
def timeouts_are_changed_together(server: Server) -> None:
    server.send("plain", "a", "b")
    received = server.receive("plain")
    entries = [{"Id": one["Body"], "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0} for one in received]
    entries[1]["VisibilityTimeout"] = 43_201
    done, failed = outcome(server.ask("change_message_visibility_batch", "plain", Entries=entries))
    same((done, failed), ([entries[0]["Id"]], {entries[1]["Id"]: "InvalidParameterValue"}))
    time.sleep(0.01)
    same(server.bodies("plain"), [entries[0]["Id"]])


@check
def a_batch_has_one_to_ten_entries(server: Server) -> None:
    for operation, members in OPERATIONS.items():
        refuses(400, f"{SQS}.EmptyBatchRequest", server.ask, operation, "plain", Entries=[])
        entries = [{"Id": str(number)} | members for number in range(11)]
        refuses(400, f"{SQS}.TooManyEntriesInBatchRequest", server.ask, operation, "plain", Entries=entries)


@check
def the_ids_of_entries_are_valid_and_different(server: Server) -> None:
    for operation, members in OPERATIONS.items():
        twice = 2 * [{"Id": "a"} | members]
        refuses(400, f"{SQS}.BatchEntryIdsNotDistinct", server.ask, operation, "plain", Entries=twice)
        for name in ["", "a b", "a:b", "a" * 81]:
            entries = [{"Id": name} | members]
            refuses(400, f"{SQS}.InvalidBatchEntryId", server.ask, operation, "plain", Entries=entries)
    same(server.depth("plain"), [0, 0, 0])


@check
def a_batch_has_a_maximum_size(server: Server) -> None:
    half = 512 * 1024
    entries = [{"Id": str(number), "MessageBody": "a" * half} for number in range(2)]
    same(outcome(server.ask("send_message_batch", "plain", Entries=entries)), (["0", "1"], {}))
    entries[0]["MessageBody"] += "a"
    refuses(400, f"{SQS}.BatchRequestTooLong", server.ask, "send_message_batch", "plain", Entries=entries)


@check
def attributes_count_for_the_size_of_a_batch(server: Server) -> None:
    half = 512 * 1024
    entries: list[dict[str, Any]] = [{"Id": str(number), "MessageBody": "a" * half} for number in range(2)]
    entries[0]["MessageAttributes"] = {"kind": text("order")}
    refuses(400, f"{SQS}.BatchRequestTooLong", server.ask, "send_message_batch", "plain", Entries=entries)
