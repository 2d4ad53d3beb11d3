"""What the built functions weigh and what is in them; both are the same on every machine.

    ci/build_functions.sh && python3 -B ci/check_sizes.py
"""

import sys

from functions import BUILT, FUNCTIONS, WITH_S3, WITH_SES, zip_mb

# Lambda loads the zip before it can start a function.
MOST_ZIP_MB, MOST_ZIP_MB_WITH_S3 = 3.0, 4.0
# Paths of sources that a second TLS library or an SDK would leave in a binary, and text that every function has.
NEVER = b"aws-lc"
ONLY = {b"aws-sdk-s3": WITH_S3, b"aws-sdk-sesv2": WITH_SES}
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
        for sdk, allowed in ONLY.items():
            # Where it is allowed it is there, or it is not this text that gives it away in the others.
            expected = name in allowed
            check((sdk in content) is expected, f"{name} has {'no ' if expected else ''}{sdk.decode()} in it")
    for what in failures:
        print(f"FAILED: {what}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
