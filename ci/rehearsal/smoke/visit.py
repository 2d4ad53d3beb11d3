"""The deployed stack, the list of steps, and what the steps have in common."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from person import Person

from ..deployment import Deployed


class Stack(NamedTuple):
    """A deployed stack."""

    api: str
    deployed: Deployed
    # Returns the mails that the stand-in's SES has accepted: recipient and text.
    mails: Callable[[], list[tuple[str, str]]]


STEPS: list[Callable[[Stack], None]] = []


def step(function: Callable[[Stack], None]) -> Callable[[Stack], None]:
    """Adds a step of the rehearsal."""
    STEPS.append(function)
    return function


def same(found: Any, expected: Any) -> None:
    assert found == expected, f"found {found}, expected {expected}"


def eventually(what: str, holds: Callable[[], Any], seconds: float = 30) -> Any:
    """Waits until a function returns a true value, and returns that value."""
    until = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)
    return value


__all__ = ["STEPS", "Person", "Stack", "eventually", "same", "step"]
