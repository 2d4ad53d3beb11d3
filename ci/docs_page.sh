#!/usr/bin/env bash
# Compares web/docs/vendor with the package that ci/docs_page/package-lock.json names. With --update, writes the folder.
#
# `cargo run` and web/deploy.sh need no Node, so the files are checked in. Needs Node 20 with npm.
set -euo pipefail
cd "$(dirname "$0")/.."

FILES=(swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css LICENSE NOTICE)
vendor=web/docs/vendor
package=ci/docs_page/node_modules/swagger-ui-dist

# npm compares the package with the checksum in the lock file. The scripts of its dependencies report installations.
npm ci --prefix ci/docs_page --no-fund --no-audit --ignore-scripts --loglevel=error >&2
expected="$(mktemp -d)"
trap 'rm -rf "$expected"' EXIT
for file in "${FILES[@]}"; do
  # The source maps are as large as the code, and are not copied.
  sed '/^[/][/*]# sourceMappingURL=/d' "$package/$file" >"$expected/$file"
done

if [[ "${1:-}" == --update ]]; then
  rm -rf "$vendor"
  mkdir -p "$vendor"
  cp "$expected"/* "$vendor"
fi
diff --recursive --brief "$expected" "$vendor" || {
  echo "$vendor differs from the package; run: ci/docs_page.sh --update" >&2
  exit 1
}
echo "$vendor: ${#FILES[@]} files of swagger-ui-dist $(node -p "require('./$package/package.json').version"), $(du -bs "$vendor" | cut -f1) bytes"
