"""CORS: preflight requests and response headers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from typing import Any

from .battery import ORIGIN, Server, check, same


def preflight(s3: Server, origin: str, method: str, headers: str = "") -> Any:
    asked = {"access_control_request_method": method}
    if origin:
        asked["origin"] = origin
    if headers:
        asked["access_control_request_headers"] = headers
    return s3.raw("OPTIONS", s3.key(), **asked)


def names(text: str | None) -> set[str]:
    return {name.strip().lower() for name in (text or "").split(",")}


@check
def an_allowed_origin_passes_the_preflight(s3: Server) -> None:
    response = preflight(s3, ORIGIN, "PUT", "content-type,if-none-match,x-amz-checksum-sha256")
    same((response.status, response.headers["access-control-allow-origin"]), (200, ORIGIN))
    assert "put" in names(response.headers["access-control-allow-methods"]), response.headers
    allowed = names(response.headers["access-control-allow-headers"])
    assert {"content-type", "if-none-match", "x-amz-checksum-sha256"} <= allowed, allowed
    same(response.headers["access-control-max-age"], "3600")


@check
def another_origin_is_refused(s3: Server) -> None:
    response = preflight(s3, "http://evil.example", "PUT", "content-type")
    same((response.status, response.headers.get("access-control-allow-origin")), (403, None))


@check
def a_method_that_is_not_allowed_is_refused(s3: Server) -> None:
    response = preflight(s3, ORIGIN, "DELETE")
    same((response.status, response.headers.get("access-control-allow-origin")), (403, None))


@check
def a_header_that_is_not_allowed_is_refused(s3: Server) -> None:
    response = preflight(s3, ORIGIN, "PUT", "content-type,authorization")
    same((response.status, response.headers.get("access-control-allow-origin")), (403, None))


@check
def a_preflight_without_an_origin_is_refused(s3: Server) -> None:
    same(preflight(s3, "", "PUT").status, 400)


@check
def an_allowed_origin_can_read_the_etag(s3: Server) -> None:
    signed = s3.sign("put_object", s3.key())
    signed.headers["origin"] = ORIGIN
    response = s3.send(signed, b"hello")
    same((response.status, response.headers.get("access-control-allow-origin")), (200, ORIGIN))
    same(names(response.headers.get("access-control-expose-headers")), {"etag", "location"})
    assert "origin" in names(response.headers.get("vary")), response.headers


@check
def an_allowed_origin_can_read_an_error(s3: Server) -> None:
    response = s3.raw("GET", s3.key(), origin=ORIGIN)
    same((response.status, response.headers.get("access-control-allow-origin")), (403, ORIGIN))


@check
def another_origin_cannot_read_a_response(s3: Server) -> None:
    signed = s3.sign("put_object", s3.key())
    signed.headers["origin"] = "http://evil.example"
    response = s3.send(signed, b"hello")
    # The browser blocks the page from reading the response.
    same((response.status, response.headers.get("access-control-allow-origin")), (200, None))


@check
def a_request_without_an_origin_gets_no_cors_headers(s3: Server) -> None:
    response = s3.send(s3.sign("put_object", s3.key()), b"hello")
    same((response.status, response.headers.get("access-control-allow-origin")), (200, None))
