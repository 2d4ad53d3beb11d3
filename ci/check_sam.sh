#!/usr/bin/env bash
# All that can be said about the deployment without an account.
set -euo pipefail
cd "$(dirname "$0")/.."

bin="$(ci/tools.sh sam)/bin"
export SAM_CLI_TELEMETRY=0

"$bin/sam" validate --lint
"$bin/cfn-lint" template.yaml
"$bin/python" -B ci/check_template.py
"$bin/python" -B ci/check_events.py
