#!/usr/bin/env bash
# Rehearses a deployment without an account: deploys template.yaml with the SAM CLI to ministack, with all resources, and to
# moto, with those it knows, and uses the stack over HTTP. Needs the functions of ci/build_functions.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

sam="$(ci/tools.sh sam)"
ministack="$(ci/tools.sh ministack)"
moto="$(ci/tools.sh moto)"
cargo build --workspace --tests --locked
"$sam/bin/python" -B ci/check_rehearsal.py "$sam" "$ministack" "$moto"
