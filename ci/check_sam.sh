#!/usr/bin/env bash
# Checks the deployment as far as that works without an account: template.yaml, samconfig.toml and events/.
set -euo pipefail
cd "$(dirname "$0")/.."

bin="$(ci/tools.sh sam)/bin"
checkov="$(ci/tools.sh checkov)/bin/checkov"
export SAM_CLI_TELEMETRY=0

expanded="$(mktemp -d)"
trap 'rm -r "$expanded"' EXIT
"$bin/python" -B ci/expand_template.py "$expanded/template.json"

# Generic rules. checkov takes longest, so it runs beside the others; it has no reason to ask its vendor for anything.
"$checkov" --config-file .checkov.yaml --skip-download --file "$expanded/template.json" &
generic=$!
"$bin/sam" validate --lint
# The expanded template has no conditions, so a parameter that only conditions use is unused there (W2001).
"$bin/cfn-lint" --ignore-checks W2001 -- "$expanded/template.json"

# What is Cloakroom's own.
"$bin/python" -B ci/check_template.py
"$bin/python" -B ci/check_parameters.py
"$bin/python" -B ci/check_api.py
"$bin/python" -B ci/check_deployment.py
"$bin/python" -B ci/check_files.py
"$bin/python" -B ci/check_page.py
"$bin/python" -B ci/check_alarms.py
"$bin/python" -B ci/check_events.py
"$bin/python" -B ci/check_grants.py --self-test
"$bin/python" -B ci/check_scale.py
"$bin/python" -B ci/check_scale.py --self-test
wait "$generic"
