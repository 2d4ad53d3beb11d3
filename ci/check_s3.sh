#!/usr/bin/env bash
# Checks the local S3 against AWS's documentation, and uploads with curl, urllib3 and boto3. The S3 checks also run against
# ministack, another implementation, to show that they test S3 and not the local engine.
#
# Uses fewer events and smaller files than the full run, which takes minutes:
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
