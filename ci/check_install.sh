#!/usr/bin/env bash
# Builds the Python package and the npm packages of the command from this checkout, with the functions that
# ci/build_functions.sh built, and uses them as on machines without Rust. Leaves them in target/install.
#
# The command is that of `cargo build`, not optimised: a release builds the same with other settings (ci/release/build.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$(ci/tools.sh install)/bin"
sam="$(ci/tools.sh sam)/bin"
target="${CARGO_TARGET_DIR:-target}"
built="$(python3 -B -c 'import sys; sys.path.append("ci"); import functions; print(functions.BUILT)')"
out="$target/install"
host="$(rustc -vV | sed -n 's/^host: //p')"
rm -rf "$out"
mkdir -p "$out"

python3 -B ci/release/pack_functions.py "$built" "$out/functions.tar.xz"
CLOAKROOM_FUNCTIONS="$(realpath "$out/functions.tar.xz")" "$tools/maturin" build --quiet --locked --profile dev --strip true \
  --compatibility linux --out "$out"
# The same program as in the wheel.
python3 -B - "$out" <<'PYTHON'
import pathlib, sys, zipfile

out = pathlib.Path(sys.argv[1])
(wheel,) = out.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (name,) = (name for name in archive.namelist() if name.endswith("/scripts/cloakroom"))
    program = out / "cloakroom"
    program.write_bytes(archive.read(name))
    program.chmod(0o755)
PYTHON
python3 -B ci/release/npm.py platform "$host" "$out/cloakroom" "$out"
python3 -B ci/release/npm.py main "$out"
"$tools/python" -B ci/check_install.py "$out" "$tools" "$sam"
