#!/usr/bin/env bash
# Checks the payments with the provider's own libraries, those for Python and JavaScript: they and ours accept the same webhooks,
# and both use the local stand-in.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh stripe)/bin/python"
npm ci --prefix ci/stripe --silent
cargo build --workspace --all-targets --locked

"$python" -B ci/check_stripe.py
