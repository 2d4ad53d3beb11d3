"""Patterns of rules. Each rule of template.yaml on the bus `patterns` sends its name, so a check sees which rules match an event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import json
from typing import Any

from .battery import Server, check


def matched(server: Server, detail: dict[str, Any], kind: str, source: str, resources: list[str]) -> set[str]:
    """Puts an event and returns the names of the rules that match it. The rule `Every` matches all events."""
    server.empty()
    server.put(kind, detail, bus="patterns", source=source, Resources=resources)
    found: set[str] = set()
    while messages := server.receive("matched", wait=0 if "Every" in found else 5):
        found |= {json.loads(message["Body"]) for message in messages}
    assert "Every" in found, "no event arrived"
    return found


def asks(
    server: Server,
    rule: str,
    yes: list[dict[str, Any]],
    no: list[dict[str, Any]],
    kind: str = "event",
    source: str = "shop",
    resources: tuple[str, ...] = (),
) -> None:
    """Asserts that the rule matches events with some details, and none with others."""
    for expected, details in [(True, yes), (False, no)]:
        for detail in details:
            found = matched(server, detail, kind, source, list(resources))
            assert (rule in found) == expected, f"{rule}: {detail} {'does not match' if expected else 'matches'}; {found}"


def of(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{name: value} for value in values]


@check
def literals_are_texts_numbers_booleans_and_null(server: Server) -> None:
    yes = of("status", "open", 7, True, None, ["closed", "open"])
    asks(server, "Literals", yes, [{}, *of("status", "Open", "7", 8, False, "", "true", "null", [], {"open": 1})])


@check
def an_empty_text_is_a_value(server: Server) -> None:
    asks(server, "EmptyText", of("status", ""), [{}, *of("status", None, " ", [])])


@check
def all_fields_of_a_pattern_must_match(server: Server) -> None:
    yes = [{"buyer": {"country": "CH", "age": 7}, "more": 1}]
    no = [{}, {"buyer": "CH"}, {"buyer": {"country": "DE"}}, {"country": "CH"}]
    for source in ["shop", "store"]:
        asks(server, "Nested", yes, no, source=source)
    asks(server, "Nested", [], yes, source="other")


@check
def a_text_begins_and_ends_with_a_text(server: Server) -> None:
    for kind, expected in [("order.paid", True), ("order.", True), ("Order.paid", False), ("an order.paid", False)]:
        asks(server, "Prefix", [{}] if expected else [], [] if expected else [{}], kind=kind)
    asks(server, "PrefixIgnoringCase", of("file", "img_1", "IMG", ["a", "Img"]), [{}, *of("file", "an img", 1)])
    asks(server, "Suffix", of("file", "a.png", ".png"), [{}, *of("file", "a.PNG", "a.png.txt", 1)])
    asks(server, "SuffixIgnoringCase", of("file", "a.png", "a.PnG"), [{}, *of("file", "a.png.txt")])
    asks(server, "IgnoringCase", of("file", "readme", "ReadMe"), [{}, *of("file", "readme.md")])


@check
def a_wildcard_is_any_text(server: Server) -> None:
    yes = of("file", "a/b.txt", "abc/bcd.txt", "a/x/b/y.txt")
    asks(server, "Wildcard", yes, [{}, *of("file", "a/b.txt2", "b/b.txt", "a/c.txt", "A/b.txt", 1)])


@check
def anything_but_needs_another_value(server: Server) -> None:
    # A missing field does not match, and one other value of a list is enough.
    asks(server, "Not", of("status", "closed", 1, None, True, ["open", "closed"]), [{}, *of("status", "open", ["open"])])
    asks(server, "NotOneOf", of("amount", 3, "1", [1, 3]), [{}, *of("amount", 1, 2, [1, 2])])


@check
def anything_but_knows_the_forms_of_texts(server: Server) -> None:
    asks(server, "NotPrefix", of("file", "a", "Tmp", "a tmp"), [{}, *of("file", "tmp", "tmp1")])
    asks(server, "NotSuffix", of("file", "a", "a.tmp.txt"), [{}, *of("file", "a.tmp", "a.bak")])
    asks(server, "NotIgnoringCase", of("file", "a", "tmp1"), [{}, *of("file", "TMP", "Bak")])
    asks(server, "NotWildcard", of("file", "a/b", "/tmp"), [{}, *of("file", "a/tmp/b", "/tmp/")])


@check
def a_field_exists_or_not(server: Server) -> None:
    asks(server, "Exists", of("amount", 0, "", None, False), [{}, {"amounts": 1}])
    asks(server, "Absent", [{}, {"amounts": 1}], of("amount", 0, "", None, False))


@check
def numbers_are_compared(server: Server) -> None:
    asks(server, "Equal", of("amount", 300, 300.0, 3.0e2, [1, 300]), [{}, *of("amount", 301, "300", None)])
    asks(server, "Between", of("amount", 0.1, 5, 5.0), [{}, *of("amount", 0, 5.1, -1, "3", None)])


@check
def one_alternative_is_enough(server: Server) -> None:
    yes = [{"status": "paid"}, {"amount": 101}, {"status": "open", "amount": 101}]
    no = [{}, {"status": "open", "amount": 100}]
    asks(server, "Or", yes, no)
    asks(server, "OrWithMore", [{"status": "paid"}, {"file": "a"}], [{}, {"amount": 101}])
    asks(server, "OrWithMore", [], [{"status": "paid"}, {"file": "a"}], source="other")


@check
def one_value_of_a_list_is_enough(server: Server) -> None:
    asks(server, "Lists", of("tags", ["blue", "green"], ["red"], "red"), [{}, *of("tags", [], ["blue"], {"red": 1})])
    asks(server, "Resources", [{}], [], resources=("order/2", "order/1"))
    asks(server, "Resources", [], [{}], resources=("order/12",))


@check
def one_object_of_a_list_is_enough(server: Server) -> None:
    yes = of("items", {"id": "a"}, [{"id": "b"}, {"id": "a"}])
    asks(server, "Objects", yes, [{}, *of("items", [], [{"id": "b"}], ["a"], "a")])
