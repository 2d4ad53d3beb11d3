#!/usr/bin/env bash
# Checks `cloakroom doctor` against moto: a stack with faults, and the commands that correct them.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --workspace --locked --bin cloakroom
exec "$(ci/tools.sh sam)/bin/python" -B ci/check_doctor.py target/debug/cloakroom \
  "$(ci/tools.sh moto)/bin/moto_server" "$(ci/tools.sh aws)/bin/aws"
