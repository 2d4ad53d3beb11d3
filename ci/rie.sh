#!/usr/bin/env bash
# The release binaries under the runtime interface emulator that Lambda's base images have, against the local engines.
set -euo pipefail
cd "$(dirname "$0")/.."

bin="$(ci/tools.sh sam)/bin"
cargo build --workspace --tests --locked
ci/build_functions.sh
"$bin/python" -B ci/check_rie.py
