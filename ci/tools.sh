#!/usr/bin/env bash
# Installs a pinned set of Python tools into .venv/<set> and prints that folder. Does nothing when it is there already.
#
#   "$(ci/tools.sh sam)/bin/sam" validate --lint
#
# Sets are ci/requirements-<set>.txt. Each has an environment of its own: they pin one another's libraries.
set -euo pipefail
cd "$(dirname "$0")/.."

set_name="${1:?usage: ci/tools.sh SET}"
requirements="ci/requirements-$set_name.txt"
venv="$PWD/.venv/$set_name"
stamp="$venv/.installed"

# One at a time: a second caller waits, then finds the work done.
mkdir -p .venv
exec 9>".venv/$set_name.lock"
flock 9

if ! cmp --silent "$requirements" "$stamp"; then
  echo "installing $requirements" >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements" >&2
  # Written last, so an installation that was cut short is made again.
  cp "$requirements" "$stamp"
fi
echo "$venv"
