"""Queues of dead letters.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

import time

from .battery import Server, arn, check, same
from .messages import text


def fail(server: Server, queue: str, receives: int) -> None:
    """Receives the messages of a queue as often as allowed, and once more, which moves them."""
    for _ in range(receives):
        assert server.receive(queue, 0), f"{queue} has no message"
        time.sleep(0.01)
    same(server.receive(queue, 0), [])


@check
def a_message_received_too_often_moves(server: Server) -> None:
    attributes = {"kind": text("order")}
    sent = server.ask("send_message", "main", MessageBody="a", MessageAttributes=attributes)
    fail(server, "main", 2)
    same((server.depth("main"), server.depth("dead")), ([0, 0, 0], [1, 0, 0]))
    got = server.receive_one("dead")
    same((got["MessageId"], got["Body"], got["MessageAttributes"]), (sent["MessageId"], "a", attributes))


@check
def a_dead_letter_names_its_source(server: Server) -> None:
    server.send("main", "a")
    fail(server, "main", 2)
    same(server.receive_one("dead")["Attributes"]["DeadLetterQueueSourceArn"], arn("main"))


@check
def a_dead_letter_keeps_the_time_at_which_it_was_sent(server: Server) -> None:
    server.send("other", "a")
    sent = server.receive_one("other", 0)["Attributes"]["SentTimestamp"]
    time.sleep(0.05)
    same(server.receive("other", 0), [])
    same(server.receive_one("dead")["Attributes"]["SentTimestamp"], sent)


@check
def receipts_count_on_in_the_queue_of_dead_letters(server: Server) -> None:
    server.send("other", "a")
    fail(server, "other", 1)
    same(server.receive_one("dead")["Attributes"]["ApproximateReceiveCount"], "2")


@check
def an_older_handle_deletes_no_dead_letter(server: Server) -> None:
    server.send("other", "a")
    handle = server.receive_one("other", 0)["ReceiptHandle"]
    time.sleep(0.01)
    same(server.receive("other", 0), [])
    server.ask("delete_message", "other", ReceiptHandle=handle)
    same(server.depth("dead"), [1, 0, 0])


@check
def a_message_that_is_deleted_in_time_does_not_move(server: Server) -> None:
    server.send("other", "a")
    handle = server.receive_one("other", 1)["ReceiptHandle"]
    server.ask("delete_message", "other", ReceiptHandle=handle)
    time.sleep(1.1)
    same((server.receive("other"), server.depth("dead")), ([], [0, 0, 0]))
