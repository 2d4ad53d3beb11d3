"""The upload protocol of Uppy, with an access token, with an upload grant, and at the paths of Uppy 6."""

from collections.abc import Callable
from typing import Any

from api import Response
from files import delete
from flows import Person, flow

CONTENT = b"hello"
Call = Callable[..., Response]


@flow(weight=1)
def upload_with_a_token(person: Person) -> None:
    send(person, "/s3", (), person.account.call)


@flow(weight=1)
def upload_with_a_grant(person: Person) -> None:
    send(person, "/s3/g/{grant}", (grant(person),), person.client.call)


@flow(weight=1)
def upload_with_a_grant_as_uppy_6_does(person: Person) -> None:
    send(person, "/s3/g/{grant}/s3", (grant(person),), person.client.call)


def grant(person: Person) -> str:
    created = person.account.call("POST", "/s3/grants", expected=201).body
    return created["companionEndpoint"].rpartition("/")[2]


def send(person: Person, base: str, ids: tuple[str, ...], call: Call) -> None:
    """Sends a file by a form, another one in a part, and cancels a third one."""
    client = person.client
    form = call("GET", f"{base}/params", *ids, query={"filename": "a.txt", "type": "text/plain"}).body
    file = {"file": ("a.txt", CONTENT, "text/plain")}
    client.send("S3: POST", "POST", form["url"], 201, fields=form["fields"] | file)
    forget(person, form["fields"])

    def begin() -> tuple[dict[str, Any], tuple[str, ...], dict[str, str]]:
        body = {"filename": "a.txt", "type": "text/plain", "metadata": {"name": "a.txt"}}
        begun = call("POST", f"{base}/multipart", *ids, body=body).body
        return begun, (*ids, begun["uploadId"]), {"key": begun["key"]}

    begun, path, key = begin()
    call("GET", f"{base}/multipart/{{uploadId}}/{{part}}", *path, "1", query=key)
    batch = call("GET", f"{base}/multipart/{{uploadId}}/{{part}}", *path, "batch", query=key | {"partNumbers": "1"})
    sent = client.send("S3: PUT", "PUT", batch.body["presignedUrls"]["1"], body=CONTENT)
    (part,) = call("GET", f"{base}/multipart/{{uploadId}}", *path, query=key).body
    assert part["Size"] == len(CONTENT), part
    parts = {"parts": [{"PartNumber": 1, "ETag": sent.headers["etag"]}]}
    call("POST", f"{base}/multipart/{{uploadId}}/complete", *path, query=key, body=parts)
    forget(person, begun)
    _, path, key = begin()
    call("DELETE", f"{base}/multipart/{{uploadId}}", *path, query=key)


def forget(person: Person, sent: dict[str, str]) -> None:
    """Deletes the upload with the S3 key `owner/upload`."""
    delete(person.account, sent["key"].partition("/")[2])
