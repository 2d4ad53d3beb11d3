#!/usr/bin/env bash
# Checks webhooks with the tools of others: the reference libraries of Standard Webhooks for Python and JavaScript verify what a
# running system sends, by the examples of docs/WEBHOOKS.md, and Python's `ipaddress` judges which addresses are forbidden.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(ci/tools.sh webhooks)/bin/python"
npm ci --prefix ci/webhooks --silent
cargo build --workspace --tests --examples --locked
"$python" -B ci/check_webhooks.py
