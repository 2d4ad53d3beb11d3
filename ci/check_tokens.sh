#!/usr/bin/env bash
# Checks access tokens and keys against other JOSE libraries, in both directions.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh jose)/bin/python"
cargo build --workspace --tests --locked
"$python" -B ci/check_tokens.py
