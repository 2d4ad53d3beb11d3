"""Packs the npm packages of the command `cloakroom`: one for each platform with its program, and one that runs it.

    python3 -B ci/release/npm.py platform TARGET PROGRAM FOLDER
    python3 -B ci/release/npm.py main FOLDER

npm installs only the package of the machine's own platform: the others have another `os` or `cpu`.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from notes import version

ROOT = pathlib.Path(__file__).parent.parent.parent
SOURCE = ROOT / "cli/npm"
# The Rust target, and npm's names of the operating system and the processor.
PLATFORMS = {
    "x86_64-unknown-linux-gnu": ("linux", "x64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64"),
    "x86_64-apple-darwin": ("darwin", "x64"),
    "aarch64-apple-darwin": ("darwin", "arm64"),
    "x86_64-pc-windows-msvc": ("win32", "x64"),
}


def name(os: str, cpu: str) -> str:
    return f"cloakroom-cli-{os}-{cpu}"


def manifest() -> dict:
    """The manifest of the main package, which must name this version and all platforms."""
    written = json.loads((SOURCE / "package.json").read_text())
    expected = {name(*platform): version() for platform in PLATFORMS.values()}
    if written["version"] != version() or written["optionalDependencies"] != expected:
        raise SystemExit(f"cli/npm/package.json must have version {version()} and optionalDependencies {json.dumps(expected)}")
    return written


def platform(target: str, program: pathlib.Path) -> tuple[dict, list[pathlib.Path]]:
    os, cpu = PLATFORMS[target]
    common = {key: value for key, value in manifest().items() if key in ["version", "description", "license"]}
    package = {"name": name(os, cpu), **common, "os": [os], "cpu": [cpu], "files": [program.name, "LICENSE-*"]}
    if os == "linux":
        package["libc"] = ["glibc"]
    return package, [program]


def pack(package: dict, files: list[pathlib.Path], folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as staging:
        readme = ROOT / "cli/README.md"
        for file in [*files, readme, ROOT / "LICENSE-APACHE", ROOT / "LICENSE-MIT"]:
            shutil.copy2(file, staging)
        (pathlib.Path(staging) / "package.json").write_text(json.dumps(package, indent=2) + "\n")
        command = ["npm", "pack", staging, "--pack-destination", str(folder.resolve()), "--silent"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, shell=sys.platform == "win32")


def main() -> int:
    match sys.argv[1:]:
        case ["platform", target, program, folder]:
            pack(*platform(target, pathlib.Path(program)), pathlib.Path(folder))
        case ["main", folder]:
            pack(manifest(), [SOURCE / "cloakroom.js"], pathlib.Path(folder))
        case _:
            raise SystemExit(__doc__)
    return 0


sys.exit(main())
