"""What the built functions weigh and what is in them; both are the same on every machine.

    ci/build_functions.sh && python3 -B ci/check_sizes.py
"""

import sys

from functions import BUILT, FUNCTIONS, WITH_S3, zip_mb

# Lambda loads the zip before it can start a function.
MOST_ZIP_MB, MOST_ZIP_MB_WITH_S3 = 3.0, 4.0
# Paths of sources that a second TLS library or the S3 SDK would leave in a binary, and text that every function has.
NEVER = b"aws-lc"
S3 = b"aws-sdk-s3"
ALWAYS = b"lambda-runtime-aws-request-id"


def main() -> int:
    passed = 0
    failures = []

    def check(holds: bool, what: str) -> None:
        nonlocal passed
        if holds:
            passed += 1
        else:
            failures.append(what)

    for name in FUNCTIONS:
        binary = BUILT / name
        content, size = binary.read_bytes(), zip_mb(binary)
        print(f"{name:13} {len(content) / 1e6:5.2f} MB, zip {size:4.2f} MB")
        most = MOST_ZIP_MB_WITH_S3 if name in WITH_S3 else MOST_ZIP_MB
        check(size <= most, f"{name}: its zip is larger than {most} MB")
        check(ALWAYS in content, f"{name}: no {ALWAYS.decode()}: is it a function?")
        check(NEVER not in content, f"{name} has {NEVER.decode()} in it")
        if name in WITH_S3:
            # Or it is not this text that gives the SDK away in the others.
            check(S3 in content, f"{name} has no {S3.decode()} in it")
        else:
            check(S3 not in content, f"{name} has {S3.decode()} in it")
    for what in failures:
        print(f"FAILED: {what}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
