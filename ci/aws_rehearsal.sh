#!/usr/bin/env bash
# Rehearses a deployment without an account: deploys template.yaml with the SAM CLI to ministack, with all resources, and to
# moto, with those it knows, and uses the stack over HTTP. Follows docs/OPERATIONS.md on ministack at the same time. Needs the
# functions of ci/build_functions.sh, curl, git, and jq; as root on Debian, it installs jq if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v jq >/dev/null; then
  if [[ "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The commands of docs/OPERATIONS.md need jq. Install it." >&2
    exit 1
  fi
  ci/apt_install.sh jq
fi

sam="$(ci/tools.sh sam)"
ministack="$(ci/tools.sh ministack)"
moto="$(ci/tools.sh moto)"
aws="$(ci/tools.sh aws)"
cargo build --workspace --tests --locked

# Each has a ministack of its own. Together they take little longer than one: the tools spend their time in starting.
log="$(mktemp)"
"$sam/bin/python" -B ci/check_operations_aws.py "$sam" "$ministack" "$aws" >"$log" 2>&1 &
document=$!
trap 'kill "$document" 2>/dev/null || true; rm "$log"' EXIT
status=0
"$sam/bin/python" -B ci/check_rehearsal.py "$sam" "$ministack" "$moto" || status=$?
wait "$document" || status=$?
cat "$log"
exit "$status"
