#!/usr/bin/env bash
# Checks the functions' lines against AWS's schema of the embedded metric format, and /metrics with Prometheus' own parser.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --workspace --tests --locked
"$(ci/tools.sh metrics)/bin/python" -B ci/check_metrics.py
