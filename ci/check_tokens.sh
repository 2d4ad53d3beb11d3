#!/usr/bin/env bash
# Our tokens and keys, read by JOSE libraries that are not ours, and tokens that those make, read by us.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh jose)/bin/python"
cargo build --workspace --tests --locked
"$python" -B ci/check_tokens.py
