"""What is measured: processes that speak the Lambda Runtime API, and the system that they work for."""

import dataclasses
import http.client
import importlib
import json
import pathlib
import sys
import urllib.parse
from typing import Any

from functions import FUNCTIONS, ROOT, logical_name, zip_mb
from local_system import LocalSystem

EMPTY = "bench-empty"
# The same, with the C library of this machine: what `cargo lambda` builds if nothing else is asked for.
DYNAMIC_EMPTY = "bench-empty, dynamic"
DYNAMIC_EMPTY_BINARY = ROOT / "target/release" / EMPTY
# The peer that can take the place of `signin`.
PEER = "node signin"
PASSWORD = "analytical engine"
ADA = "ada@example.com"
# The lowest that bcrypt allows, so that the hash hides little.
LOWEST_COST = 4
# Out of the way.
LIMITS = {"RequestsPerAddress": "10000000", "UploadRequestsPerUser": "10000000"}


@dataclasses.dataclass(frozen=True)
class Options:
    """The choices of the command line."""

    release: pathlib.Path
    debug: pathlib.Path
    only: list[str]
    beside: list[pathlib.Path]
    peers: bool
    large: bool

    def functions(self) -> list["Subject"]:
        """Returns the empty function and the functions of Cloakroom."""
        return [Subject(name, (str(self.release / name),), name) for name in self._names()]

    def all_functions(self) -> list["Subject"]:
        """Returns the functions, the dynamic empty function, those of the other builds, and those of the peers."""
        dynamic = Subject(DYNAMIC_EMPTY, (str(DYNAMIC_EMPTY_BINARY),), EMPTY)
        return [*self.functions(), dynamic, *self.functions_beside(), *self.peer_functions()]

    def functions_beside(self) -> list["Subject"]:
        """Returns the functions of the other builds."""
        return [Subject(f"{name}, {it}", (str(it / name),), name) for it in self.beside for name in self._names()]

    def _names(self) -> list[str]:
        return [EMPTY, *(name for name in FUNCTIONS if not self.only or name in self.only)]

    def peer_functions(self) -> list["Subject"]:
        """Returns the functions of the peers."""
        return [Subject(PEER, tuple(peers().signin_argv()), "signin")] if self.peers else []

    def local_system(self, *arguments: str, cost: int = LOWEST_COST) -> LocalSystem:
        """Starts a local system whose requests are not limited. Its schedules do not run."""
        parameters = LIMITS | {"BcryptCost": str(cost), "AccessTokenSeconds": "3600"}
        words = [word for name, value in parameters.items() for word in ("--parameter", f"{name}={value}")]
        return LocalSystem(self.debug / "cloakroom", 0, "--without-schedules", *words, *arguments)


@dataclasses.dataclass(frozen=True)
class Subject:
    """A process that is measured: its name in the tables, how it is started, and the function whose environment and role it
    has."""

    name: str
    argv: tuple[str, ...]
    function: str

    def environment(self, local: LocalSystem, cost: int = LOWEST_COST) -> dict[str, str]:
        """Returns the variables that the template sets, for the local system."""
        own = {
            "BCRYPT_COST": str(cost),
            "ISSUER": local.api,
            "REQUESTS_PER_ADDRESS": LIMITS["RequestsPerAddress"],
            "REQUESTS_PER_USER": LIMITS["UploadRequestsPerUser"],
        }
        return local.environment(f"{logical_name(self.function)}Function") | own

    def sizes(self) -> dict[str, float]:
        """Returns the MB of what is deployed."""
        if self.name == PEER:
            return {"zip_mb": peers().zip_mb()}
        binary = pathlib.Path(self.argv[0])
        return {"binary_mb": binary.stat().st_size / 1e6, "zip_mb": zip_mb(binary)}


def peers() -> Any:
    """Returns the module of the peers, which are installed on demand."""
    sys.path.insert(0, str(ROOT / "bench/peers"))
    module = importlib.import_module("peers")
    module.install()
    return module


class Client:
    """An HTTP client with one persistent connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Returns the parsed body of a response, whose status has to be a success."""
        given = {"content-type": "application/json", **(headers or {})} if body is not None else headers or {}
        self._connection.request(method, path, None if body is None else json.dumps(body).encode(), given)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise SystemExit(f"{method} {path}: {response.status} {content[:500]!r}")
        return json.loads(content) if content else None


class Account:
    """A user with a session."""

    def __init__(self, local: LocalSystem, email: str = ADA) -> None:
        self._client = Client(local.api)
        self.credentials = {"email": email, "password": PASSWORD}
        self._client.send("POST", "/signup", self.credentials | {"name": "Ada"})
        signed_in = self._client.send("POST", "/signin", self.credentials)
        self.token: str = signed_in["accessToken"]
        self.refresh_token: str = signed_in["refreshToken"]
        self.authorization = {"authorization": f"Bearer {self.token}"}


def http_event(route: str, path: str = "", body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Returns API Gateway's event for a request. Without a path, the route has no parameters.

    <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
    """
    method, pattern = route.split()
    address = urllib.parse.urlsplit(path or pattern)
    names = zip(pattern.split("/"), address.path.split("/"), strict=True)
    parameters = {name.strip("{}"): value for name, value in names if name.startswith("{")}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": address.path,
        "rawQueryString": address.query,
        "headers": {
            "accept": "*/*",
            "content-type": "application/json",
            "host": "localhost",
            "user-agent": "bench",
            "x-forwarded-for": "127.0.0.1",
            **(headers or {}),
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": address.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "bench",
            },
            "requestId": "bench",
            "routeKey": route,
            "stage": "$default",
            "time": "24/Jul/2024:09:10:40 +0000",
            "timeEpoch": 1721812240005,
        },
        "isBase64Encoded": False,
    }
    if address.query:
        event["queryStringParameters"] = dict(urllib.parse.parse_qsl(address.query))
    if parameters:
        event["pathParameters"] = parameters
    if body is not None:
        event["body"] = json.dumps(body)
    return event
