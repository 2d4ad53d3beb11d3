"""Checks the sizes of the built functions and which libraries they contain. Both are the same on every machine.

    ci/build_functions.sh && python3 -B ci/check_sizes.py
    python3 -B ci/check_sizes.py FOLDER     # FOLDER/<name>/bootstrap, as cargo lambda writes them (ci/build_lambda.sh)
"""

import pathlib
import sys

from functions import BUILT, FUNCTIONS, SDKS, zip_mb

# Lambda downloads the zip before a cold start.
MAX_ZIP_MB, MAX_ZIP_MB_WITH_S3 = 3.0, 4.0
# The source path that a second TLS library leaves in a binary, the end of the path of a dynamic linker, which a static binary does
# not name, and text that is in every function.
NEVER = [b"aws-lc", b"/ld-linux", b"/ld-musl"]
ALWAYS = b"lambda-runtime-aws-request-id"


def binary_of(name: str) -> pathlib.Path:
    """Returns the path of a function's binary."""
    return pathlib.Path(sys.argv[1], name, "bootstrap") if len(sys.argv) > 1 else BUILT / name


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
        binary = binary_of(name)
        content, size = binary.read_bytes(), zip_mb(binary)
        print(f"{name:15} {len(content) / 1e6:5.2f} MB, zip {size:4.2f} MB")
        limit = MAX_ZIP_MB_WITH_S3 if name in SDKS["aws-sdk-s3"] else MAX_ZIP_MB
        check(size <= limit, f"{name}: its zip is larger than {limit} MB")
        check(ALWAYS in content, f"{name} does not contain {ALWAYS.decode()}, so it is not a Lambda function")
        for text in NEVER:
            check(text not in content, f"{name} contains {text.decode()}")
        for sdk, users in SDKS.items():
            # The functions that use it must contain the text: this proves that it identifies the SDK.
            expected = name in users
            check((sdk.encode() in content) is expected, f"{name} {'does not contain' if expected else 'contains'} {sdk}")
    for what in failures:
        print(f"FAILED: {what}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
