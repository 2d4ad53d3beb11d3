#!/usr/bin/env bash
# Builds the functions as deployed, but for this machine, and the empty function that they are compared with.
set -euo pipefail
cd "$(dirname "$0")/.."

# One build of all packages: separate builds would compile the AWS SDKs again with other features.
cargo build --release --locked -p account -p admin -p event-relay -p export -p keys -p library -p mail-feedback -p mailer \
  -p orders -p products -p recovery -p session -p signin -p signup -p upload-events -p upload-grants -p upload-locks \
  -p uploads -p users -p webhook-deliver -p webhooks -p bench-empty
