#!/usr/bin/env bash
# Checks the npm package of web/: its types, its contents, and the React hooks with React 18 and 19. Leaves it in target/npm.
#
# Needs Node 20 with npm. Packages come from npm, pinned by the lock files in web/packaging.
set -euo pipefail
cd "$(dirname "$0")/.."

root="$PWD"
out="$root/target/npm"
tools="$root/web/packaging"
bin="$tools/node_modules/.bin"
tsc=(node "$tools/node_modules/typescript7/bin/tsc")
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fail() {
  echo "check_package.sh: $*" >&2
  exit 1
}

# npm_ci FOLDER: installs what its lock file says.
npm_ci() {
  npm ci --prefix "$1" --no-fund --no-audit --loglevel=error >&2
}

check_version() {
  local workspace package
  workspace="$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)"
  package="$(node -p 'require("./web/package.json").version')"
  [[ -n "$workspace" && "$workspace" == "$package" ]] ||
    fail "Cargo.toml has version '$workspace' and web/package.json '$package'; use the same"
}

check_types() {
  "${tsc[@]}" --project "$tools/tsconfig.types.json" --outDir "$work/types"
  diff --recursive "$root/web/types" "$work/types" ||
    fail "web/types is out of date; run: npm run --prefix web/packaging types"
  npm run --prefix "$tools" --silent contract >&2
}

# Packs the package into $out.
pack() {
  rm -rf "$out"
  mkdir -p "$out"
  npm pack "$root/web" --pack-destination "$out" --loglevel=error >/dev/null
  tarball=("$out"/cloakroom-*.tgz)
  "$bin/publint" run "${tarball[0]}" --strict >&2
  # The package has only ES modules, so it is not checked for CommonJS and for resolution before Node 12.
  "$bin/attw" "${tarball[0]}" --profile esm-only >&2
}

# check_consumer VERSION: installs the package next to a version of React, as an application does.
check_consumer() {
  local app="$work/react$1"
  cp -R "$tools/react$1" "$app" && rm -rf "$app/node_modules"
  cp -R "$tools/hooks" "$tools/consumer/." "$root/web/test/fake.js" "$root/web/test/gate.js" "$app"
  npm_ci "$app"
  npm install --prefix "$app" --no-save --offline --no-fund --no-audit --loglevel=error "${tarball[0]}" >&2
  for resolution in bundler nodenext; do
    "$app/node_modules/.bin/tsc" --project "$app/tsconfig.$resolution.json"
  done
  # The tests are typed too; one version of React is enough.
  [[ "$1" != 19 ]] || "$app/node_modules/.bin/tsc" --project "$app/hooks/tsconfig.json"
  (cd "$app" && npm test --silent) >"$work/react$1.log" || { cat "$work/react$1.log" && fail "hooks with React $1"; }
  passed="$(awk '/^# pass / { print $3 }' "$work/react$1.log")"
  skipped="$(awk '/^# skipped / { print $3 }' "$work/react$1.log")"
  echo "React $1: types checked; $passed passed, 0 failed, $skipped skipped"
}

npm_ci "$tools"
check_version
check_types
pack
check_consumer 18
check_consumer 19
echo "npm package: $(basename "${tarball[0]}"), $(wc -c <"${tarball[0]}") bytes"
