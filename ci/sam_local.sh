#!/usr/bin/env bash
# Runs `sam build`, `sam local invoke` and `sam local start-api` against the local engines on their default ports.
#
# Not part of .ci/run, because it needs a container engine. It uses the one that `docker` reaches; without one it starts
# Debian's, which requires root. If Lambda's image cannot be pulled, it builds a substitute from Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."

work="$(mktemp -d)"
cleanup() {
  if [[ -f "$work/docker.pid" ]]; then
    kill "$(cat "$work/docker.pid")" && sleep 3
  fi
  rm -rf "$work"
}
trap cleanup EXIT

start_engine() {
  command -v dockerd >/dev/null || apt-get install --yes --quiet --no-install-recommends docker.io iptables
  # Uses its own folders and does not change firewall or routes: functions call only this machine.
  dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
    --host "unix://$work/docker.sock" --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs \
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bip 172.31.250.1/24 --ip 127.0.0.1 \
    >"$work/docker.log" 2>&1 &
  export DOCKER_HOST="unix://$work/docker.sock"
  for _ in {1..60}; do
    docker info >/dev/null 2>&1 && return
    sleep 0.5
  done
  cat "$work/docker.log"
  return 1
}

# Builds a minimal image: a C library, certificates, and a shell for SAM.
make_image() {
  local root="$work/root"
  mkdir -p "$root"/{bin,etc/ssl/certs,opt,tmp,var/runtime,var/task} "$work/packages"
  chmod 1777 "$root/tmp"
  (cd "$work/packages" && apt-get download --quiet busybox-static libc6 libgcc-s1)
  for package in "$work"/packages/*.deb; do
    dpkg-deb --extract "$package" "$root"
  done
  for tool in cat chmod cp ls mkdir mv rm sh; do
    ln -sf busybox "$root/bin/$tool"
  done
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
  tar -C "$root" -c . | docker import --change 'WORKDIR /var/task' --change 'ENV PATH=/usr/bin:/bin' - "$1" >/dev/null
}

bin="$(ci/tools.sh sam)/bin"
export PATH="$bin:$PATH" SAM_CLI_TELEMETRY=0 AWS_MAX_ATTEMPTS=1
docker info >/dev/null 2>&1 || start_engine

# The template uses arm64. Building for this machine's architecture avoids a cross compiler and emulation.
case "$(uname -m)" in
  aarch64 | arm64) architecture=arm64 ;;
  *) architecture=x86_64 ;;
esac
sed "s/Architectures: \[arm64\]/Architectures: [$architecture]/" template.yaml >"$work/template.yaml"

image="public.ecr.aws/lambda/provided:al2023-$architecture"
docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" 2>/dev/null || make_image "$image"

sam build --template "$work/template.yaml" --base-dir "$PWD" --build-dir "$work/build"
cargo build --workspace --tests --locked

"$bin/python" -B ci/check_sam_local.py "$work/build/template.yaml"
