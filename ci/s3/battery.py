"""What the checks of an S3 stand on: a server, a bucket, and requests that boto3 signs and we spoil."""

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

# Where the bucket's pages are.
ORIGIN = "http://localhost:3000"
MIB = 1024 * 1024
# The least that S3 takes for a part that is not the last one.
PART = 5 * MIB


class Check(NamedTuple):
    """Something that is so on S3."""

    name: str
    run: Callable[["Server"], None]


CHECKS: list[Check] = []


def check(run: Callable[["Server"], None]) -> Callable[["Server"], None]:
    """Adds a check; its name says what must hold."""
    topic = run.__module__.rsplit(".", 1)[-1]
    CHECKS.append(Check(f"{topic}: {run.__name__.replace('_', ' ')}", run))
    return run


class Signed(NamedTuple):
    """A presigned request."""

    method: str
    url: str
    headers: dict[str, str]


class Server:
    """An S3, with one bucket that has versions, locks and CORS rules."""

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
                # Only what a check asks for.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def enter(self, check: Check) -> None:
        """Gives the check a place of its own in the bucket."""
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
        """The keys of the check."""
        return [one["Key"] for one in self.call("list_objects_v2", Prefix=self.key("")).get("Contents", [])]

    def sign(self, operation: str, key: str, seconds: int = 60, client: Any = None, **parameters: Any) -> Signed:
        """A presigned request with the headers that it needs."""
        parameters = {"Bucket": self.bucket, "Key": key, **parameters}
        sign = (client or self.client).generate_presigned_url
        url = sign(operation, Params=parameters, ExpiresIn=seconds)
        names = {"ContentType": "content-type", "ContentLength": "content-length", "IfNoneMatch": "if-none-match"}
        names |= {"ChecksumSHA256": "x-amz-checksum-sha256", "ContentMD5": "content-md5"}
        headers = {header: str(parameters[name]) for name, header in names.items() if name in parameters}
        method = operation.split("_")[0]
        return Signed({"head": "HEAD", "get": "GET", "delete": "DELETE"}.get(method, "PUT"), url, headers)

    def send(self, signed: Signed, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        # What is sent is as long as it is, whatever was signed.
        headers = {name: value for name, value in signed.headers.items() if name != "content-length"}
        return self.http.request(signed.method, signed.url, body=body, headers=headers, redirect=False)

    def raw(self, method: str, key: str, body: bytes | None = None, query: str = "", **headers: str) -> Any:
        """A request that nobody signs."""
        path = urllib.parse.quote(f"/{self.bucket}/{key}")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, f"{self.url}{path}{query}", body=body, headers=names, redirect=False)

    def header_signed(
        self, method: str, key: str, body: bytes = b"", query: str = "", sent: bytes | None = None, **headers: str
    ) -> Any:
        """A request signed in its headers, which boto3 would not send like this; `sent` goes in the body's place."""
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
    """Lets boto3 sign at another time."""
    with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: moment.replace(tzinfo=None)):
        yield


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def code_of(response: Any) -> str:
    """The code in an error's document."""
    found = re.search(rb"<Code>([^<]*)</Code>", response.data or b"")
    return found[1].decode() if found else ""


def answers(response: Any, status: int, code: str = "") -> None:
    """That a response is this."""
    seen = (response.status, code_of(response))
    assert seen == (status, code), f"expected {(status, code)}, got {seen}: {(response.data or b'')[:300]!r}"
    assert not code or b"<Message>" in response.data, f"a code without a message: {response.data!r}"


def refuses(status: int, code: str, call: Callable[..., Any], *arguments: Any, **parameters: Any) -> ClientError:
    """That boto3 hears this refusal."""
    try:
        answer = call(*arguments, **parameters)
    except ClientError as error:
        seen = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert seen == (status, code), f"expected {(status, code)}, got {seen}: {error}"
        return error
    raise AssertionError(f"expected {(status, code)}, got an answer: {str(answer)[:300]}")


def same(seen: Any, expected: Any) -> None:
    assert seen == expected, f"expected {expected!r}, got {seen!r}"


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def etag(body: bytes) -> str:
    return f'"{md5(body)}"'
