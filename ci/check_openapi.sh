#!/usr/bin/env bash
# Checks docs/openapi.json with two linters, and the running system against it with schemathesis. SEED chooses its requests.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$(ci/tools.sh openapi)/bin"
"$tools/openapi-spec-validator" docs/openapi.json
npm ci --prefix ci/redocly --no-fund --no-audit --ignore-scripts --loglevel=error >&2
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
  ci/redocly/node_modules/.bin/redocly lint --config ci/redocly/redocly.yaml --format=stylish --max-problems=50 docs/openapi.json
cargo build --workspace --tests --locked
"$tools/python" -B ci/check_openapi.py "$@"
