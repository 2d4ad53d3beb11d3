"""Message move tasks.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
"""

import base64
import json
import time
from typing import Any

from .battery import Server, arn, check, refuses, same, until
from .dead_letters import fail


def newest(server: Server) -> dict[str, Any]:
    return server.sqs.list_message_move_tasks(SourceArn=arn("dead"))["Results"][0]


def move(server: Server, **more: Any) -> dict[str, Any]:
    """Moves the dead letters and returns the finished task."""
    server.sqs.start_message_move_task(SourceArn=arn("dead"), **more)
    until(lambda: newest(server)["Status"] != "RUNNING", "the task still runs")
    return newest(server)


def die(server: Server, **bodies: str) -> None:
    """Fills the queue of dead letters: each body comes from the queue with its name."""
    for queue, body in bodies.items():
        server.send(queue, body)
        fail(server, queue, 2 if queue == "main" else 1)


@check
def messages_move_to_where_they_came_from(server: Server) -> None:
    die(server, main="a", other="b")
    task = move(server)
    same((task["Status"], task["ApproximateNumberOfMessagesMoved"]), ("COMPLETED", 2))
    same((task["SourceArn"], task.get("DestinationArn")), (arn("dead"), None))
    same((server.bodies("main"), server.bodies("other"), server.depth("dead")), (["a"], ["b"], [0, 0, 0]))


@check
def messages_move_to_a_destination(server: Server) -> None:
    die(server, main="a", other="b")
    task = move(server, DestinationArn=arn("second"))
    same((task["Status"], task["DestinationArn"]), ("COMPLETED", arn("second")))
    same((server.bodies("second"), server.depth("dead")), (["a", "b"], [0, 0, 0]))


@check
def a_moved_message_is_a_new_message(server: Server) -> None:
    die(server, main="a")
    old = server.receive_one("dead", 0)
    time.sleep(0.05)
    move(server)
    new = server.receive_one("main")
    assert new["MessageId"] != old["MessageId"], "it keeps its id"
    assert int(new["Attributes"]["SentTimestamp"]) > int(old["Attributes"]["SentTimestamp"]), (old, new)
    same(new["Attributes"]["ApproximateReceiveCount"], "1")
    assert "DeadLetterQueueSourceArn" not in new["Attributes"], new


@check
def a_finished_task_has_no_handle(server: Server) -> None:
    task = move(server)
    same((task["Status"], "TaskHandle" in task), ("COMPLETED", False))


@check
def a_task_can_be_cancelled(server: Server) -> None:
    server.send("other", *map(str, range(10)))
    server.receive("other", 0)
    time.sleep(0.01)
    server.receive("other", 0)
    same(server.depth("dead"), [10, 0, 0])
    handle = server.sqs.start_message_move_task(SourceArn=arn("dead"), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    running = newest(server)
    same((running["Status"], running["TaskHandle"]), ("RUNNING", handle))
    same(running["MaxNumberOfMessagesPerSecond"], 1)
    refuses(400, "InvalidParameterValue", server.sqs.start_message_move_task, SourceArn=arn("dead"))
    server.sqs.cancel_message_move_task(TaskHandle=handle)
    until(lambda: newest(server)["Status"] == "CANCELLED", "the task is not cancelled")
    assert server.depth("dead")[0] >= 1, server.depth("dead")


@check
def tasks_are_listed_newest_first(server: Server) -> None:
    move(server)
    move(server, DestinationArn=arn("second"))
    listed = server.sqs.list_message_move_tasks(SourceArn=arn("dead"), MaxResults=2)["Results"]
    same([task.get("DestinationArn") for task in listed], [arn("second"), None])
    same(len(server.sqs.list_message_move_tasks(SourceArn=arn("dead"))["Results"]), 1)


@check
def a_task_needs_a_queue_of_dead_letters(server: Server) -> None:
    start = server.sqs.start_message_move_task
    refuses(400, "InvalidParameterValue", start, SourceArn=arn("plain"))
    refuses(400, "InvalidParameterValue", start, SourceArn=arn("dead"), MaxNumberOfMessagesPerSecond=501)
    refuses(400, "MissingParameter", start)


@check
def a_task_needs_queues_that_exist(server: Server) -> None:
    start = server.sqs.start_message_move_task
    refuses(404, "ResourceNotFoundException", start, SourceArn=arn("none"))
    refuses(404, "ResourceNotFoundException", start, SourceArn=arn("dead"), DestinationArn=arn("none"))


@check
def the_handle_of_a_task_must_be_valid(server: Server) -> None:
    cancel = server.sqs.cancel_message_move_task
    refuses(400, "InvalidParameterValue", cancel, TaskHandle="none")
    refuses(400, "MissingParameter", cancel)
    handle = server.sqs.start_message_move_task(SourceArn=arn("dead"))["TaskHandle"]
    until(lambda: newest(server)["Status"] == "COMPLETED", "the task still runs")
    names = json.loads(base64.b64decode(handle))
    same(names["sourceArn"], arn("dead"))
    unknown = base64.b64encode(json.dumps(names | {"taskId": "00000000-0000-4000-8000-000000000000"}).encode()).decode()
    refuses(404, "ResourceNotFoundException", cancel, TaskHandle=unknown)
