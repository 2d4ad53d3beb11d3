#!/usr/bin/env bash
# Checks the local SQS and EventBridge against AWS's documentation, with boto3. The checks also run against ministack, another
# implementation, to show that they test the services and not the local engines.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh s3)/bin/python"
ministack="$(ci/tools.sh ministack)/bin/ministack"
cargo build --workspace --tests --locked

"$python" -B ci/check_queues.py
"$python" -B ci/check_queues.py --against ministack --ministack "$ministack"
