"""A client of the API whose requests are counted by locust, and accounts that use it."""

import itertools
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import gevent.lock
import urllib3
from functions import ROOT
from locust.env import Environment

PASSWORD = "analytical engine"
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())
# (method, path) -> the documented statuses.
ROUTES = {
    (method.upper(), path): {int(status) for status in operation["responses"]}
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# Seconds within which a service must have heard of the change of another one.
PATIENCE = 30.0
# Seconds between two looks.
PAUSE = 0.25
# The gateway gives up on a request after five minutes in its queue.
TIMEOUT = 310.0


class Unexpected(Exception):
    """A response that the step does not expect. Locust has counted it."""


class Response(NamedTuple):
    """A response."""

    status: int
    content: bytes
    headers: Any

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class Client:
    """Sends the requests of one address. Linux accepts each 127.x.y.z as its own, and the API counts requests by address
    (docs/adr/0021-requests-are-counted-by-address.md)."""

    _numbers = itertools.count(1)

    def __init__(self, environment: Environment, api: str) -> None:
        self.api = api
        self._request = environment.events.request
        number = next(self._numbers)
        address = f"127.1.{number // 250}.{number % 250 + 1}"
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT, source_address=(address, 0))

    def send(
        self,
        name: str,
        method: str,
        url: str,
        *expected: int,
        body: Any = None,
        fields: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Sends a request, which is counted as `name`. Raises `Unexpected` for other statuses than the expected ones."""
        expected = expected or (200,)
        began = time.perf_counter()
        content, error = b"", None
        try:
            more = {"fields": fields} if fields else {"body": body}
            answer = self._http.request(method, url, headers=headers, redirect=False, **more)
            content = answer.data
            if answer.status not in expected:
                # Without the id of the request, so that locust counts equal errors together.
                text = re.sub(rb'"instance":"[^"]*",', b"", content)[:300]
                error = Unexpected(f"expected {expected}, got {answer.status}: {text!r}")
        except urllib3.exceptions.HTTPError as lost:
            error = Unexpected(f"no response: {lost!r}")
        took = (time.perf_counter() - began) * 1000
        self._request.fire(
            request_type=method, name=name, response_time=took, response_length=len(content), exception=error, context={}
        )
        if error:
            raise error
        return Response(answer.status, content, answer.headers)

    def call(
        self,
        method: str,
        route: str,
        *ids: str,
        expected: int | Iterable[int] = 200,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Calls a route of docs/openapi.json with the ids of its path, in their order."""
        expected = (expected,) if isinstance(expected, int) else tuple(expected)
        undocumented = set(expected) - ROUTES[method, route]
        assert not undocumented, f"docs/openapi.json has no {undocumented} of {method} {route}"
        values = iter(ids)
        path = re.sub(r"{\w+}", lambda _: urllib.parse.quote(next(values), safe=""), route)
        url = self.api + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = dict(headers or {})
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(route, method, url, *expected, body=data, headers=headers)


class Account:
    """An account of the API, with the tokens of its last sign-in."""

    def __init__(self, client: Client, email: str | None = None) -> None:
        self.client = client
        self.email = email or f"{uuid.uuid4()}@example.com"
        self.password = PASSWORD
        self._tokens: dict[str, Any] = {}
        self._renewal = 0.0
        # Several flows at once use the account of the administrator.
        self._lock = gevent.lock.RLock()

    @classmethod
    def new(cls, client: Client) -> "Account":
        """Creates an account, and signs in."""
        account = cls(client)
        account.sign_up()
        account.sign_in()
        return account

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}

    @property
    def id(self) -> str:
        return self._tokens["user"]["id"]

    @property
    def authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._tokens['accessToken']}"}

    @property
    def refresh_token(self) -> str:
        return self._tokens["refreshToken"]

    def sign_up(self, key: str | None = None) -> Any:
        headers = {"idempotency-key": key or str(uuid.uuid4())}
        body = self.credentials | {"name": "Ada Lovelace", "profile": {"city": "London"}}
        return self.client.call("POST", "/signup", body=body, headers=headers, expected=201).body

    def sign_in(self) -> None:
        with self._lock:
            self._keep(self.client.call("POST", "/signin", body=self.credentials).body)

    def refresh(self) -> None:
        with self._lock:
            body = {"refreshToken": self.refresh_token}
            self._keep(self.client.call("POST", "/session/refresh", body=body).body)

    def _keep(self, tokens: dict[str, Any]) -> None:
        self._tokens |= tokens
        # Renews the access token after half of its time.
        self._renewal = time.monotonic() + tokens["expiresIn"] / 2

    def call(self, method: str, route: str, *ids: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
        """Calls a route with the access token."""
        with self._lock:
            if time.monotonic() > self._renewal:
                self.refresh()
        return self.client.call(method, route, *ids, headers=self.authorization | (headers or {}), **more)

    def get(self, route: str, *ids: str, **more: Any) -> Any:
        """Gets the body of a route's response."""
        return self.call("GET", route, *ids, **more).body


def soon(look: Callable[[], Response], is_done: Callable[[Response], bool] = lambda found: found.status == 200) -> Response:
    """Looks until a service has heard of a change."""
    until = time.monotonic() + PATIENCE
    while not is_done(found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {PATIENCE} s; the last response: {found.status} {found.content[:300]!r}")
        gevent.sleep(PAUSE)
    return found
