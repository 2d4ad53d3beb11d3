"""Sends requests with curl as a new user, and inspects the bucket as its owner."""

import json
import subprocess
from collections.abc import Callable
from typing import Any, NamedTuple

from local_system import LocalSystem
from person import Person
from s3.battery import Server, same

MIB = 1024 * 1024
LARGE = 100 * MIB + 1
QUOTA = 1024 * MIB


class CurlResponse(NamedTuple):
    """A response that curl received."""

    status: int
    headers: dict[str, str]
    body: bytes

    def refuses(self, status: int, code: str) -> None:
        """Asserts that S3 refuses the request with this status and code, and a message."""
        found = b"<Code>" + code.encode() + b"</Code>" in self.body and b"<Message>" in self.body
        assert self.status == status and found, f"expected {(status, code)}, got {self.status}: {self.body[:300]!r}"


def curl(*arguments: str, body: bytes | None = None) -> CurlResponse:
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", "60", *arguments]
    output = subprocess.run(command, input=body or b"", check=True, stdout=subprocess.PIPE).stdout
    status = 100
    # Skips interim responses.
    while status < 200:
        head, _, output = output.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        status = int(first.split()[1])
    headers = dict(line.split(": ", 1) for line in lines)
    return CurlResponse(status, {name.lower(): value for name, value in headers.items()}, output)


def put(signed: dict[str, Any], body: bytes, **change: str | None) -> CurlResponse:
    """Sends a presigned request with changed headers. curl sets the content length itself."""
    headers = {name: value for name, value in signed["headers"].items() if name != "content-length"}
    headers |= {name.replace("_", "-"): value for name, value in change.items()}
    # curl omits a header without a value.
    texts = [f"{name}: {value}" if value is not None else f"{name}:" for name, value in headers.items()]
    arguments = [part for text in texts for part in ["--header", text]]
    return curl("--request", "PUT", *arguments, "--data-binary", "@-", signed["url"], body=body)


def post(form: dict[str, Any], body: bytes = b"hello", **change: str) -> CurlResponse:
    """Posts a form with changed fields."""
    fields = form["fields"] | change
    texts = [part for name, value in fields.items() for part in ["--form-string", f"{name}={value}"]]
    return curl(*texts, "--form", "file=@-;filename=a.txt;type=text/plain", form["url"], body=body)


class Visit(NamedTuple):
    """A new user and the owner of the bucket."""

    person: Person
    s3: Server
    system: LocalSystem

    def create_upload(self, size: int = 5, **more: Any) -> tuple[str, dict[str, Any]]:
        created = self.person.create_upload(size, **more)
        return created["upload"]["id"], created["transfer"]

    def key(self, upload_id: str) -> str:
        return f"{self.person.id}/{upload_id}"

    def api(self, method: str, path: str, body: str | None = None) -> CurlResponse:
        """Sends a request to the API with curl."""
        arguments = ["--header", f"authorization: Bearer {self.person.token}", "--request", method]
        if body is None:
            return curl(*arguments, self.system.api + path)
        arguments += ["--header", "content-type: application/json", "--data-binary", "@-"]
        return curl(*arguments, self.system.api + path, body=body.encode())

    def nothing_is_stored(self) -> None:
        stored = [one["status"] for one in self.person.uploads() if one["status"] != "pending"]
        same(stored, [])
        prefix = f"{self.person.id}/"
        versions = self.s3.call("list_object_versions", Prefix=prefix)
        same(versions.get("Versions", []) + versions.get("DeleteMarkers", []), [])


def problem(answer: CurlResponse, status: int, code: str, **error: str) -> None:
    """Asserts a complete problem response."""
    assert answer.status == status, f"expected {status}, got {answer.status}: {answer.body[:300]!r}"
    same(answer.headers["content-type"], "application/problem+json")
    document = json.loads(answer.body)
    same((document["status"], document["code"]), (status, code))
    assert document["detail"] and document["message"] == document["detail"] and document["instance"], document
    found = {one["pointer"]: one["code"] for one in document.get("errors", [])}
    same(found, {"/" + name: value for name, value in error.items()})


CHECKS: list[Callable[[Visit], None]] = []


def check(run: Callable[[Visit], None]) -> Callable[[Visit], None]:
    """Registers a check; its name states the property."""
    CHECKS.append(run)
    return run
