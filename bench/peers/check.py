#!/usr/bin/env python3
"""Checks that the peers do the work that the bench compares.

    cargo build --workspace
    bench/peers/check.py

The Node function signs a user of the local system in: its responses, its items and its requests to AWS are those of the
function `signin`, and Cloakroom accepts its tokens. The hashes of the npm package `bcrypt` are those of libxcrypt. Better Auth
signs a user up and in with both kinds of hashes.
"""

import argparse
import contextlib
import ctypes
import ctypes.util
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import peers
from runtime_api import RuntimeApi

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "ci"))

from functions import ROOT  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402

EMAIL, PASSWORD, WRONG = "ada@example.com", "correct horse battery staple", "analytical engine"
COST = 4
# The wrong password after which an account is locked, for a second.
LOCKING_GUESS = 5
# What is signed in with, in turn.
SIGN_INS = [
    ("a sign-in", EMAIL, PASSWORD),
    ("a sign-in with a wrong password", EMAIL, WRONG),
    ("a sign-in after a wrong password", EMAIL, PASSWORD),
    ("a sign-in with an unknown address", "unknown@example.com", PASSWORD),
]
# Members and headers whose values differ between two requests.
CHANGING = {"accessToken", "refreshToken", "instance", "ratelimit", "x-request-id"}
# What API Gateway adds to a response.
GATEWAY_HEADERS = {"apigw-requestid", "connection", "content-length", "date"}


class Response(NamedTuple):
    """A response to a client."""

    status: int
    headers: dict[str, str]
    body: Any

    def comparable(self) -> "Response":
        """Returns the response without the values that differ between two requests."""
        headers, body = ({n: "" if n in CHANGING else v for n, v in part.items()} for part in (self.headers, self.body))
        return Response(self.status, {n: v for n, v in headers.items() if n not in GATEWAY_HEADERS}, body)


class Work(NamedTuple):
    """What a function does for a sign-in, by its log line."""

    calls: int
    read_units: float
    write_units: float
    metrics: list[str]

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Work":
        """Reads a log line (docs/LOGGING.md)."""
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        names = sorted(metric["Name"] for metric in directive["Metrics"])
        return cls(line["calls"], line.get("ReadUnits", 0), line.get("WriteUnits", 0), names)


SignIn = Callable[[str, str], tuple[Response, Work]]


class Checks:
    """Counts checks and prints those that fail."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def same(self, found: Any, expected: Any, what: str) -> None:
        """Checks that a value is the expected one."""
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}\n    found    {found}\n    expected {expected}")


def send(url: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """Sends a request: a POST with JSON, or a GET."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"} | (headers or {}))
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as refusal:
        response = refusal
    with response:
        content = response.read()
        found = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status, found, json.loads(content) if content else None)


def signin(system: LocalSystem) -> SignIn:
    """Returns sign-ins with the function `signin`, behind the local API."""

    def sign_in(email: str, password: str) -> tuple[Response, Work]:
        response = send(f"{system.api}/signin", {"email": email, "password": password})
        request_id = response.headers["x-request-id"]
        while not (lines := [line for _, line in system.metric_lines() if line["id"] == request_id]):
            time.sleep(0.01)
        return response, Work.of(lines[0])

    return sign_in


@contextlib.contextmanager
def node_function(system: LocalSystem) -> Iterator[SignIn]:
    """Returns sign-ins with the Node function, an instance with the role and the variables of `signin`."""
    event = json.loads((ROOT / "events/signin.json").read_text())
    output = system.folder / "node-function.log"

    def sign_in(email: str, password: str) -> tuple[Response, Work]:
        result = api.invoke(event | {"body": json.dumps({"email": email, "password": password})})
        line = json.loads(output.read_text().splitlines()[-1])
        return Response(result["statusCode"], result["headers"], json.loads(result["body"])), Work.of(line)

    with RuntimeApi() as api, output.open("w") as log:
        own = {"AWS_LAMBDA_RUNTIME_API": api.address, "BCRYPT_COST": str(COST), "ISSUER": system.api}
        # What the local system sets (events/env.json has the default of a stack).
        own["REQUESTS_PER_ADDRESS"] = "3000"
        env = system.environment("SigninFunction") | own
        process = subprocess.Popen(peers.signin_argv(), env=env, stdout=log)
        try:
            yield sign_in
        finally:
            process.kill()
            process.wait()


def forms_of_sessions(system: LocalSystem) -> set[str]:
    """Returns the attributes of all sessions with their types, each form once."""
    scan = {"TableName": "cloakroom-dev-SessionsTable"}
    headers = {"x-amz-target": "DynamoDB_20120810.Scan", "content-type": "application/x-amz-json-1.0"}
    signed = system.signed("dynamodb", system.dynamodb, json.dumps(scan).encode(), headers)
    items = send(system.dynamodb, scan, signed).body["Items"]
    return {json.dumps({name: [*value] for name, value in item.items()}, sort_keys=True) for item in items}


