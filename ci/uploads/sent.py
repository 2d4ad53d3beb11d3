"""Uploads with curl and urllib3, and their files as boto3 sees them in the bucket."""

import base64
import datetime
import hashlib
import os
import time

from s3.battery import md5, now, same

from .visit import LARGE, Visit, check, curl, post, problem, put

# Maximum seconds until an event of S3 is handled.
MAX_WAIT_SECONDS = 30


@check
def curl_sends_a_file(visit: Visit) -> None:
    body = os.urandom(1000)
    digest = hashlib.sha256(body)
    upload_id, transfer = visit.create_upload(1000, contentType="image/png", sha256=digest.hexdigest())
    answer = put(transfer, body)
    same((answer.status, answer.headers["etag"]), (200, f'"{md5(body)}"'))
    upload = visit.person.complete(upload_id).expect(200)["upload"]
    same((upload["status"], upload["sha256"]), ("stored", digest.hexdigest()))
    url = visit.person.get(f"/uploads/{upload_id}").expect(200)["download"]["url"]
    answer = curl(url)
    same((answer.body, answer.headers["content-type"]), (body, "image/png"))
    # The bucket's owner sees the same file.
    head = visit.s3.call("head_object", Key=visit.key(upload_id), ChecksumMode="ENABLED")
    seen = [head[name] for name in ["ContentLength", "ContentType", "ETag", "ChecksumSHA256"]]
    same(seen, [1000, "image/png", f'"{md5(body)}"', base64.b64encode(digest.digest()).decode()])
    same(visit.s3.read(visit.key(upload_id)), body)


@check
def urllib3_sends_a_file(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload()
    same(visit.person.send(transfer, b"hello").status, 200)
    visit.person.complete(upload_id).expect(200)
    same(visit.s3.read(visit.key(upload_id)), b"hello")


@check
def curl_sends_parts(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload(LARGE, filename="film.mp4", contentType="video/mp4")
    size, count = transfer["partSize"], transfer["partCount"]
    bodies = {n: bytes([n]) * min(size, LARGE - (n - 1) * size) for n in range(1, count + 1)}
    parts = []
    for signed in visit.person.sign(upload_id, list(bodies)):
        answer = put(signed, bodies[signed["partNumber"]])
        same(answer.status, 200)
        parts.append({"partNumber": signed["partNumber"], "etag": answer.headers["etag"]})
    received = visit.person.get(f"/uploads/{upload_id}/parts?limit=100").expect(200)["items"]
    same([(one["partNumber"], one["size"]) for one in received], [(n, len(body)) for n, body in bodies.items()])
    same(visit.person.complete(upload_id, parts=parts).expect(200)["upload"]["status"], "stored")
    head = visit.s3.call("head_object", Key=visit.key(upload_id))
    same((head["ContentLength"], head["ContentType"]), (LARGE, "video/mp4"))
    assert head["ETag"].endswith(f'-{count}"'), head["ETag"]
    tail = visit.s3.read(visit.key(upload_id), Range=f"bytes={size - 1}-{size}")
    same(tail, b"\1\2")


@check
def curl_posts_a_form(visit: Visit) -> None:
    form = visit.person.get("/s3/params?filename=a.txt&type=text/plain").expect(200)
    answer = post(form)
    same(answer.status, 201)
    key = form["fields"]["key"]
    upload = visit.person.complete(key.split("/")[1]).expect(200)["upload"]
    same((upload["status"], upload["size"], upload["contentType"]), ("stored", 5, "text/plain"))
    same(visit.s3.read(key), b"hello")


@check
def the_owner_of_the_bucket_sees_the_versions(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload()
    put(transfer, b"hello")
    visit.person.complete(upload_id).expect(200)
    key = visit.key(upload_id)
    first = visit.s3.call("list_object_versions", Prefix=key)["Versions"]
    # A version that no user uploaded: its event handler deletes it.
    visit.s3.put(key, b"HELLO", ContentType="text/plain")
    until = time.monotonic() + MAX_WAIT_SECONDS
    while (theirs := visit.s3.call("list_object_versions", Prefix=key)["Versions"]) != first:
        assert time.monotonic() < until, theirs
        time.sleep(0.1)
    listed = visit.person.get(f"/uploads/{upload_id}/versions").expect(200)["items"]
    same([one["versionId"] for one in listed], [one["VersionId"] for one in first])
    same(visit.s3.read(key), b"hello")
    same(visit.person.delete(f"/uploads/{upload_id}").status, 204)
    assert visit.s3.call("list_object_versions", Prefix=key)["DeleteMarkers"][0]["IsLatest"]
    visit.person.post(f"/uploads/{upload_id}/restore", {"versionId": first[0]["VersionId"]}).expect(200)
    assert "DeleteMarkers" not in visit.s3.call("list_object_versions", Prefix=key)
    same(visit.s3.read(key), b"hello")


@check
def the_owner_of_the_bucket_sees_the_lock(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload()
    put(transfer, b"hello")
    visit.person.complete(upload_id).expect(200)
    until = now() + datetime.timedelta(minutes=5)
    lock = {"until": until.isoformat().replace("+00:00", "Z")}
    visit.person.call("PUT", f"/uploads/{upload_id}/lock", lock).expect(200)
    held = visit.s3.call("get_object_retention", Key=visit.key(upload_id))["Retention"]
    same((held["Mode"], held["RetainUntilDate"]), ("GOVERNANCE", until))
    problem(visit.api("DELETE", f"/uploads/{upload_id}"), 409, "upload_locked")
