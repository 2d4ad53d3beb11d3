#!/usr/bin/env bash
# Installs a package of Debian, as root: ci/apt_install.sh PACKAGE. A download that fails is tried again.
set -euo pipefail

apt-get update -o Acquire::Retries=3 --quiet --quiet >&2
apt-get install -o Acquire::Retries=3 --yes --quiet --quiet --no-install-recommends "$1" >&2
