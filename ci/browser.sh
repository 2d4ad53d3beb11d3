#!/usr/bin/env bash
# Checks the web client: types, unit tests, and the demo page in Chromium against the whole local system.
#
# Needs Node 20 with npm, and Chromium; as root on Debian, it installs Chromium if it is missing. CLOAKROOM is the path of a
# built `cloakroom`; without it, cargo builds one.
set -euo pipefail
cd "$(dirname "$0")/.."

export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"
if ! [[ -x "$CHROMIUM" ]]; then
  if [[ "$CHROMIUM" != /usr/bin/chromium || "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "There is no browser at $CHROMIUM. Install Chromium, or set CHROMIUM to its path." >&2
    exit 1
  fi
  echo "installing chromium" >&2
  ci/apt_install.sh chromium
fi

# Sums the counts that `node --test` prints.
counted() {
  awk '/^# (pass|fail|skipped) / { sum[$2] += $3 } END { printf "%d passed, %d failed, %d skipped", sum["pass"], sum["fail"], sum["skipped"] }' "$1"
}

log="$(mktemp -d)"
trap 'rm -rf "$log"' EXIT
status=0

npm ci --prefix web/e2e --no-fund --no-audit --loglevel=error >&2
npm run --prefix web/e2e --silent types

npm test --prefix web --silent >"$log/unit" || { status=1; cat "$log/unit"; }

if [[ -z "${CLOAKROOM:-}" ]]; then
  cargo build --workspace --tests --locked
fi
npm test --prefix web/e2e --silent >"$log/e2e" || { status=1; cat "$log/e2e"; }

echo "web: types checked; unit tests: $(counted "$log/unit"); browser: $(counted "$log/e2e")"
exit "$status"
