"""Checks the local S3 against the behaviour that AWS documents. The same checks run against ministack, another
implementation, to show that they test S3 and not the local engine.

    ci/check_s3.sh
    "$(ci/tools.sh s3)/bin/python" -B ci/check_s3.py [--against ministack --ministack EXECUTABLE] [NAME...]
"""

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator

# Must be set before boto3 reads it: hyper answers "Expect: 100-continue" only when it reads the body, which it never does
# for an empty one; boto3 would wait.
os.environ.setdefault("BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE", "True")

import battery_runner  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from ministack_server import Ministack  # noqa: E402
from s3 import CHECKS, ORIGIN, Server  # noqa: E402

# Operations that the local engine refuses on purpose (docs/adr/0014-local-s3.md), because Cloakroom does not use them.
OURS = {
    "forms: the key can contain the file name": "501: the server chooses all keys",
    "multipart: one part can be read": "501: use ranges",
    "reads: an invalid signed range is ignored": "400 from s3s, because it is part of the signature; browsers do not sign it",
}

# Known differences between ministack 1.5.33 and S3.
MINISTACK = {
    "forms: fields after the file are ignored": "requires conditions for them",
    "listings: an invalid continuation token is refused": "lists from the start",
    "listings: a key over 1024 bytes is refused": "accepts longer keys",
    "listings: a page of zero keys is empty": "reports that the list is truncated",
    "locks: a retention in the past is refused": "accepts any date",
    "locks: an empty retention with a bypass removes governance": "MalformedXML",
    "locks: a retention needs a digest of the body": "does not require it",
    "multipart: a list without parts is refused": "creates an empty object",
    "multipart: a small part before the last is refused": "accepts parts of any size",
    "multipart: parts out of order are refused": "sorts them",
    "presigned: a body that differs from its signed digest is refused": "does not compare it",
    "presigned: a malformed checksum is refused": "BadDigest",
    "presigned: a signature with a wrong time is refused": "does not check the time of signed headers",
    "presigned: a missing parameter of the signature is refused": "SignatureDoesNotMatch",
    "presigned: a correct checksum is stored": "compares it but does not store it",
    "presigned: a wrong secret is refused": "checks signatures of URLs and forms only",
    "presigned: an added amz header is refused": "accepts it",
    "presigned: two signatures are refused": "AuthorizationHeaderMalformed",
    "reads: a body without a length is refused": "accepts it",
    "reads: an invalid signed range is ignored": "416, or the first of several",
    "reads: head supports ranges": "does not support them",
    "reads: several ranges are ignored": "returns the first",
    "reads: an invalid range is ignored": "416",
    "reads: the default content type is binary": "application/octet-stream",
    "versions: a copy onto itself must change something": "creates a version",
}

CORS = {
    "AllowedOrigins": [ORIGIN],
    "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
    "AllowedHeaders": ["content-type", "if-none-match", "x-amz-*"],
    "ExposeHeaders": ["ETag", "Location"],
    "MaxAgeSeconds": 3600,
}


@contextlib.contextmanager
def ours() -> Iterator[Server]:
    """Starts the local S3 with the template's bucket, with the operator's credentials."""
    with LocalSystem(CLOAKROOM, 0, "--parameter", f"AllowedOrigins={ORIGIN}") as system:
        yield Server(system.s3, system.bucket, system.access_key, system.secret)


@contextlib.contextmanager
def ministack(executable: pathlib.Path) -> Iterator[Server]:
    """Starts ministack with a bucket like the template's."""
    with Ministack(executable) as url:
        server = Server(url, "files", "test", "test")
        server.call("create_bucket", ObjectLockEnabledForBucket=True)
        server.call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        server.call("put_bucket_cors", CORSConfiguration={"CORSRules": [CORS]})
        yield server


sys.exit(battery_runner.run("S3", __doc__, CHECKS, (OURS, ours), (MINISTACK, ministack)))
