"""Uploads: sent, read, shared, restored and locked."""

import datetime
import hashlib
import os
from typing import Any

from api import Account
from flows import Person, flow

# Above 100 MiB, files are sent in parts.
LARGE = 100 * 1024 * 1024 + 1


def put(account: Account, transfer: dict[str, Any], content: bytes) -> str:
    """Sends bytes to S3 by a presigned request, and returns their ETag."""
    sent = account.client.send("S3: PUT", "PUT", transfer["url"], body=content, headers=transfer["headers"])
    return sent.headers["etag"]


def create(account: Account, size: int, **more: Any) -> dict[str, Any]:
    body = {"filename": "a.txt", "contentType": "text/plain", "size": size} | more
    return account.call("POST", "/uploads", body=body, expected=201).body


def store(account: Account, content: bytes, **more: Any) -> str:
    """Uploads a file, and returns the id of the upload."""
    created = create(account, len(content), **more)
    put(account, created["transfer"], content)
    upload = account.call("POST", "/uploads/{id}/complete", created["upload"]["id"], body={}).body["upload"]
    assert upload["status"] == "stored", upload
    return upload["id"]


def download(account: Account, url: str, content: bytes) -> None:
    found = account.client.send("S3: GET", "GET", url).content
    assert found == content, f"{len(found)} bytes that are not the {len(content)} that were sent"


def delete(account: Account, upload: str) -> None:
    account.call("DELETE", "/uploads/{id}", upload, expected=204)


@flow(weight=8)
def upload_and_download(person: Person) -> None:
    account, content = person.account, os.urandom(20_000)
    upload = store(account, content, sha256=hashlib.sha256(content).hexdigest())
    account.get("/uploads/usage")
    page = account.get("/uploads", query={"limit": 1})
    if page["next"]:
        account.get("/uploads", query={"limit": 1, "cursor": page["next"]})
    download(account, account.get("/uploads/{id}", upload)["download"]["url"], content)
    delete(account, upload)


@flow(weight=10)
def look_at_files(person: Person) -> None:
    for item in person.account.get("/uploads", query={"limit": 20})["items"][:2]:
        person.account.get("/uploads/{id}", item["id"])


@flow(weight=2)
def restore(person: Person) -> None:
    account, content = person.account, b"hello"
    upload = store(account, content)
    delete(account, upload)
    (version,) = account.get("/uploads/{id}/versions", upload)["items"]
    account.call("POST", "/uploads/{id}/restore", upload, body={"versionId": version["versionId"]})
    download(account, account.get("/uploads/{id}", upload)["download"]["url"], content)
    delete(account, upload)


@flow(weight=2)
def show_a_thumbnail(person: Person) -> None:
    account, picture, thumbnail = person.account, os.urandom(10_000), os.urandom(500)
    announced = {"contentType": "image/webp", "size": len(thumbnail)}
    created = create(account, len(picture), filename="a.jpg", contentType="image/jpeg", thumbnail=announced)
    put(account, created["thumbnailTransfer"], thumbnail)
    put(account, created["transfer"], picture)
    upload = created["upload"]["id"]
    account.call("POST", "/uploads/{id}/complete", upload, body={})
    download(account, account.get("/uploads/{id}", upload)["thumbnail"]["url"], thumbnail)
    delete(account, upload)


@flow(weight=3)
def share(person: Person) -> None:
    account, friend = person.account, person.friend
    upload, email = store(account, b"hello"), {"email": "grace@example.com"}
    account.call("PUT", "/uploads/{id}/grants/{grantee}", upload, friend.id, expected=204)
    account.call("PUT", "/uploads/{id}/grants", upload, body=email, expected=204)
    assert len(account.get("/uploads/{id}/grants", upload)["items"]) == 2
    download(friend, friend.get("/uploads/{id}", upload)["download"]["url"], b"hello")
    friend.get("/uploads", query={"shared": "with-me"})
    account.call("DELETE", "/uploads/{id}/grants", upload, body=email, expected=204)
    account.call("DELETE", "/uploads/{id}/grants/{grantee}", upload, friend.id, expected=204)
    friend.call("GET", "/uploads/{id}", upload, expected=404)
    delete(account, upload)


@flow(weight=1)
def cancel_a_large_upload(person: Person) -> None:
    account = person.account
    created = create(account, LARGE)
    upload, parts = created["upload"]["id"], created["transfer"]["partCount"]
    # The last part has one byte more than the full parts leave.
    body = {"partNumbers": [parts]}
    (signed,) = account.call("POST", "/uploads/{id}/parts", upload, body=body).body["parts"]
    content = bytes(int(signed["headers"]["content-length"]))
    part = {"partNumber": parts, "etag": put(account, signed, content)}
    assert len(account.get("/uploads/{id}/parts", upload)["items"]) == 1
    account.call("POST", "/uploads/{id}/complete", upload, body={"parts": [part]}, expected=409)
    delete(account, upload)


@flow(weight=1)
def lock(person: Person) -> None:
    account = person.account
    upload = store(account, b"hello")
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    account.call("PUT", "/uploads/{id}/lock", upload, body={"until": until.strftime("%Y-%m-%dT%H:%M:%SZ")})
    account.call("DELETE", "/uploads/{id}", upload, expected=409)
