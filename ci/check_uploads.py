"""Checks uploads with standard clients: curl and urllib3 with Cloakroom's URLs, boto3 in its bucket. Also checks which
requests Cloakroom and S3 refuse, with which error, and that refused requests store nothing.

    ci/check_s3.sh
    "$(ci/tools.sh s3)/bin/python" -B ci/check_uploads.py [NAME...]
"""

import os
import sys
import time
import traceback

# See check_s3.py.
os.environ.setdefault("BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE", "True")

from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from person import Person  # noqa: E402
from s3 import Server  # noqa: E402
from uploads import CHECKS, QUOTA, Visit  # noqa: E402


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [run for run in CHECKS if not wanted or any(text in run.__name__ for text in wanted)]
    failed, started = 0, time.monotonic()
    parameters = [f"UploadQuotaBytes={QUOTA}", "BcryptCost=4", "MaxLockDays=1"]
    arguments = [part for parameter in parameters for part in ["--parameter", parameter]]
    with LocalSystem(CLOAKROOM, 0, "--without-schedules", *arguments) as system:
        s3 = Server(system.s3, system.bucket, system.access_key, system.secret)
        for run in chosen:
            try:
                run(Visit(Person(system), s3, system))
            except Exception as error:  # noqa: BLE001 - the other checks continue
                failed += 1
                why = str(error) if isinstance(error, AssertionError) else traceback.format_exc(limit=-3)
                print(f"FAILED: {run.__name__.replace('_', ' ')}\n    {why}")
    print(f"uploads by curl, urllib3 and boto3: {len(chosen) - failed} passed, {failed} failed; "
          f"{time.monotonic() - started:.0f} s")
    return 1 if failed else 0


sys.exit(main())
