#!/usr/bin/env bash
# Runs each quick start in docs/quickstarts as it is written, against the `cloakroom` that the tests built (target/debug) and the
# package of ci/check_package.sh (target/npm). Needs what ci/browser.sh needs.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ -d web/e2e/node_modules ]] || npm ci --prefix web/e2e --no-fund --no-audit --loglevel=error >&2
compgen -G "target/npm/cloakroom-*.tgz" >/dev/null || ci/check_package.sh
python3 -B ci/check_quickstarts.py "$@"
