"""Sending and receiving.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

import hashlib
import threading
import time

from .battery import Server, check, refuses, same

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def text(value: str, kind: str = "String") -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}


@check
def a_message_is_received_as_it_was_sent(server: Server) -> None:
    body = 'a <b> & "c"\n\tü 漢 \U0001f600'
    attributes = {"kind": text("order"), "count": text("7", "Number.int"), "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"}}
    sent = server.ask("send_message", "plain", MessageBody=body, MessageAttributes=attributes)
    got = server.receive_one("plain")
    same((got["MessageId"], got["Body"], got["MessageAttributes"]), (sent["MessageId"], body, attributes))
    same(got["MD5OfBody"], hashlib.md5(body.encode()).hexdigest())
    same((got["MD5OfBody"], got["MD5OfMessageAttributes"]), (sent["MD5OfMessageBody"], sent["MD5OfMessageAttributes"]))


@check
def the_checksum_of_attributes_is_that_of_the_documentation(server: Server) -> None:
    attributes = {"a": text("x")}
    sent = server.ask("send_message", "plain", MessageBody="m", MessageAttributes=attributes)
    parts = [b"a", b"String", b"x"]
    encoded = [len(part).to_bytes(4, "big") + part for part in parts]
    expected = hashlib.md5(encoded[0] + encoded[1] + b"\1" + encoded[2]).hexdigest()
    same(sent["MD5OfMessageAttributes"], expected)


@check
def a_message_has_system_attributes(server: Server) -> None:
    before = int(time.time() * 1000)
    trace = {"AWSTraceHeader": text(TRACE)}
    server.ask("send_message", "plain", MessageBody="m", MessageSystemAttributes=trace)
    got = server.receive_one("plain")["Attributes"]
    names = {"ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "AWSTraceHeader", "SenderId", "SentTimestamp"}
    same(set(got), names)
    same((got["ApproximateReceiveCount"], got["AWSTraceHeader"]), ("1", TRACE))
    after = int(time.time() * 1000)
    times = [int(got["SentTimestamp"]), int(got["ApproximateFirstReceiveTimestamp"])]
    assert before - 1000 <= times[0] <= times[1] <= after + 1000, (before, times, after)


@check
def attributes_are_returned_on_request(server: Server) -> None:
    attributes = {"shop.id": text("1"), "shop.name": text("a"), "other": text("b")}
    server.ask("send_message", "plain", MessageBody="m", MessageAttributes=attributes)
    for system, wanted, expected in [
        ([], [], (set(), set())),
        (["SenderId"], ["other"], ({"SenderId"}, {"other"})),
        (["ApproximateReceiveCount"], ["shop.*"], ({"ApproximateReceiveCount"}, {"shop.id", "shop.name"})),
    ]:
        [got] = server.receive("plain", 0, MessageSystemAttributeNames=system, MessageAttributeNames=wanted)
        same((set(got.get("Attributes", {})), set(got.get("MessageAttributes", {}))), expected)
        same("MD5OfMessageAttributes" in got, bool(wanted))
        time.sleep(0.01)


@check
def only_the_trace_is_a_system_attribute_to_send(server: Server) -> None:
    more = {"MessageSystemAttributes": {"Colour": text("red")}}
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "plain", MessageBody="m", **more)


@check
def an_invalid_attribute_is_refused(server: Server) -> None:
    for name, value in [
        ("AWS.kind", text("a")),
        ("amazon.kind", text("a")),
        (".kind", text("a")),
        ("kind.", text("a")),
        ("kind..name", text("a")),
        ("kind name", text("a")),
        ("k" * 257, text("a")),
        ("kind", text("")),
        ("kind", text("a", "Text")),
        ("kind", text("seven", "Number")),
        ("kind", {"DataType": "Binary", "StringValue": "a"}),
        ("kind", {"StringValue": "a"}),
    ]:
        ask = {"MessageBody": "m", "MessageAttributes": {name: value}}
        try:
            refuses(400, "InvalidParameterValue", server.ask, "send_message", "plain", **ask)
        except AssertionError as error:
            raise AssertionError(f"{name} {value}: {error}") from error


@check
def a_message_has_at_most_ten_attributes(server: Server) -> None:
    attributes = {f"a{number}": text("x") for number in range(11)}
    more = {"MessageBody": "m", "MessageAttributes": attributes}
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "plain", **more)
    del attributes["a10"]
    server.ask("send_message", "plain", **more)


@check
def an_empty_message_is_refused(server: Server) -> None:
    refuses(400, "MissingParameter", server.ask, "send_message", "plain", MessageBody="")


@check
def a_character_that_xml_does_not_have_is_refused(server: Server) -> None:
    for body in ["a\0", "\x0b", "￾"]:
        refuses(400, "InvalidMessageContents", server.ask, "send_message", "plain", MessageBody=body)


@check
def a_message_over_the_limit_is_refused(server: Server) -> None:
    # The limit is the queue's, and attributes count.
    server.ask("send_message", "special", MessageBody="a" * 1024, DelaySeconds=0)
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "special", MessageBody="a" * 1025)
    more = {"MessageBody": "a" * 1000, "MessageAttributes": {"name": text("b" * 20)}}
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "special", **more)
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "plain", MessageBody="a" * (1024 * 1024 + 1))


@check
def a_delay_hides_a_message(server: Server) -> None:
    server.send("special", "of the queue")
    server.ask("send_message", "special", MessageBody="its own", DelaySeconds=0)
    same(server.bodies("special", wait=0), ["its own"])
    same(server.depth("special")[2], 1)
    same(server.bodies("special", wait=20), ["of the queue"])
    refuses(400, "InvalidParameterValue", server.ask, "send_message", "plain", MessageBody="m", DelaySeconds=901)


@check
def a_request_receives_one_message_by_default_and_ten_at_most(server: Server) -> None:
    server.send("plain", *map(str, range(12)))
    same(len(server.ask("receive_message", "plain")["Messages"]), 1)
    same(len(server.receive("plain")), 10)
    for number in [0, 11]:
        refuses(400, "InvalidParameterValue", server.ask, "receive_message", "plain", MaxNumberOfMessages=number)


@check
def an_empty_queue_answers_without_messages(server: Server) -> None:
    assert "Messages" not in server.ask("receive_message", "plain")


@check
def a_request_waits_for_a_message(server: Server) -> None:
    started = time.monotonic()
    timer = threading.Timer(0.5, server.send, ["plain", "late"])
    timer.start()
    same(server.bodies("plain", wait=20), ["late"])
    # The request ends with the message, not with its time.
    assert 0.5 <= time.monotonic() - started < 15, time.monotonic() - started
    timer.join()
    started = time.monotonic()
    same(server.bodies("plain", wait=1), [])
    assert 0.9 < time.monotonic() - started < 15, time.monotonic() - started
    for seconds in [-1, 21]:
        refuses(400, "InvalidParameterValue", server.ask, "receive_message", "plain", WaitTimeSeconds=seconds)


@check
def a_purge_removes_all_messages(server: Server) -> None:
    server.send("plain", "a", "b", "c")
    server.ask("receive_message", "plain")
    server.ask("purge_queue", "plain")
    same(server.depth("plain"), [0, 0, 0])
