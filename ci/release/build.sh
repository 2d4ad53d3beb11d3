#!/usr/bin/env bash
# Builds the `cloakroom` command for one target and packs it. Used by .github/workflows/release.yml.
#
#   ci/release/build.sh TARGET FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${1:?usage: ci/release/build.sh TARGET FOLDER}" folder="${2:?usage: ci/release/build.sh TARGET FOLDER}"
version="$(python3 -B ci/release/notes.py --version)"
name="cloakroom-$version-$target"
# The oldest C library that the Linux binaries run with: Amazon Linux 2023, RHEL 8 and Debian 10 have it or a newer one.
glibc=2.28

rustup target add "$target"
case "$target" in
  *-linux-gnu)
    zig="$(ci/tools.sh release)"
    PATH="$zig/bin:$PATH" cargo zigbuild --release --locked --package cloakroom --target "$target.$glibc"
    ;;
  *) cargo build --release --locked --package cloakroom --target "$target" ;;
esac

suffix=''
[[ "$target" != *-windows-* ]] || suffix=.exe
built="target/$target/release/cloakroom$suffix"
# A binary for this machine must run, and must be the version that its name says.
if [[ "$target" == "$(rustc -vV | sed -n 's/^host: //p')" ]]; then
  [[ "$("$built" --version)" == "cloakroom $version" ]] || { echo "$built is not version $version" >&2 && exit 1; }
  "$built" openapi | cmp - docs/openapi.json
fi

mkdir -p "$folder" "target/release-files/$name"
cp "$built" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "target/release-files/$name"
tar -C target/release-files -czf "$folder/$name.tar.gz" "$name"
