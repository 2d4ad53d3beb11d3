#!/usr/bin/env bash
# Checks that no function executes 5 % more instructions until its first `GET /next` than bench/results/instructions.json has.
# Needs the functions of ci/build_functions.sh, openssl and valgrind; as root on Debian, it installs valgrind if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null && [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
  ci/apt_install.sh valgrind
fi

cargo build --workspace --tests --locked
bench/run instructions --check --no-build
