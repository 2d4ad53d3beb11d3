#!/usr/bin/env bash
# Runs the release binaries under the runtime interface emulator of Lambda's base images, against the local engines.
set -euo pipefail
cd "$(dirname "$0")/.."

bin="$(ci/tools.sh sam)/bin"
cargo build --workspace --tests --locked
ci/build_functions.sh
"$bin/python" -B ci/check_rie.py
