"""Packs the functions for Lambda into the archive that the command `cloakroom` carries (cli/build.rs).

    python3 -B ci/release/pack_functions.py FOLDER ARCHIVE

FOLDER has NAME/bootstrap, as `cargo lambda build` writes them, or NAME, as `cargo build` does. The functions share most of
their code, so one compressed archive of all is a fifth of the sum of each.
"""

import io
import lzma
import pathlib
import sys
import tarfile

sys.path.append(str(pathlib.Path(__file__).parent.parent))
from functions import FUNCTIONS

# The dictionary must reach over all functions, so that each shared piece is stored once.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 27}]


def bootstrap(folder: pathlib.Path, name: str) -> bytes:
    for path in [folder / name / "bootstrap", folder / name]:
        if path.is_file():
            return path.read_bytes()
    raise SystemExit(f"{folder} has no executable of {name}. Build the functions first: ci/build_lambda.sh arm64")


def main() -> int:
    folder, archive = map(pathlib.Path, sys.argv[1:])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in FUNCTIONS:
            contents = bootstrap(folder, name)
            entry = tarfile.TarInfo(f"functions/{name}/bootstrap")
            entry.size, entry.mode = len(contents), 0o755
            tar.addfile(entry, io.BytesIO(contents))
    archive.write_bytes(lzma.compress(packed.getvalue(), filters=FILTERS))
    print(f"{archive}: {len(FUNCTIONS)} functions, {archive.stat().st_size / 1e6:.1f} MB")
    return 0


sys.exit(main())
