"""S3's semantics, as AWS documents them, asked of the local S3, and of another implementation to see that it is S3 that
is asked here and not our engine.

    ci/check_s3.sh
    "$(ci/tools.sh s3)/bin/python" -B ci/check_s3.py [--against ministack --ministack EXECUTABLE] [NAME...]
"""

import argparse
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator

# Before boto3 reads it: hyper answers "Expect: 100-continue" only when it wants the body, and an empty one it never
# wants; boto3 would wait.
os.environ.setdefault("BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE", "True")

from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from s3 import CHECKS, ORIGIN, Server  # noqa: E402

# What our engine refuses on purpose, clearly (docs/adr/0014-local-s3.md): Cloakroom never asks for it.
OURS = {
    "forms: the name of the file may be part of the key": "501: the server names all keys",
    "listings: several keys are deleted at once": "501: files are deleted one by one",
    "multipart: one part can be read": "501: ranges do",
    "reads: a signed range that is none is ignored": "400, by s3s, whose signature it is part of; browsers sign none",
}

# Where ministack 1.5.33 is known not to be S3.
MINISTACK = {
    "forms: fields after the file are ignored": "wants conditions for them",
    "listings: a broken token is refused": "lists from the beginning",
    "listings: a key has 1024 bytes at most": "takes longer ones",
    "listings: a page may be empty": "says that there is more",
    "locks: a retention ends in the future": "takes any date",
    "locks: an empty retention with a bypass lifts governance": "MalformedXML",
    "locks: a retention needs a digest of the body": "takes none",
    "multipart: a list without parts is refused": "makes an empty object",
    "multipart: only the last part is small": "takes parts of any size",
    "multipart: parts are listed in order": "puts them in order itself",
    "presigned: a body is what its signed digest says": "does not compare it",
    "presigned: a checksum that is none is refused": "BadDigest",
    "presigned: a clock that is wrong is refused": "looks at no clock where headers are signed",
    "presigned: a missing parameter of the signature is refused": "SignatureDoesNotMatch",
    "presigned: a right checksum is stored": "compares it, then forgets it",
    "presigned: a wrong secret is refused": "checks signatures of URLs and forms only",
    "presigned: an added amz header is refused": "takes it",
    "presigned: two ways to sign at once are refused": "AuthorizationHeaderMalformed",
    "reads: a body of no stated length is refused": "takes it",
    "reads: a signed range that is none is ignored": "416, or the first of several",
    "reads: head knows ranges": "does not",
    "reads: several ranges are none": "reads the first",
    "reads: what is no range is ignored": "416",
    "reads: without a type it is bytes": "application/octet-stream",
    "versions: a copy onto itself must change something": "makes a version",
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
    """The local S3 with the bucket of the template, as its operator."""
    with LocalSystem(CLOAKROOM, 0, "--parameter", f"AllowedOrigins={ORIGIN}") as system:
        yield Server(system.s3, system.bucket, system.access_key, system.secret)


@contextlib.contextmanager
def ministack(executable: pathlib.Path) -> Iterator[Server]:
    """A bucket like the template's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        env = os.environ | {"AUTH": "true", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        env |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "STATE_DIR": state}
        process = subprocess.Popen(
            [executable], env=env, cwd=state, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr
            if not any("Running on" in line for line in process.stderr):
                raise SystemExit(f"{executable} did not start")
            # Whoever fills a pipe that nobody reads stands still.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            server = Server(f"http://127.0.0.1:{port}", "files", "test", "test")
            server.call("create_bucket", ObjectLockEnabledForBucket=True)
            server.call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
            server.call("put_bucket_cors", CORSConfiguration={"CORSRules": [CORS]})
            yield server
        finally:
            process.terminate()
            process.wait()


def failures(server: Server, wanted: list[str]) -> tuple[int, dict[str, str]]:
    """How many were asked, and what those that failed say."""
    found, count = {}, 0
    for check in CHECKS:
        if wanted and not any(text in check.name for text in wanted):
            continue
        count += 1
        server.enter(check)
        try:
            check.run(server)
        except AssertionError as error:
            found[check.name] = str(error)
        except Exception:  # noqa: BLE001 - a check that breaks has failed, and the others go on
            found[check.name] = traceback.format_exc(limit=-2)
    return count, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", choices=["ours", "ministack"], default="ours")
    parser.add_argument("--ministack", type=pathlib.Path, help="its executable")
    parser.add_argument("name", nargs="*", help="run only checks with this in their names")
    chosen = parser.parse_args()
    known, engine = (OURS, ours()) if chosen.against == "ours" else (MINISTACK, ministack(chosen.ministack))
    started = time.monotonic()
    with engine as server:
        count, failed = failures(server, chosen.name)
    for name, why in failed.items():
        if name not in known:
            print(f"FAILED: {name}\n    {why}")
    # What is said here must stay true.
    stale = [] if chosen.name else sorted(set(known) - set(failed))
    for name in stale:
        print(f"FAILED: {name}\n    it holds now; take it out of the list")
    bad = len(set(failed) - set(known)) + len(stale)
    seconds = time.monotonic() - started
    print(f"S3, {chosen.against}: {count - len(failed)} as expected, {len(failed) - bad + len(stale)} known to differ, "
          f"{bad} wrong; {seconds:.0f} s")
    return 1 if bad else 0


sys.exit(main())
