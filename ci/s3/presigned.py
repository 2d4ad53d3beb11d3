"""Presigned URLs.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import base64
import datetime
import hashlib

from .battery import Server, Signed, answers, at, check, etag, now, refuses, same

HELLO = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()


def put_url(s3: Server, **more: object) -> Signed:
    """Presigns a PUT of five bytes of text that does not overwrite."""
    parameters = {"ContentType": "text/plain", "ContentLength": 5, "IfNoneMatch": "*"} | more
    return s3.sign("put_object", s3.key(), **parameters)


def refused(s3: Server, signed: Signed, body: bytes = b"hello", status: int = 403, code: str = "SignatureDoesNotMatch"):
    answers(s3.send(signed, body), status, code)
    same(s3.keys(), [])


@check
def a_presigned_put_is_stored(s3: Server) -> None:
    response = s3.send(put_url(s3), b"hello")
    answers(response, 200)
    same(response.headers["etag"], etag(b"hello"))
    head = s3.call("head_object", Key=s3.key())
    same((head["ContentType"], head["ContentLength"]), ("text/plain", 5))


@check
def a_longer_body_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3), b"hello!")


@check
def a_shorter_body_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3), b"hell")


@check
def an_empty_body_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3), b"")


@check
def another_type_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    refused(s3, signed._replace(headers=signed.headers | {"content-type": "text/html"}))


@check
def a_signed_header_that_is_missing_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    del signed.headers["if-none-match"]
    refused(s3, signed)


@check
def an_added_amz_header_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    refused(s3, signed._replace(headers=signed.headers | {"x-amz-meta-color": "red"}), code="AccessDenied")


@check
def another_key_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    refused(s3, signed._replace(url=signed.url.replace("/a?", "/b?")))


@check
def another_signature_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    last = "1" if signed.url.endswith("0") else "0"
    refused(s3, signed._replace(url=signed.url[:-1] + last))


@check
def another_method_is_refused(s3: Server) -> None:
    s3.put(s3.key())
    get = s3.sign("get_object", s3.key())
    for method in ["PUT", "DELETE", "HEAD"]:
        same(s3.send(get._replace(method=method), b"").status, 403)
    same(s3.read(s3.key()), b"hello")


@check
def an_added_parameter_is_refused(s3: Server) -> None:
    s3.put(s3.key())
    get = s3.sign("get_object", s3.key())
    added = get._replace(url=get.url + "&response-content-type=text%2Fhtml")
    answers(s3.send(added), 403, "SignatureDoesNotMatch")


@check
def a_changed_expiry_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    refused(s3, signed._replace(url=signed.url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")))


@check
def an_expired_url_is_refused(s3: Server) -> None:
    with at(now() - datetime.timedelta(minutes=2)):
        signed = put_url(s3)
    response = s3.send(signed, b"hello")
    answers(response, 403, "AccessDenied")
    assert b"Request has expired" in response.data, response.data
    same(s3.keys(), [])


@check
def a_url_from_the_future_is_refused(s3: Server) -> None:
    with at(now() + datetime.timedelta(hours=1)):
        signed = put_url(s3)
    refused(s3, signed, code="AccessDenied")


@check
def an_expiry_of_more_than_a_week_is_refused(s3: Server) -> None:
    signed = s3.sign("get_object", s3.key(), seconds=604801)
    answers(s3.send(signed), 400, "AuthorizationQueryParametersError")


@check
def a_missing_parameter_of_the_signature_is_refused(s3: Server) -> None:
    signed = put_url(s3)
    without = "&".join(part for part in signed.url.split("&") if not part.startswith("X-Amz-Date="))
    refused(s3, signed._replace(url=without), status=400, code="AuthorizationQueryParametersError")


@check
def an_unknown_access_key_is_refused(s3: Server) -> None:
    stranger = s3.client_of("AKIDSTRANGER", "secret")
    refused(s3, s3.sign("put_object", s3.key(), client=stranger), code="InvalidAccessKeyId")


@check
def two_signatures_are_refused(s3: Server) -> None:
    signed = put_url(s3)
    both = signed.headers | {"authorization": "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0"}
    refused(s3, signed._replace(headers=both), status=400, code="InvalidArgument")


@check
def if_none_match_does_not_overwrite_an_object(s3: Server) -> None:
    answers(s3.send(put_url(s3), b"hello"), 200)
    answers(s3.send(put_url(s3), b"HELLO"), 412, "PreconditionFailed")
    same(s3.read(s3.key()), b"hello")


@check
def if_none_match_succeeds_after_a_deletion(s3: Server) -> None:
    s3.put(s3.key())
    s3.call("delete_object", Key=s3.key())
    answers(s3.send(put_url(s3), b"hello"), 200)


@check
def a_correct_checksum_is_stored(s3: Server) -> None:
    response = s3.send(put_url(s3, ChecksumSHA256=HELLO), b"hello")
    answers(response, 200)
    same(response.headers.get("x-amz-checksum-sha256"), HELLO)
    same(s3.call("head_object", Key=s3.key(), ChecksumMode="ENABLED").get("ChecksumSHA256"), HELLO)
    # The checksum is returned only on request.
    assert "ChecksumSHA256" not in s3.call("head_object", Key=s3.key())


@check
def a_wrong_checksum_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3, ChecksumSHA256=HELLO), b"HELLO", 400, "BadDigest")


@check
def a_checksum_that_was_not_signed_is_refused(s3: Server) -> None:
    signed = put_url(s3, ChecksumSHA256=HELLO)
    other = base64.b64encode(hashlib.sha256(b"HELLO").digest()).decode()
    refused(s3, signed._replace(headers=signed.headers | {"x-amz-checksum-sha256": other}), b"HELLO")


@check
def a_malformed_checksum_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3, ChecksumSHA256="aGVsbG8="), b"hello", 400, "InvalidRequest")


@check
def a_wrong_md5_is_refused(s3: Server) -> None:
    other = base64.b64encode(hashlib.md5(b"HELLO").digest()).decode()
    refused(s3, put_url(s3, ContentMD5=other), b"hello", 400, "BadDigest")


@check
def a_malformed_md5_is_refused(s3: Server) -> None:
    refused(s3, put_url(s3, ContentMD5="aGVsbG8="), b"hello", 400, "InvalidDigest")


@check
def a_signed_content_disposition_is_returned(s3: Server) -> None:
    s3.put(s3.key(), ContentType="image/png")
    name = 'attachment; filename="a b.txt"'
    signed = s3.sign("get_object", s3.key(), ResponseContentDisposition=name, ResponseContentType="text/plain")
    response = s3.send(signed)
    answers(response, 200)
    same((response.headers["content-disposition"], response.headers["content-type"]), (name, "text/plain"))
    other = signed._replace(url=signed.url.replace("attachment", "inline"))
    answers(s3.send(other), 403, "SignatureDoesNotMatch")


@check
def a_presigned_get_of_a_missing_object_is_404(s3: Server) -> None:
    answers(s3.send(s3.sign("get_object", s3.key())), 404, "NoSuchKey")


@check
def a_presigned_delete_deletes(s3: Server) -> None:
    s3.put(s3.key())
    answers(s3.send(s3.sign("delete_object", s3.key())), 204)
    same(s3.keys(), [])


@check
def an_unsigned_request_is_refused(s3: Server) -> None:
    s3.put(s3.key())
    for method in ["GET", "PUT", "DELETE"]:
        answers(s3.raw(method, s3.key(), b"x" if method == "PUT" else None), 403, "AccessDenied")
    same(s3.read(s3.key()), b"hello")


@check
def a_wrong_secret_is_refused(s3: Server) -> None:
    liar = s3.client_of(s3.access_key, "another")
    refuses(403, "SignatureDoesNotMatch", liar.list_objects_v2, Bucket=s3.bucket)


@check
def a_signature_with_a_wrong_time_is_refused(s3: Server) -> None:
    with at(now() - datetime.timedelta(minutes=20)):
        refuses(403, "RequestTimeTooSkewed", s3.call, "list_objects_v2")


@check
def a_body_that_differs_from_its_signed_digest_is_refused(s3: Server) -> None:
    response = s3.header_signed("PUT", s3.key(), b"hello", sent=b"HELLO")
    answers(response, 400, "XAmzContentSHA256Mismatch")
    same(s3.keys(), [])
