"""Requests that S3 refuses because they differ from what was signed."""

import base64
import datetime
import hashlib
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from s3.battery import MIB, at, now, same

from .visit import LARGE, QUOTA, Visit, check, post, put

UNKNOWN_ID = "01920000-0000-7000-8000-000000000000"


@check
def another_length_is_refused(visit: Visit) -> None:
    _, transfer = visit.create_upload()
    for body in [b"hello!", b"hell", b"", b"x" * MIB]:
        put(transfer, body).refuses(403, "SignatureDoesNotMatch")
    visit.nothing_is_stored()


@check
def another_type_is_refused(visit: Visit) -> None:
    _, transfer = visit.create_upload()
    put(transfer, b"hello", content_type="text/html").refuses(403, "SignatureDoesNotMatch")
    put(transfer, b"hello", content_type=None).refuses(403, "SignatureDoesNotMatch")
    visit.nothing_is_stored()


@check
def another_key_is_refused(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload()
    for key in [f"{visit.person.id}/{UNKNOWN_ID}", f"{UNKNOWN_ID}/{upload_id}", "x"]:
        url = transfer["url"].replace(visit.key(upload_id), key)
        assert url != transfer["url"], "the URL does not contain the unencoded key"
        put(transfer | {"url": url}, b"hello").refuses(403, "SignatureDoesNotMatch")
    visit.nothing_is_stored()


@check
def another_signature_is_refused(visit: Visit) -> None:
    _, transfer = visit.create_upload()
    url, _, signature = transfer["url"].partition("X-Amz-Signature=")
    changed = ("1" if signature[0] == "0" else "0") + signature[1:]
    put(transfer | {"url": f"{url}X-Amz-Signature={changed}"}, b"hello").refuses(403, "SignatureDoesNotMatch")
    later = transfer["url"].replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")
    assert later != transfer["url"], "the URL is not valid for an hour"
    put(transfer | {"url": later}, b"hello").refuses(403, "SignatureDoesNotMatch")
    bare = transfer["url"].partition("?")[0]
    put(transfer | {"url": bare}, b"hello").refuses(403, "AccessDenied")
    visit.nothing_is_stored()


def signed_at(visit: Visit, transfer: dict[str, Any], moment: datetime.datetime) -> dict[str, Any]:
    """Presigns the transfer as the function would at another time."""
    request = botocore.awsrequest.AWSRequest("PUT", transfer["url"].partition("?")[0])
    for name, value in transfer["headers"].items():
        if name != "host":
            request.headers[name] = value
    key = "LOCALUPLOADSFUNCTION"
    keys = botocore.credentials.Credentials(key, visit.system.secret_of(key), "local")
    with at(moment):
        botocore.auth.S3SigV4QueryAuth(keys, "s3", visit.system.region, expires=3600).add_auth(request)
    return transfer | {"url": request.url}


@check
def an_expired_url_is_refused(visit: Visit) -> None:
    _, transfer = visit.create_upload()
    old = signed_at(visit, transfer, now() - datetime.timedelta(seconds=3601))
    answer = put(old, b"hello")
    answer.refuses(403, "AccessDenied")
    # Uppy and other clients look for this message before they request a new URL.
    assert b"Request has expired" in answer.body, answer.body
    visit.nothing_is_stored()
    # A younger URL with the same content is accepted.
    same(put(signed_at(visit, transfer, now() - datetime.timedelta(seconds=3000)), b"hello").status, 200)


@check
def another_digest_is_refused(visit: Visit) -> None:
    _, transfer = visit.create_upload(sha256=hashlib.sha256(b"hello").hexdigest())
    put(transfer, b"HELLO").refuses(400, "BadDigest")
    other = base64.b64encode(hashlib.sha256(b"HELLO").digest()).decode()
    put(transfer, b"HELLO", x_amz_checksum_sha256=other).refuses(403, "SignatureDoesNotMatch")
    put(transfer, b"hello", x_amz_checksum_sha256=None).refuses(403, "SignatureDoesNotMatch")
    visit.nothing_is_stored()


@check
def an_existing_file_is_not_overwritten(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload()
    same(put(transfer, b"hello").status, 200)
    put(transfer, b"HELLO").refuses(412, "PreconditionFailed")
    put(transfer, b"HELLO", if_none_match=None).refuses(403, "SignatureDoesNotMatch")
    same(visit.s3.read(visit.key(upload_id)), b"hello")


@check
def a_form_that_is_too_large_is_refused(visit: Visit) -> None:
    # Reserves all but ten bytes of the quota.
    visit.create_upload(QUOTA - 10)
    form = visit.person.get("/s3/params?filename=a.txt&type=text/plain").expect(200)
    post(form, b"hello world").refuses(400, "EntityTooLarge")
    visit.nothing_is_stored()


@check
def a_form_that_was_changed_is_refused(visit: Visit) -> None:
    form = visit.person.get("/s3/params?filename=a.txt&type=text/plain").expect(200)
    for name, value in [("key", "x"), ("Content-Type", "text/html"), ("x-amz-meta-color", "red")]:
        post(form, **{name: value}).refuses(403, "AccessDenied")
    policy = base64.b64encode(b'{"expiration": "2099-01-01T00:00:00Z", "conditions": []}').decode()
    # The new policy has no condition for the credential.
    assert post(form, policy=policy).status in (400, 403)
    post(form, **{"x-amz-signature": "0" * 64}).refuses(403, "SignatureDoesNotMatch")
    visit.nothing_is_stored()


@check
def a_part_that_differs_from_the_signed_one_is_refused(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload(LARGE)
    signed = visit.person.sign(upload_id, [transfer["partCount"]])[0]
    body = b"x" * (LARGE % transfer["partSize"])
    put(signed, body + b"!").refuses(403, "SignatureDoesNotMatch")
    for number in [0, 1, 10_001]:
        other = signed["url"].replace(f"partNumber={signed['partNumber']}", f"partNumber={number}")
        assert other != signed["url"], signed["url"]
        put(signed | {"url": other}, body).refuses(403, "SignatureDoesNotMatch")
    same(visit.person.get(f"/uploads/{upload_id}/parts").expect(200)["items"], [])
    visit.nothing_is_stored()
