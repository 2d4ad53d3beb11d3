#!/usr/bin/env bash
# Builds the `cloakroom` command for one target and packs it as an archive, a Python wheel and an npm package. Used by
# .github/workflows/release.yml.
#
#   ci/release/build.sh TARGET FUNCTIONS FOLDER
#
# FUNCTIONS is the archive of the functions for Lambda that ci/release/pack_functions.py writes; the command carries it.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: ci/release/build.sh TARGET FUNCTIONS FOLDER"
target="${1:?$usage}" functions="${2:?$usage}" folder="${3:?$usage}"
version="$(python3 -B ci/release/notes.py --version)"
name="cloakroom-$version-$target"
CLOAKROOM_FUNCTIONS="$(realpath "$functions")"
export CLOAKROOM_FUNCTIONS

rustup target add "$target"
build=(build --release --locked --target "$target" --out "$folder")
case "$target" in
  *-linux-gnu)
    release="$(ci/tools.sh release)"
    # The oldest C library that the Linux binaries run with: Amazon Linux 2023, RHEL 8 and Debian 10 have glibc 2.28 or newer.
    PATH="$release/bin:$PATH" maturin "${build[@]}" --zig --compatibility manylinux_2_28
    ;;
  *)
    python3 -m pip install --quiet --disable-pip-version-check "$(grep '^maturin==' ci/requirements-release.txt)"
    python3 -m maturin "${build[@]}"
    ;;
esac

suffix=''
[[ "$target" != *-windows-* ]] || suffix=.exe
built="target/$target/release/cloakroom$suffix"
# A binary for this machine must run, and must be the version that its name says.
if [[ "$target" == "$(rustc -vV | sed -n 's/^host: //p')" ]]; then
  [[ "$("$built" --version)" == "cloakroom $version" ]] || { echo "$built is not version $version" >&2 && exit 1; }
  "$built" openapi | cmp - docs/openapi.json
fi

python3 -B ci/release/npm.py platform "$target" "$built" "$folder"
mkdir -p "target/release-files/$name"
cp "$built" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "target/release-files/$name"
tar -C target/release-files -czf "$folder/$name.tar.gz" "$name"
