#!/usr/bin/env bash
# The functions as they are deployed, but for this machine, and the empty one that they are measured against.
set -euo pipefail
cd "$(dirname "$0")/.."

# Together: another choice of packages would build the AWS SDKs with other features once more.
cargo build --release --locked -p account -p admin -p keys -p mailer -p recovery -p session -p signin -p signup -p upload-events \
  -p upload-locks -p uploads -p users -p bench-empty
