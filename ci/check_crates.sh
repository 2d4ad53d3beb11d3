#!/usr/bin/env bash
# Checks licences, banned crates, sources and, where the advisory database can be reached, known vulnerabilities.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
# Outside the checkout, so that fresh clones reuse it: building it takes minutes.
tools="${XDG_CACHE_HOME:-$HOME/.cache}/cloakroom/cargo-deny-$version"
if [[ ! -x "$tools/bin/cargo-deny" ]]; then
  echo "building cargo-deny $version"
  CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$tools" "cargo-deny@$version"
  rm -rf "$tools/build"
fi
deny=("$tools/bin/cargo-deny" --log-level error --locked)

"${deny[@]}" check --hide-inclusion-graph licenses bans sources

if "${deny[@]}" fetch db 2>/dev/null; then
  "${deny[@]}" check --disable-fetch advisories
else
  echo "advisories: not checked, because their database cannot be reached"
fi
