"""Multipart uploads.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""

import base64
import hashlib
from typing import Any

from .battery import PART, Server, answers, check, etag, refuses, same

FIRST, SECOND, LAST = b"1" * PART, b"2" * PART, b"end"
UNKNOWN_UPLOAD = "0" * 64


class Upload:
    """A multipart upload in progress."""

    def __init__(self, s3: Server, **more: Any) -> None:
        self.s3 = s3
        self.id = s3.call("create_multipart_upload", Key=s3.key(), **more)["UploadId"]

    def call(self, operation: str, **more: Any) -> Any:
        return self.s3.call(operation, **({"Key": self.s3.key(), "UploadId": self.id} | more))

    def part(self, number: int, body: bytes, **more: Any) -> dict[str, Any]:
        answer = self.call("upload_part", PartNumber=number, Body=body, **more)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def complete(self, *parts: dict[str, Any], **more: Any) -> Any:
        return self.call("complete_multipart_upload", MultipartUpload={"Parts": list(parts)}, **more)

    def has_not_become_an_object(self) -> None:
        same(self.s3.keys(), [])


def tag_of(*bodies: bytes) -> str:
    joined = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(joined).hexdigest()}-{len(bodies)}"'


@check
def parts_become_an_object(s3: Server) -> None:
    upload = Upload(s3, ContentType="video/mp4", Metadata={"color": "red"})
    last = upload.part(2, LAST)
    first = upload.part(1, FIRST)
    same(first["ETag"], etag(FIRST))
    upload.has_not_become_an_object()
    done = upload.complete(first, last)
    same(done["ETag"], tag_of(FIRST, LAST))
    head = s3.call("head_object", Key=s3.key())
    same((head["ETag"], head["ContentLength"]), (tag_of(FIRST, LAST), PART + 3))
    same((head["ContentType"], head["Metadata"]), ("video/mp4", {"color": "red"}))
    same(s3.read(s3.key(), Range=f"bytes={PART - 2}-"), b"11end")


@check
def part_numbers_can_have_gaps(s3: Server) -> None:
    upload = Upload(s3)
    upload.complete(upload.part(3, FIRST), upload.part(10_000, LAST))
    same(s3.call("head_object", Key=s3.key())["ContentLength"], PART + 3)


@check
def part_number_0_is_refused(s3: Server) -> None:
    refuses(400, "InvalidArgument", Upload(s3).part, 0, LAST)


@check
def part_number_10001_is_refused(s3: Server) -> None:
    refuses(400, "InvalidArgument", Upload(s3).part, 10_001, LAST)


@check
def a_part_number_that_is_not_a_number_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    response = s3.header_signed("PUT", s3.key(), b"x", f"?partNumber=one&uploadId={upload.id}")
    answers(response, 400, "InvalidArgument")


@check
def an_unknown_upload_is_404(s3: Server) -> None:
    upload = Upload(s3)
    part = upload.part(1, LAST)
    upload.id = UNKNOWN_UPLOAD
    refuses(404, "NoSuchUpload", upload.part, 1, LAST)
    refuses(404, "NoSuchUpload", upload.call, "list_parts")
    refuses(404, "NoSuchUpload", upload.complete, part)
    refuses(404, "NoSuchUpload", upload.call, "abort_multipart_upload")


@check
def an_upload_id_is_valid_for_its_key_only(s3: Server) -> None:
    upload = Upload(s3)
    part = upload.part(1, LAST)
    other = s3.key("b")
    refuses(404, "NoSuchUpload", upload.call, "upload_part", Key=other, PartNumber=1, Body=LAST)
    refuses(404, "NoSuchUpload", upload.complete, part, Key=other)
    refuses(404, "NoSuchUpload", upload.call, "abort_multipart_upload", Key=other)
    same(len(upload.call("list_parts")["Parts"]), 1)


@check
def a_wrong_etag_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    upload.part(1, LAST)
    refuses(400, "InvalidPart", upload.complete, {"PartNumber": 1, "ETag": etag(b"another")})
    upload.has_not_become_an_object()


@check
def a_part_that_was_not_uploaded_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    first = upload.part(1, FIRST)
    refuses(400, "InvalidPart", upload.complete, first, {"PartNumber": 2, "ETag": first["ETag"]})
    upload.has_not_become_an_object()


@check
def parts_out_of_order_are_refused(s3: Server) -> None:
    upload = Upload(s3)
    first, second = upload.part(1, FIRST), upload.part(2, SECOND)
    refuses(400, "InvalidPartOrder", upload.complete, second, first)
    refuses(400, "InvalidPartOrder", upload.complete, first, first)
    upload.has_not_become_an_object()


@check
def a_small_part_before_the_last_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    refuses(400, "EntityTooSmall", upload.complete, upload.part(1, b"1" * (PART - 1)), upload.part(2, LAST))
    upload.has_not_become_an_object()


@check
def a_list_without_parts_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    upload.part(1, LAST)
    refuses(400, "MalformedXML", upload.complete)
    upload.has_not_become_an_object()


@check
def a_list_that_is_not_xml_is_refused(s3: Server) -> None:
    upload = Upload(s3)
    answers(s3.header_signed("POST", s3.key(), b"<Complete", f"?uploadId={upload.id}"), 400, "MalformedXML")


@check
def completing_twice_creates_one_object(s3: Server) -> None:
    upload = Upload(s3)
    part = upload.part(1, LAST)
    first = upload.complete(part)
    # A client whose response was lost may retry.
    again = upload.complete(part)
    same((again["ETag"], again["VersionId"]), (first["ETag"], first["VersionId"]))
    same(len(s3.call("list_object_versions", Prefix=s3.key())["Versions"]), 1)


@check
def an_aborted_upload_is_404(s3: Server) -> None:
    upload = Upload(s3)
    part = upload.part(1, LAST)
    upload.call("abort_multipart_upload")
    refuses(404, "NoSuchUpload", upload.complete, part)
    refuses(404, "NoSuchUpload", upload.part, 2, LAST)
    refuses(404, "NoSuchUpload", upload.call, "list_parts")
    upload.has_not_become_an_object()


@check
def a_completed_upload_accepts_no_more_parts(s3: Server) -> None:
    upload = Upload(s3)
    upload.complete(upload.part(1, LAST))
    refuses(404, "NoSuchUpload", upload.part, 2, LAST)
    refuses(404, "NoSuchUpload", upload.call, "list_parts")


@check
def a_part_can_be_sent_again(s3: Server) -> None:
    upload = Upload(s3)
    old = upload.part(1, b"old")
    new = upload.part(1, b"newer")
    same([part["Size"] for part in upload.call("list_parts")["Parts"]], [5])
    refuses(400, "InvalidPart", upload.complete, old)
    upload.complete(new)
    same(s3.read(s3.key()), b"newer")


@check
def parts_that_are_not_listed_are_discarded(s3: Server) -> None:
    upload = Upload(s3)
    upload.part(1, b"first")
    upload.complete(upload.part(2, LAST))
    same(s3.read(s3.key()), LAST)


@check
def parts_are_listed_in_pages(s3: Server) -> None:
    upload = Upload(s3)
    for number in [5, 1, 9, 2, 7]:
        upload.part(number, b"x" * number)
    seen, marker, pages = [], 0, 0
    while True:
        page = upload.call("list_parts", MaxParts=2, PartNumberMarker=marker)
        seen += [(part["PartNumber"], part["Size"]) for part in page["Parts"]]
        pages += 1
        if not page["IsTruncated"]:
            break
        marker = page["NextPartNumberMarker"]
    same((seen, pages), ([(number, number) for number in [1, 2, 5, 7, 9]], 3))


@check
def unfinished_uploads_are_listed(s3: Server) -> None:
    upload = Upload(s3)

    def listed() -> list[str]:
        page = s3.call("list_multipart_uploads", Prefix=s3.key())
        return [one["UploadId"] for one in page.get("Uploads", [])]

    same(listed(), [upload.id])
    upload.call("abort_multipart_upload")
    same(listed(), [])


@check
def a_completion_can_be_conditional(s3: Server) -> None:
    s3.put(s3.key())
    upload = Upload(s3)
    part = upload.part(1, LAST)
    refuses(412, "PreconditionFailed", upload.complete, part, IfNoneMatch="*")
    same(s3.read(s3.key()), b"hello")


@check
def a_completion_can_state_the_size(s3: Server) -> None:
    upload = Upload(s3)
    part = upload.part(1, LAST)
    refuses(400, "InvalidRequest", upload.complete, part, MpuObjectSize=4)
    upload.complete(part, MpuObjectSize=3)


@check
def a_presigned_part_must_have_its_signed_length(s3: Server) -> None:
    upload = Upload(s3)
    signed = s3.sign("upload_part", s3.key(), UploadId=upload.id, PartNumber=1, ContentLength=3)
    answers(s3.send(signed, b"longer"), 403, "SignatureDoesNotMatch")
    other = signed._replace(url=signed.url.replace("partNumber=1", "partNumber=2"))
    answers(s3.send(other, LAST), 403, "SignatureDoesNotMatch")
    response = s3.send(signed, LAST)
    answers(response, 200)
    same(response.headers["etag"], etag(LAST))
    same([part["PartNumber"] for part in upload.call("list_parts")["Parts"]], [1])


@check
def a_wrong_checksum_of_a_part_is_refused(s3: Server) -> None:
    upload = Upload(s3, ChecksumAlgorithm="SHA256")
    wrong = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    refuses(400, "BadDigest", upload.part, 1, LAST, ChecksumSHA256=wrong)
    same(upload.call("list_parts").get("Parts", []), [])


@check
def checksums_of_parts_are_combined(s3: Server) -> None:
    upload = Upload(s3, ChecksumAlgorithm="SHA256")
    sums = [hashlib.sha256(body).digest() for body in [FIRST, LAST]]
    texts = [base64.b64encode(one).decode() for one in sums]
    parts = [
        upload.part(number, body, ChecksumSHA256=text) | {"ChecksumSHA256": text}
        for number, body, text in [(1, FIRST, texts[0]), (2, LAST, texts[1])]
    ]
    expected = base64.b64encode(hashlib.sha256(b"".join(sums)).digest()).decode() + "-2"
    same(upload.complete(*parts)["ChecksumSHA256"], expected)
    same(s3.call("head_object", Key=s3.key(), ChecksumMode="ENABLED")["ChecksumSHA256"], expected)


@check
def one_part_can_be_read(s3: Server) -> None:
    upload = Upload(s3)
    upload.complete(upload.part(1, FIRST), upload.part(2, LAST))
    part = s3.call("get_object", Key=s3.key(), PartNumber=2)
    same((part["Body"].read(), part["PartsCount"]), (LAST, 2))