def check_node_function(checks: Checks, system: LocalSystem) -> None:
    """Compares the Node function with `signin`, from the first request of an instance on."""
    account = {"email": EMAIL, "password": PASSWORD}
    user = send(f"{system.api}/signup", account | {"name": "Ada"}).body["user"]
    ours = signin(system)
    expected = [ours(email, password) for _, email, password in SIGN_INS]
    with node_function(system) as theirs:
        found = [theirs(email, password) for _, email, password in SIGN_INS]
        for (what, _, _), (response, work), (our_response, our_work) in zip(SIGN_INS, found, expected, strict=True):
            checks.same(response.comparable(), our_response.comparable(), f"the response to {what}")
            checks.same(work, our_work, f"the work of {what}")
        checks.same(len(forms_of_sessions(system)), 1, "the forms of sessions")
        check_tokens(checks, system, found[0][0].body, user)
        check_lock(checks, ours, theirs)


def check_tokens(checks: Checks, system: LocalSystem, tokens: dict[str, Any], user: dict[str, Any]) -> None:
    """Uses the tokens of a sign-in with the Node function."""
    bearer = {"authorization": f"Bearer {tokens['accessToken']}"}
    me = send(f"{system.api}/users/me", headers=bearer)
    checks.same((me.status, me.body), (200, {"user": user}), "the user of the access token")
    refreshed = send(f"{system.api}/session/refresh", {"refreshToken": tokens["refreshToken"]})
    checks.same((refreshed.status, set(refreshed.body)), (200, set(tokens) - {"user"}), "the refresh token")


def check_lock(checks: Checks, ours: SignIn, theirs: SignIn) -> None:
    """Locks the account by wrong passwords for the Node function, and waits until it is unlocked."""
    for _ in range(LOCKING_GUESS):
        theirs(EMAIL, WRONG)
    for sign_in, name in [(theirs, "the Node function"), (ours, "`signin`")]:
        response, _ = sign_in(EMAIL, PASSWORD)
        found = response.status, response.body.get("code")
        checks.same(found, (401, "invalid_credentials"), f"a locked account with {name}")
    time.sleep(1.1)
    checks.same(theirs(EMAIL, PASSWORD)[0].status, 200, "an unlocked account")


def check_hash_bench(checks: Checks) -> None:
    """Compares a hash with libxcrypt's."""
    libxcrypt = ctypes.CDLL(ctypes.util.find_library("crypt"))
    libxcrypt.crypt.restype = ctypes.c_char_p
    done = subprocess.run(peers.hash_bench(), input=f"{COST} {PASSWORD}\n", capture_output=True, text=True, check=True)
    seconds, found = done.stdout.split()
    checks.same(float(seconds) > 0, True, "the duration of a hash")
    checks.same(found, libxcrypt.crypt(PASSWORD.encode(), found.encode()).decode(), "the hash")


def check_better_auth(checks: Checks, variables: dict[str, str], kind: str) -> None:
    """Signs a user up and in with Better Auth, and gets the session."""
    command, env = peers.better_auth_argv(), os.environ | variables
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            api = f"http://127.0.0.1:{server.stdout.readline().removeprefix('listening ').strip()}"
            account = {"email": EMAIL, "password": PASSWORD}
            user = send(f"{api}/api/auth/sign-up/email", account | {"name": "Ada"}).body["user"]
            signed_in = send(f"{api}/api/auth/sign-in/email", account)
            checks.same((signed_in.status, signed_in.body["user"]["id"]), (200, user["id"]), f"Better Auth with {kind}")
            refused = send(f"{api}/api/auth/sign-in/email", account | {"password": WRONG})
            checks.same(refused.status, 401, f"a wrong password for Better Auth with {kind}")
            cookie = {"cookie": signed_in.headers["set-cookie"].split(";")[0]}
            session = send(f"{api}/api/auth/get-session", headers=cookie)
            checks.same((session.status, session.body["user"]["id"]), (200, user["id"]), f"the session with {kind}")
            used = send(f"{api}/cpu").body
            checks.same({name: number > 0 for name, number in used.items()}, {"user_us": True, "system_us": True}, "/cpu")
        finally:
            server.kill()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cloakroom", type=pathlib.Path, default=CLOAKROOM)
    chosen = options.parse_args()
    peers.install()
    checks = Checks()
    with LocalSystem(chosen.cloakroom, 0, "--parameter", f"BcryptCost={COST}") as system:
        check_node_function(checks, system)
    check_hash_bench(checks)
    for variables, kind in [({}, "scrypt"), ({"BCRYPT_COST": str(COST)}, "bcrypt")]:
        check_better_auth(checks, variables, kind)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


sys.exit(main())
