"""Uploads, with the URLs and forms that the API signs."""

import datetime
import os
import urllib.parse
from typing import Any

import requests

from .visit import Person, Stack, eventually, same, step

# The least size of a part that is not the last one.
PART = 5 * 1024 * 1024


def status_of(person: Person, upload_id: str) -> str:
    return person.get(f"/uploads/{upload_id}").expect(200)["upload"]["status"]


def put(signed: dict[str, Any], body: bytes) -> requests.Response:
    response = requests.put(signed["url"], data=body, headers=signed["headers"], timeout=60)
    same((response.status_code, response.text), (200, ""))
    return response


def stored(person: Person, body: bytes = b"hello") -> str:
    """Uploads a file with a PUT, completes it and returns its id."""
    created = person.create_upload(len(body))
    put(created["transfer"], body)
    upload_id: str = created["upload"]["id"]
    same(person.complete(upload_id).expect(200)["upload"]["status"], "stored")
    return upload_id


def downloaded(person: Person, upload_id: str) -> bytes:
    url = person.get(f"/uploads/{upload_id}").expect(200)["download"]["url"]
    response = requests.get(url, timeout=60)
    same(response.status_code, 200)
    return response.content


@step
def upload_with_a_put_and_download(stack: Stack) -> None:
    person = Person(stack)
    body = os.urandom(1000)
    upload_id = stored(person, body)
    same(downloaded(person, upload_id), body)
    same([one["id"] for one in person.uploads()], [upload_id])


@step
def an_event_of_s3_stores_an_upload(stack: Stack) -> None:
    person = Person(stack)
    created = person.create_upload(5)
    put(created["transfer"], b"hello")
    upload_id = created["upload"]["id"]
    eventually("an event stores the upload", lambda: status_of(person, upload_id) == "stored")


@step
def upload_with_a_post_form(stack: Stack) -> None:
    person = Person(stack)
    form = person.get("/s3/params?filename=a.txt&type=text/plain").expect(200)
    response = requests.post(form["url"], data=form["fields"], files={"file": b"hello"}, timeout=60)
    same((response.status_code, response.text if response.status_code >= 300 else ""), (201, ""))
    upload_id = form["fields"]["key"].split("/")[1]
    person.complete(upload_id).expect(200)
    same(downloaded(person, upload_id), b"hello")


@step
def upload_in_two_parts(stack: Stack) -> None:
    person = Person(stack)
    begun = person.post("/s3/multipart", {"filename": "film.mp4", "type": "video/mp4", "metadata": {}}).expect(200)
    path, key = f"/s3/multipart/{urllib.parse.quote(begun['uploadId'])}", urllib.parse.quote(begun["key"])
    bodies = {1: b"\1" * PART, 2: b"\2" * 5}
    parts = []
    for number, body in bodies.items():
        url = person.get(f"{path}/{number}?key={key}").expect(200)["url"]
        response = requests.put(url, data=body, timeout=60)
        same((response.status_code, response.text), (200, ""))
        parts.append({"PartNumber": number, "ETag": response.headers["etag"]})
    received = person.get(f"{path}?key={key}").expect(200)
    same([(one["PartNumber"], one["Size"]) for one in received], [(n, len(body)) for n, body in bodies.items()])
    person.post(f"{path}/complete?key={key}", {"parts": parts}).expect(200)
    same(downloaded(person, begun["key"].split("/")[1]), bodies[1] + bodies[2])


@step
def delete_and_restore(stack: Stack) -> None:
    person = Person(stack)
    upload_id = stored(person)
    person.delete(f"/uploads/{upload_id}").expect(204)
    (version,) = person.get(f"/uploads/{upload_id}/versions").expect(200)["items"]
    same(version["isCurrent"], False)
    restored = person.post(f"/uploads/{upload_id}/restore", {"versionId": version["versionId"]}).expect(200)
    same(restored["upload"]["status"], "stored")
    same(downloaded(person, upload_id), b"hello")


@step
def share_with_another_user(stack: Stack) -> None:
    owner, reader = Person(stack), Person(stack)
    upload_id = stored(owner)
    reader.get(f"/uploads/{upload_id}").expect(404, "not_found")
    same(owner.call("PUT", f"/uploads/{upload_id}/grants/{reader.id}").status, 204)
    same(downloaded(reader, upload_id), b"hello")


@step
def lock_a_file(stack: Stack) -> None:
    person = Person(stack)
    upload_id = stored(person)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    lock = {"until": until.isoformat(timespec="seconds").replace("+00:00", "Z")}
    person.call("PUT", f"/uploads/{upload_id}/lock", lock).expect(200)
    person.delete(f"/uploads/{upload_id}").expect(409, "upload_locked")
    sooner = until - datetime.timedelta(minutes=4)
    lock = {"until": sooner.isoformat(timespec="seconds").replace("+00:00", "Z")}
    same(person.call("PUT", f"/uploads/{upload_id}/lock", lock).status, 409)
