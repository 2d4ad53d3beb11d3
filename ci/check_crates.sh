#!/usr/bin/env bash
# Licences, banned crates and sources of everything we link; known vulnerabilities where their list can be had.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
# Outside the checkout: it takes minutes to build, and a fresh clone can use the same.
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
  echo "advisories: not checked, their database cannot be reached from here"
fi
