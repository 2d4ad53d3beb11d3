"""The basis of the S3 checks: a server, a bucket, and requests that boto3 signs and the checks modify."""

import datetime
import hashlib
import re
import unittest.mock
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
import botocore.auth
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

# The origin that the bucket's CORS rules allow.
ORIGIN = "http://localhost:3000"
MIB = 1024 * 1024
# The minimum size of a part that is not the last one.
PART = 5 * MIB


class Check(NamedTuple):
    """One property of S3 and the function that checks it."""

    name: str
    run: Callable[["Server"], None]


CHECKS: list[Check] = []


def check(run: Callable[["Server"], None]) -> Callable[["Server"], None]:
    """Registers a check; its name states the property."""
    topic = run.__module__.rsplit(".", 1)[-1]
    CHECKS.append(Check(f"{topic}: {run.__name__.replace('_', ' ')}", run))
    return run


class Signed(NamedTuple):
    """A presigned request."""

    method: str
    url: str
    headers: dict[str, str]


class Server:
    """An S3 server with one bucket that has versioning, Object Lock and CORS rules."""

    def __init__(self, url: str, bucket: str, key: str, secret: str) -> None:
        self.url, self.bucket, self.access_key, self.secret = url, bucket, key, secret
        self.http = urllib3.PoolManager(retries=False)
        self.client = self.client_of(key, secret)
        self._at = ""

    def client_of(self, key: str, secret: str) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                # Checksums only where a check requests them.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def enter(self, check: Check) -> None:
        """Selects the check's own prefix in the bucket."""
        self._at = hashlib.sha256(check.name.encode()).hexdigest()[:12]

    def key(self, name: str = "a") -> str:
        return f"{self._at}/{name}"

    def call(self, operation: str, **parameters: Any) -> Any:
        return getattr(self.client, operation)(Bucket=self.bucket, **parameters)

    def put(self, key: str, body: bytes = b"hello", **more: Any) -> Any:
        return self.call("put_object", Key=key, Body=body, **more)

    def read(self, key: str, **more: Any) -> bytes:
        return self.call("get_object", Key=key, **more)["Body"].read()

    def keys(self) -> list[str]:
        """Lists the keys under the check's prefix."""
        return [one["Key"] for one in self.call("list_objects_v2", Prefix=self.key("")).get("Contents", [])]

    def sign(self, operation: str, key: str, seconds: int = 60, client: Any = None, **parameters: Any) -> Signed:
        """Presigns a request and returns it with its required headers."""
        parameters = {"Bucket": self.bucket, "Key": key, **parameters}
        sign = (client or self.client).generate_presigned_url
        url = sign(operation, Params=parameters, ExpiresIn=seconds)
        names = {"ContentType": "content-type", "ContentLength": "content-length", "IfNoneMatch": "if-none-match"}
        names |= {"ChecksumSHA256": "x-amz-checksum-sha256", "ContentMD5": "content-md5"}
        headers = {header: str(parameters[name]) for name, header in names.items() if name in parameters}
        method = operation.split("_")[0]
        return Signed({"head": "HEAD", "get": "GET", "delete": "DELETE"}.get(method, "PUT"), url, headers)

    def send(self, signed: Signed, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        # The real length is sent, whatever length was signed.
        headers = {name: value for name, value in signed.headers.items() if name != "content-length"}
        return self.http.request(signed.method, signed.url, body=body, headers=headers, redirect=False)

    def raw(self, method: str, key: str, body: bytes | None = None, query: str = "", **headers: str) -> Any:
        """Sends an unsigned request."""
        path = urllib.parse.quote(f"/{self.bucket}/{key}")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, f"{self.url}{path}{query}", body=body, headers=names, redirect=False)

    def header_signed(
        self, method: str, key: str, body: bytes = b"", query: str = "", sent: bytes | None = None, **headers: str
    ) -> Any:
        """Sends a request with signed headers that boto3 itself would not send. `sent` replaces the signed body."""
        request = botocore.awsrequest.AWSRequest(
            method,
            f"{self.url}{urllib.parse.quote(f'/{self.bucket}/{key}')}{query}",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            data=body,
        )
        credentials = botocore.credentials.Credentials(self.access_key, self.secret)
        botocore.auth.S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
        body = body if sent is None else sent
        return self.http.request(method, request.url, body=body, headers=dict(request.headers.items()))


@contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Makes boto3 sign with another time."""
    with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: moment.replace(tzinfo=None)):
        yield


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def code_of(response: Any) -> str:
    """Returns the code in an error document."""
    found = re.search(rb"<Code>([^<]*)</Code>", response.data or b"")
    return found[1].decode() if found else ""


def answers(response: Any, status: int, code: str = "") -> None:
    """Asserts the status and the error code of a response."""
    seen = (response.status, code_of(response))
    assert seen == (status, code), f"expected {(status, code)}, got {seen}: {(response.data or b'')[:300]!r}"
    assert not code or b"<Message>" in response.data, f"a code without a message: {response.data!r}"


def refuses(status: int, code: str, call: Callable[..., Any], *arguments: Any, **parameters: Any) -> ClientError:
    """Asserts that a boto3 call fails with this status and error code."""
    try:
        answer = call(*arguments, **parameters)
    except ClientError as error:
        seen = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert seen == (status, code), f"expected {(status, code)}, got {seen}: {error}"
        return error
    raise AssertionError(f"expected {(status, code)}, got a response: {str(answer)[:300]}")


def same(seen: Any, expected: Any) -> None:
    assert seen == expected, f"expected {expected!r}, got {seen!r}"


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def etag(body: bytes) -> str:
    return f'"{md5(body)}"'
