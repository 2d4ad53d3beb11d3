"""Conditional and ranged reads.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
"""

import datetime

from .battery import Server, answers, check, etag, refuses, same

DAY = datetime.timedelta(days=1)


def head(s3: Server) -> dict:
    s3.put(s3.key(), b"hello world")
    return s3.call("head_object", Key=s3.key())


def get(s3: Server, **headers: str):
    return s3.header_signed("GET", s3.key(), **headers)


@check
def if_match_reads_the_matching_object(s3: Server) -> None:
    known = head(s3)["ETag"]
    same(s3.read(s3.key(), IfMatch=known), b"hello world")
    answers(get(s3, if_match=etag(b"another")), 412, "PreconditionFailed")


@check
def if_none_match_returns_304(s3: Server) -> None:
    known = head(s3)["ETag"]
    response = get(s3, if_none_match=known)
    answers(response, 304)
    same((response.data, response.headers["etag"]), (b"", known))
    same(get(s3, if_none_match=etag(b"another")).data, b"hello world")


@check
def if_modified_since_returns_304(s3: Server) -> None:
    modified = head(s3)["LastModified"]
    refuses(304, "304", s3.call, "get_object", Key=s3.key(), IfModifiedSince=modified)
    same(s3.read(s3.key(), IfModifiedSince=modified - DAY), b"hello world")


@check
def if_unmodified_since_reads_an_old_object(s3: Server) -> None:
    modified = head(s3)["LastModified"]
    same(s3.read(s3.key(), IfUnmodifiedSince=modified), b"hello world")
    refuses(412, "PreconditionFailed", s3.call, "get_object", Key=s3.key(), IfUnmodifiedSince=modified - DAY)


@check
def a_matching_etag_takes_precedence_over_a_date(s3: Server) -> None:
    known = head(s3)
    old = known["LastModified"] - DAY
    same(s3.read(s3.key(), IfMatch=known["ETag"], IfUnmodifiedSince=old), b"hello world")
    refuses(
        304, "304", s3.call, "get_object", Key=s3.key(), IfNoneMatch=known["ETag"], IfModifiedSince=old
    )


@check
def conditions_apply_to_head_too(s3: Server) -> None:
    known = head(s3)["ETag"]
    refuses(304, "304", s3.call, "head_object", Key=s3.key(), IfNoneMatch=known)
    refuses(412, "412", s3.call, "head_object", Key=s3.key(), IfMatch=etag(b"another"))


def ranged(s3: Server, text: str) -> tuple:
    response = get(s3, range=text)
    return response.status, response.headers.get("content-range"), response.data


@check
def a_range_is_read(s3: Server) -> None:
    head(s3)
    same(ranged(s3, "bytes=0-4"), (206, "bytes 0-4/11", b"hello"))
    same(ranged(s3, "bytes=4-4"), (206, "bytes 4-4/11", b"o"))


@check
def an_open_range_is_read_to_the_end(s3: Server) -> None:
    head(s3)
    same(ranged(s3, "bytes=6-"), (206, "bytes 6-10/11", b"world"))
    same(ranged(s3, "bytes=6-99"), (206, "bytes 6-10/11", b"world"))


@check
def a_suffix_is_read(s3: Server) -> None:
    head(s3)
    same(ranged(s3, "bytes=-5"), (206, "bytes 6-10/11", b"world"))
    same(ranged(s3, "bytes=-99"), (206, "bytes 0-10/11", b"hello world"))


@check
def a_range_after_the_end_is_416(s3: Server) -> None:
    head(s3)
    response = get(s3, range="bytes=11-")
    answers(response, 416, "InvalidRange")
    answers(get(s3, range="bytes=-0"), 416, "InvalidRange")


def as_a_browser(s3: Server, text: str) -> tuple:
    """Reads by a presigned URL, where the range is not part of the signature."""
    signed = s3.sign("get_object", s3.key())
    response = s3.send(signed._replace(headers={"range": text}))
    return response.status, response.headers.get("content-range"), response.data


@check
def a_range_needs_no_signature(s3: Server) -> None:
    head(s3)
    same(as_a_browser(s3, "bytes=6-"), (206, "bytes 6-10/11", b"world"))


@check
def an_invalid_range_is_ignored(s3: Server) -> None:
    head(s3)
    for text in ["bytes=5-2", "lines=1-2", "bytes=a-b"]:
        same(as_a_browser(s3, text), (200, None, b"hello world"))


@check
def several_ranges_are_ignored(s3: Server) -> None:
    head(s3)
    same(as_a_browser(s3, "bytes=0-1,3-4"), (200, None, b"hello world"))


@check
def an_invalid_signed_range_is_ignored(s3: Server) -> None:
    head(s3)
    for text in ["bytes=5-2", "bytes=0-1,3-4"]:
        same(ranged(s3, text), (200, None, b"hello world"))


@check
def head_supports_ranges(s3: Server) -> None:
    head(s3)
    response = s3.header_signed("HEAD", s3.key(), range="bytes=0-4")
    same((response.status, response.headers["content-range"]), (206, "bytes 0-4/11"))
    same(s3.call("head_object", Key=s3.key())["AcceptRanges"], "bytes")


@check
def an_empty_object_can_be_stored_and_read(s3: Server) -> None:
    s3.put(s3.key(), b"")
    same(s3.read(s3.key()), b"")
    answers(get(s3, range="bytes=0-"), 416, "InvalidRange")


@check
def a_missing_object_is_404(s3: Server) -> None:
    answers(get(s3), 404, "NoSuchKey")
    response = s3.header_signed("HEAD", s3.key())
    same((response.status, response.data), (404, b""))


@check
def the_headers_of_an_object_are_returned(s3: Server) -> None:
    s3.put(
        s3.key(),
        ContentType="text/css",
        CacheControl="no-cache",
        ContentDisposition="inline",
        ContentLanguage="de",
        Metadata={"color": "red"},
    )
    seen = s3.call("get_object", Key=s3.key())
    fields = ["ContentType", "CacheControl", "ContentDisposition", "ContentLanguage", "Metadata", "ETag"]
    said = ["text/css", "no-cache", "inline", "de", {"color": "red"}, etag(b"hello")]
    same([seen[field] for field in fields], said)


@check
def the_default_content_type_is_binary(s3: Server) -> None:
    answers(s3.header_signed("PUT", s3.key(), b"hello"), 200)
    same(s3.call("head_object", Key=s3.key())["ContentType"], "binary/octet-stream")


@check
def a_body_without_a_length_is_refused(s3: Server) -> None:
    signed = s3.sign("put_object", s3.key())
    response = s3.http.request("PUT", signed.url, body=iter([b"hello"]))
    answers(response, 411, "MissingContentLength")
    same(s3.keys(), [])
