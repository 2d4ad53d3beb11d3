#!/usr/bin/env bash
# The local S3 against what AWS documents, and uploads as curl, urllib3 and boto3 make them. The same questions go to
# another implementation of S3, so that it is S3 that is asked and not our engine.
#
# 10,000 events and 2 GiB take minutes; here are fewer and less. The whole of it:
#
#   "$(ci/tools.sh s3)/bin/python" -B ci/shuffled_events.py --events 10000
#   "$(ci/tools.sh s3)/bin/python" -B ci/large_upload.py --gib 2
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh s3)/bin/python"
ministack="$(ci/tools.sh ministack)/bin/ministack"
cargo build --workspace --tests --locked

"$python" -B ci/check_s3.py
"$python" -B ci/check_s3.py --against ministack --ministack "$ministack"
"$python" -B ci/check_uploads.py
"$python" -B ci/shuffled_events.py --events 300 --uploads 33
"$python" -B ci/large_upload.py --mib 101
