"""Requests that Cloakroom refuses."""

import json
import urllib.parse
from typing import Any

from s3.battery import same

from .visit import LARGE, QUOTA, CurlResponse, Visit, check, curl, problem, put

NAMES = [
    "../../etc/passwd", "..", ".", "", " ", "a/b", "a\\b", "/etc/passwd", "C:\\a", "a\0b", "a\r\nb: c", "a\tb", "a\x7fb",
    "a\u202egpj.exe", "a\u2066b", "n" * 300, "ü" * 128,
]  # fmt: skip


@check
def names_that_are_paths_are_refused(visit: Visit) -> None:
    for name in NAMES:
        body = json.dumps({"filename": name, "contentType": "text/plain", "size": 5})
        problem(visit.api("POST", "/uploads", body), 422, "validation_failed", filename="invalid_filename")
        query = urllib.parse.urlencode({"filename": name, "type": "text/plain"})
        answer = visit.api("GET", f"/s3/params?{query}")
        same((name, answer.status, b"invalid_filename" in answer.body or name == ""), (name, 422, True))
        body = json.dumps({"filename": name, "type": "text/plain", "metadata": {}})
        same((name, visit.api("POST", "/s3/multipart", body).status), (name, 422))
    same(visit.person.uploads(), [])
    visit.nothing_is_stored()


@check
def unusual_names_are_stored_safely(visit: Visit) -> None:
    for name in ["שלום.txt", 'a"; filename="b.exe', "a;b,c.txt", "%2e%2e%2fpasswd", "a\u00adb", "CON", "n" * 255]:
        upload_id, transfer = visit.create_upload(filename=name)
        same(put(transfer, b"hello").status, 200)
        same(visit.person.complete(upload_id).expect(200)["upload"]["filename"], name)
        # The name is not part of the key.
        same(visit.s3.read(visit.key(upload_id)), b"hello")
        url = visit.person.get(f"/uploads/{upload_id}").expect(200)["download"]["url"]
        disposition = curl(url).headers["content-disposition"]
        assert disposition.startswith('attachment; filename="') and disposition.count('"') == 2, disposition
        same(urllib.parse.unquote(disposition.partition("filename*=UTF-8''")[2]), name)


@check
def invalid_sizes_and_types_are_refused(visit: Visit) -> None:
    for field, value, code in [
        ("size", "-1", None),
        ("size", "1.5", None),
        ("size", '"5"', "wrong_type"),
        ("size", str(5 * 1024**4 + 1), "too_large"),
        ("contentType", '"picture"', "invalid_content_type"),
        ("contentType", '"text/plain\\r\\nx: y"', "invalid_content_type"),
        ("sha256", '"abc"', "invalid_sha256"),
    ]:
        fields = {"filename": '"a.txt"', "contentType": '"text/plain"', "size": "5"} | {field: value}
        body = "{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}"
        answer = visit.api("POST", "/uploads", body)
        if code:
            problem(answer, 422, "validation_failed", **{field: code})
        else:
            same((value, answer.status), (value, 422))
    same(visit.person.uploads(), [])


@check
def invalid_part_numbers_are_refused(visit: Visit) -> None:
    upload_id, transfer = visit.create_upload(LARGE)
    for number in ["0", "10001", "-1", str(transfer["partCount"] + 1), "70000", "1.5", '"1"', "null"]:
        answer = visit.api("POST", f"/uploads/{upload_id}/parts", f'{{"partNumbers": [{number}]}}')
        same((number, answer.status), (number, 422))
        assert b'"pointer":"/partNumbers' in answer.body, answer.body
        body = f'{{"parts": [{{"partNumber": {number}, "etag": "abc"}}]}}'
        same((number, visit.api("POST", f"/uploads/{upload_id}/complete", body).status in (409, 422)), (number, True))
    body = f'{{"partNumbers": [{",".join(["1"] * 101)}]}}'
    problem(visit.api("POST", f"/uploads/{upload_id}/parts", body), 422, "validation_failed", partNumbers="too_long")
    visit.nothing_is_stored()


@check
def incomplete_uploads_are_refused(visit: Visit) -> None:
    upload_id, _ = visit.create_upload(LARGE)
    foreign_id, _ = visit.create_upload(LARGE)
    signed = visit.person.sign(upload_id, [1, 2])
    size = int(signed[0]["headers"]["content-length"])
    parts = [{"partNumber": n, "etag": put(one, bytes([n]) * size).headers["etag"]} for n, one in enumerate(signed, 1)]
    theirs = put(visit.person.sign(foreign_id, [3])[0], b"\3" * size).headers["etag"]

    def complete(*named: dict[str, Any]) -> CurlResponse:
        return visit.api("POST", f"/uploads/{upload_id}/complete", json.dumps({"parts": list(named)}))

    problem(complete(*parts), 409, "size_mismatch")
    problem(complete(*parts, {"partNumber": 3, "etag": parts[0]["etag"]}), 409, "upload_incomplete")
    problem(complete(*parts, {"partNumber": 3, "etag": theirs}), 409, "upload_incomplete")
    problem(complete(parts[0], parts[1] | {"etag": parts[0]["etag"]}), 409, "upload_incomplete")
    problem(complete(parts[0], parts[0]), 422, "validation_failed", parts="duplicate_part")
    problem(complete(), 422, "validation_failed", parts="empty")
    problem(complete(parts[0] | {"etag": "a\r\nb"}), 422, "validation_failed", **{"parts/0/etag": "invalid_etag"})
    problem(visit.api("POST", f"/uploads/{upload_id}/complete", "{}"), 422, "parts_required")
    single_id, _ = visit.create_upload()
    problem(visit.api("POST", f"/uploads/{single_id}/complete", "{}"), 409, "upload_incomplete")
    visit.nothing_is_stored()


@check
def uploads_and_bodies_that_are_too_large_are_refused(visit: Visit) -> None:
    body = f'{{"filename": "a", "contentType": "text/plain", "size": {QUOTA + 1}}}'
    problem(visit.api("POST", "/uploads", body), 409, "quota_exceeded")
    long = '{"filename": "' + "n" * 70_000 + '", "contentType": "text/plain", "size": 5}'
    same(visit.api("POST", "/uploads", long).status, 413)
    same(visit.person.uploads(), [])
