"""What the targets of rules receive.

https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import datetime
import json

from .battery import ACCOUNT, REGION, Server, check, same


@check
def a_target_receives_the_event(server: Server) -> None:
    detail = {"order": {"id": "ü", "amount": 1.5, "none": None, "list": [1, True]}}
    moment = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
    event_id = server.put("whole", detail, Time=moment, Resources=["order/1", "order/2"])
    expected = {
        "version": "0",
        "id": event_id,
        "detail-type": "whole",
        "source": "shop",
        "account": ACCOUNT,
        "time": "2024-05-06T07:08:09Z",
        "region": REGION,
        "resources": ["order/1", "order/2"],
        "detail": detail,
    }
    same(json.loads(server.receive_one("heard", wait=5)["Body"]), expected)


@check
def an_event_has_the_time_at_which_it_was_put(server: Server) -> None:
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    server.put("whole", {})
    event = json.loads(server.receive_one("heard", wait=5)["Body"])
    time = datetime.datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    assert before <= time <= datetime.datetime.now(datetime.UTC), event
    same(event["resources"], [])


@check
def a_target_can_receive_a_part(server: Server) -> None:
    server.put("part", {"order": {"id": 7}, "more": 1})
    same(json.loads(server.receive_one("heard", wait=5)["Body"]), {"id": 7})


@check
def an_event_reaches_the_rules_of_its_bus_only(server: Server) -> None:
    # Only the default bus and a disabled rule have a pattern for this type.
    server.put("special", {}, bus="shop")
    server.put("whole", {}, bus="default", source="other")
    same(server.bodies("heard", wait=1), [])
    server.put("special", {"id": 1}, bus="default")
    same(json.loads(server.receive_one("heard", wait=5)["Body"])["detail"], {"id": 1})


@check
def a_bus_has_an_arn(server: Server) -> None:
    server.put("part", {"order": 1}, bus=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/shop")
    same(server.bodies("heard", wait=5), ["1"])


@check
def a_queue_receives_only_from_rules_that_its_policy_allows(server: Server) -> None:
    server.put("closed", {"id": 1})
    letter = server.receive_one("undelivered", wait=5)
    same(json.loads(letter["Body"])["detail"], {"id": 1})
    same(server.depth("closed"), [0, 0, 0])
    found = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    same(found["ERROR_CODE"], "NO_PERMISSIONS")
    same(found["RULE_ARN"], f"arn:aws:events:{REGION}:{ACCOUNT}:rule/shop/closed")
    same(found["TARGET_ARN"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:closed")
