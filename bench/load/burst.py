"""A thousand requests at once."""

import collections
import http.client
import statistics
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, NamedTuple

import gevent
from api import TIMEOUT

# The seconds for which one request is sent per second.
STEADY = 3


class Request(NamedTuple):
    """A request, and the address that it comes from."""

    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]
    address: str


class Answer(NamedTuple):
    """How a request ended. The times are in seconds; `status` is the error if no response came."""

    status: int | str
    has_retry_after: bool
    sent: float
    took: float


class Outcome(NamedTuple):
    """How the requests of a burst ended. Times are in seconds."""

    name: str
    requests: int
    statuses: dict[str, int]
    sent_within: float
    median: float
    longest: float
    problems: list[str]


def connect(api: str, request: Request) -> http.client.HTTPConnection | OSError:
    """Opens a connection for one request."""
    netloc = urllib.parse.urlsplit(api).netloc
    connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT, source_address=(request.address, 0))
    try:
        connection.connect()
    except OSError as error:
        return error
    return connection


def send(connection: http.client.HTTPConnection | OSError, request: Request) -> Answer:
    """Sends the request of a connection, and closes it."""
    began = sent = time.perf_counter()
    status: int | str = repr(connection)
    has_retry_after = False
    if isinstance(connection, http.client.HTTPConnection):
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            sent = time.perf_counter()
            response = connection.getresponse()
            response.read()
            status, has_retry_after = response.status, response.headers["retry-after"] is not None
        except (OSError, http.client.HTTPException) as error:
            status = repr(error)
        finally:
            connection.close()
    return Answer(status, has_retry_after, sent, time.perf_counter() - began)


def outcome(name: str, answers: list[Answer]) -> Outcome:
    statuses = collections.Counter(str(answer.status) for answer in answers)
    wrong = collections.Counter(str(answer.status) for answer in answers if not is_allowed(answer))
    problems = [f"{name}: {count} of {len(answers)} ended with {status}" for status, count in wrong.items()]
    sent, took = [answer.sent for answer in answers], [answer.took for answer in answers]
    return Outcome(name, len(answers), dict(statuses), max(sent) - min(sent), statistics.median(took), max(took), problems)


def is_allowed(answer: Answer) -> bool:
    """Whether a caller knows what to do: it succeeded, or may try again later."""
    return answer.status == 200 or (answer.status in (429, 503) and answer.has_retry_after)


def steady(name: str, api: str, request: Callable[[int], Request]) -> Outcome:
    """Sends a request each second."""
    answers = []
    for number in range(STEADY):
        one = request(number)
        answers.append(send(connect(api, one), one))
        gevent.sleep(max(0.0, 1 - answers[-1].took))
    return outcome(f"{name}, one per second", answers)


def burst(name: str, api: str, count: int, request: Callable[[int], Request]) -> Outcome:
    """Opens all connections at once, and then sends all requests at once. `sent_within` is under a second, unless other
    programs use the machine."""
    requests = [request(number) for number in range(count)]
    connections = at_once(connect, [(api, one) for one in requests])
    return outcome(f"{name}, all at once", at_once(send, list(zip(connections, requests, strict=True))))


def at_once(function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:
    jobs = [gevent.spawn(function, *arguments) for arguments in calls]
    gevent.joinall(jobs, raise_error=True)
    return [job.value for job in jobs]
