#!/usr/bin/env bash
# Checks the functions' lines against AWS's schema of the embedded metric format, and /metrics with Prometheus' own parser. Sets
# off alarms by faults of the local system.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --workspace --tests --locked
"$(ci/tools.sh metrics)/bin/python" -B ci/check_metrics.py
"$(ci/tools.sh sam)/bin/python" -B ci/check_alarm_faults.py
