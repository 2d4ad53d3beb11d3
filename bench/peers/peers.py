"""Installs the peers that the bench compares Cloakroom with, and names their commands (bench/peers/README.md)."""

import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

PEERS = pathlib.Path(__file__).parent
NODE_PEER, BETTER_AUTH = PEERS / "node", PEERS / "better-auth"
BUNDLE = NODE_PEER / "dist"
# Lambda's runtime nodejs20.x.
NODE_MAJOR = 20


def program(name: str) -> str:
    """Returns the path of a program."""
    found = shutil.which(name)
    if not found:
        sys.exit(f"{name} is missing. Install Node.js {NODE_MAJOR}, which contains node and npm.")
    return found


def node() -> str:
    """Returns the path of Node.js."""
    found = program("node")
    version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE_MAJOR:
        sys.exit(f"{found} is {version}. Install Node.js {NODE_MAJOR}.")
    return found


def run_once(command: list[str], folder: pathlib.Path, stamp: pathlib.Path, inputs: list[pathlib.Path]) -> None:
    """Runs a command in a folder unless the stamp says that it succeeded with these inputs."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(inputs))).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    done = subprocess.run(command, cwd=folder, stdout=sys.stderr)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed in {folder}")
    stamp.write_text(digest)


def install() -> None:
    """Installs the packages of the peers and bundles the function, unless that was done. Building the SQLite driver takes
    minutes where its package has no prebuilt module."""
    npm_ci = [program("npm"), "ci", "--no-fund", "--no-audit", "--loglevel=error"]
    for folder, options in [(NODE_PEER, ["--ignore-scripts"]), (BETTER_AUTH, [])]:
        inputs = [folder / "package.json", folder / "package-lock.json"]
        run_once([*npm_ci, *options], folder, folder / "node_modules/.installed", inputs)
    sources = [NODE_PEER / "build.mjs", NODE_PEER / "package-lock.json", *NODE_PEER.glob("src/*.mjs")]
    run_once([node(), "build.mjs"], NODE_PEER, NODE_PEER / "node_modules/.bundled", sources)


def signin_argv() -> list[str]:
    """Returns the command of the function, which speaks the Lambda Runtime API of AWS_LAMBDA_RUNTIME_API."""
    return [node(), str(NODE_PEER / "bootstrap.mjs"), str(BUNDLE / "index.mjs")]


def zip_mb() -> float:
    """Returns the size of the function's deployment package in MB at the highest compression. Lambda has the runtime."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for folder, _, names in os.walk(BUNDLE):
            for path in (pathlib.Path(folder, name) for name in names):
                package.write(path, path.relative_to(BUNDLE))
    return len(target.getvalue()) / 1e6


def hash_bench() -> list[str]:
    """Returns the command that hashes lines as bench/bcrypt does, with the npm package `bcrypt`."""
    return [node(), str(NODE_PEER / "hash.mjs")]


def better_auth_argv() -> list[str]:
    """Returns the command of the Better Auth server, which prints `listening PORT`."""
    return [node(), str(BETTER_AUTH / "server.mjs")]
