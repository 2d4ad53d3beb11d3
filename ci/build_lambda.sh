#!/usr/bin/env bash
# Builds the functions for Lambda on one architecture, static, and checks their sizes.
#
#   ci/build_lambda.sh arm64|x86_64
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  arm64) target=aarch64-unknown-linux-musl ;;
  x86_64) target=x86_64-unknown-linux-musl ;;
  *) echo "usage: ci/build_lambda.sh arm64|x86_64" >&2 && exit 2 ;;
esac

sam="$(ci/tools.sh sam)"
rustup target list --installed | grep --quiet --line-regexp "$target" || rustup target add "$target"
mapfile -t functions < <(python3 -B -c 'import sys; sys.path.append("ci"); import functions; print(*functions.FUNCTIONS, sep="\n")')
# Both architectures have the same paths below the target directory, so each has one of its own.
export CARGO_TARGET_DIR="target/lambda-$1"
PATH="$sam/bin:$PATH" cargo lambda build --release --locked --target "$target" "${functions[@]/#/--package=}"
python3 -B ci/check_sizes.py "$CARGO_TARGET_DIR/lambda"
