"""Visibility, deletion and receipt handles.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
"""

import time

from .battery import Server, check, refuses, same, until


def change(server: Server, handle: str, seconds: int) -> None:
    server.ask("change_message_visibility", "plain", ReceiptHandle=handle, VisibilityTimeout=seconds)


def delete(server: Server, handle: str) -> None:
    server.ask("delete_message", "plain", ReceiptHandle=handle)


@check
def a_received_message_is_invisible_for_its_timeout(server: Server) -> None:
    server.send("plain", "a")
    first = server.receive_one("plain", 8)
    same((server.bodies("plain"), server.depth("plain")), ([], [0, 1, 0]))
    second = server.receive_one("plain", wait=20)
    same(second["MessageId"], first["MessageId"])
    same([one["Attributes"]["ApproximateReceiveCount"] for one in (first, second)], ["1", "2"])
    name = "ApproximateFirstReceiveTimestamp"
    same(second["Attributes"][name], first["Attributes"][name])
    assert first["ReceiptHandle"] != second["ReceiptHandle"], "each receipt has a handle"


@check
def the_timeout_of_the_queue_is_the_default(server: Server) -> None:
    server.ask("send_message", "special", MessageBody="a", DelaySeconds=0)
    same(len(server.ask("receive_message", "special").get("Messages", [])), 1)
    same(server.depth("special"), [0, 1, 0])
    until(lambda: server.depth("special") == [1, 0, 0], "the message stays invisible")


@check
def a_timeout_of_zero_leaves_a_message_visible(server: Server) -> None:
    server.send("plain", "a")
    server.receive_one("plain", 0)
    time.sleep(0.01)
    same(server.depth("plain"), [1, 0, 0])


@check
def a_timeout_has_limits(server: Server) -> None:
    server.send("plain", "a")
    for seconds in [-1, 43_201]:
        refuses(400, "InvalidParameterValue", server.ask, "receive_message", "plain", VisibilityTimeout=seconds)
    handle = server.receive_one("plain")["ReceiptHandle"]
    for seconds in [-1, 43_201]:
        refuses(400, "InvalidParameterValue", change, server, handle, seconds)


@check
def a_deleted_message_is_gone(server: Server) -> None:
    server.send("plain", "a")
    handle = server.receive_one("plain", 2)["ReceiptHandle"]
    delete(server, handle)
    same(server.depth("plain"), [0, 0, 0])
    # A deletion can be repeated.
    delete(server, handle)
    time.sleep(2.1)
    same(server.bodies("plain"), [])


@check
def a_message_can_be_deleted_after_its_timeout(server: Server) -> None:
    server.send("plain", "a")
    handle = server.receive_one("plain", 0)["ReceiptHandle"]
    time.sleep(0.01)
    delete(server, handle)
    same(server.depth("plain"), [0, 0, 0])


@check
def an_older_handle_deletes_nothing(server: Server) -> None:
    server.send("plain", "a")
    old = server.receive_one("plain", 0)["ReceiptHandle"]
    time.sleep(0.01)
    server.receive_one("plain", 1)
    delete(server, old)
    same(server.bodies("plain", wait=20), ["a"])


@check
def a_change_ends_the_timeout(server: Server) -> None:
    server.send("plain", "a")
    change(server, server.receive_one("plain")["ReceiptHandle"], 0)
    time.sleep(0.01)
    same(server.bodies("plain"), ["a"])


@check
def a_change_extends_the_timeout(server: Server) -> None:
    server.send("plain", "a")
    change(server, server.receive_one("plain", 1)["ReceiptHandle"], 60)
    time.sleep(1.2)
    same((server.bodies("plain"), server.depth("plain")), ([], [0, 1, 0]))


@check
def a_change_can_come_after_the_timeout(server: Server) -> None:
    server.send("plain", "a")
    handle = server.receive_one("plain", 1)["ReceiptHandle"]
    time.sleep(1.2)
    change(server, handle, 60)
    same((server.bodies("plain"), server.depth("plain")), ([], [0, 1, 0]))


@check
def the_timeout_of_a_deleted_message_cannot_be_changed(server: Server) -> None:
    server.send("plain", "a")
    handle = server.receive_one("plain")["ReceiptHandle"]
    delete(server, handle)
    refuses(400, "InvalidParameterValue", change, server, handle, 10)


@check
def an_invalid_handle_is_refused(server: Server) -> None:
    refuses(400, "ReceiptHandleIsInvalid", delete, server, "none")
    refuses(400, "ReceiptHandleIsInvalid", change, server, "none", 10)
    refuses(400, "MissingParameter", server.ask, "delete_message", "plain")
