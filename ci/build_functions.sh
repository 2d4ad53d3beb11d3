#!/usr/bin/env bash
# Builds the functions as ci/build_lambda.sh does for a release, but for this machine, and the programs of bench/.
set -euo pipefail
cd "$(dirname "$0")/.."

target="$(uname -m)-unknown-linux-musl"
rustup target list --installed | grep --quiet --line-regexp "$target" || rustup target add "$target"
# The C code of mimalloc and ring calls nothing that differs between C libraries.
export "CC_${target//-/_}=cc"
mapfile -t functions < <(python3 -B -c 'import sys; sys.path.append("ci"); import functions; print(*functions.FUNCTIONS, sep="\n")')
# One build of all packages: separate builds would compile the AWS SDKs again with other features.
cargo build --release --locked --target "$target" --package=bench-empty --package=bench-bcrypt "${functions[@]/#/--package=}"
