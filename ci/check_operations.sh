#!/usr/bin/env bash
# Checks docs/OPERATIONS.md and runs its local commands, with the `cloakroom` that the tests built (target/debug).
set -euo pipefail
cd "$(dirname "$0")/.."

sam="$(ci/tools.sh sam)"
aws="$(ci/tools.sh aws)"
workflows="$(ci/tools.sh workflows)"
"$sam/bin/python" -B ci/check_operations.py "$aws/bin" "$workflows/bin/shellcheck"
