"""Runs each quick start in docs/quickstarts as it is written, several at the same time.

    ci/check_quickstarts.py [--update] [NAME...]

A quick start differs in these ways from what a reader runs:

- The ports are free ones, so that all can run at once.
- `cargo run -- dev` starts the `cloakroom` that is already built, with its data in memory and quick password hashes.
- `npm pack` was run before: the package is target/npm/cloakroom-VERSION.tgz, which ci/check_package.sh tested. It stands for
  the package of a release.
- npm, pip and cargo install what NAME.package-lock.json, NAME.constraints.txt and NAME.Cargo.lock in ci/quickstarts say.
  `--update` writes these files.
- What a reader sees in a browser, web/e2e/quickstarts/NAME.js checks in Chromium.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "quickstarts"))

from document import fits, steps  # noqa: E402
from terminal import API, Terminal, free_ports, with_ports  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINS = ROOT / "ci/quickstarts"
BROWSER = ROOT / "web/e2e/quickstarts"
CLOAKROOM = pathlib.Path(os.environ.get("CLOAKROOM") or ROOT / "target/debug/cloakroom")
# More at once are not faster on two processors.
AT_ONCE = 3

CARGO = """#!/usr/bin/env bash
case "$1 $2 $3" in
  "run -- dev") exec {cloakroom} "${{@:3}}" --data-dir {data} --ephemeral --port {port} --parameter BcryptCost=4 ;;
  "run -- "*) exec {cloakroom} "${{@:3}}" --data-dir {data} ;;
  *)
    [[ "$1" != run || -e Cargo.lock || ! -e {cargo_lock} ]] || cp {cargo_lock} Cargo.lock
    exec {cargo} "$@"
    ;;
esac
"""
NPM = """#!/usr/bin/env bash
if [[ "$1" == pack ]]; then
  cp {package}/cloakroom-*.tgz .
  exit
fi
[[ "$1" != install || -e package-lock.json || ! -e {lock} ]] || cp {lock} package-lock.json
exec {npm} "$@"
"""


class QuickStart:
    """One document, in a temporary folder."""

    def __init__(self, document: pathlib.Path, update: bool) -> None:
        self.document, self.name, self.update = document, document.stem, update
        self.steps = steps(document)
        # Ports only occur in URLs and after `port`.
        used = set(re.findall(r"(?:localhost:|127\.0\.0\.1:|port[ =]|-p )(\d{4})\b", document.read_text()))
        self.ports = free_ports(used | {API})

    def run(self) -> str:
        """Runs the document and returns a line about it."""
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name).resolve()
            terminal = Terminal(folder, self._environment(folder))
            try:
                self._run(terminal)
                checked = self._in_browser(terminal)
                self._check_pins(terminal)
            except Exception as error:
                raise RuntimeError(f"{self.name}: {error}\n{terminal.logs()}") from error
            finally:
                terminal.close()
        kinds = [step.kind for step in self.steps]
        commands = kinds.count("run") + kinds.count("serve")
        seconds = round(time.monotonic() - started)
        return f"{self.name}: {commands} commands, {kinds.count('expect')} outputs{checked}, {seconds} s"

    def _run(self, terminal: Terminal) -> None:
        output = ""
        for step in self.steps:
            text = with_ports(step.text, self.ports)
            if step.kind == "file":
                path = terminal.folder / step.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            elif step.kind == "run":
                output = terminal.run(text)
            elif step.kind == "serve":
                terminal.serve(text, self._port_of(text))
            elif not fits(text, output):
                raise RuntimeError(f"expected:\n{text}\nbut the output is:\n{output}")

    def _port_of(self, command: str) -> int:
        """The port on which a command listens."""
        if "cargo run -- dev" in command:
            return self.ports[API]
        named = [int(port) for port in re.findall(r"\b\d{4,5}\b", command) if int(port) in self.ports.values()]
        if len(named) != 1:
            raise RuntimeError(f"{command}\nmust name the one port on which it listens")
        return named[0]

    def _in_browser(self, terminal: Terminal) -> str:
        """Runs the checks in Chromium, if the document has a page."""
        script = BROWSER / f"{self.name}.js"
        pages = set(self.ports) & {"5173"}
        if not script.exists():
            if pages:
                raise RuntimeError(f"it has a page, so it needs {script.relative_to(ROOT)}")
            return ""
        url = f"http://localhost:{self.ports['5173']}"
        ran = subprocess.run(["node", script, url, terminal.folder], text=True, capture_output=True, check=False, timeout=180)
        if ran.returncode:
            raise RuntimeError(f"{script.name} failed:\n{ran.stdout}{ran.stderr}")
        return f", {ran.stdout.strip()}"

    def _environment(self, folder: pathlib.Path) -> dict[str, str]:
        shims, data = folder / "bin", folder / "data"
        shims.mkdir()
        paths = {
            "cargo": shutil.which("cargo"),
            "npm": shutil.which("npm"),
            "cloakroom": CLOAKROOM,
            "data": data,
            "port": self.ports[API],
            "package": ROOT / "target/npm",
            "lock": self._lock,
            "cargo_lock": self._cargo_lock,
        }
        for name, script in {"cargo": CARGO, "npm": NPM}.items():
            (shims / name).write_text(script.format(**paths))
            (shims / name).chmod(0o755)
        (shims / "cloakroom").symlink_to(CLOAKROOM)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "npm_", "CLOAKROOM"))}
        pip = {} if self.update else {"PIP_CONSTRAINT": str(self._constraints)}
        return kept | {
            "PATH": f"{shims}:{os.environ['PATH']}",
            "CLOAKROOM": str(ROOT),
            "CLOAKROOM_DATA": str(data),
            "CARGO_TARGET_DIR": str(ROOT / "target/quickstarts"),
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "NEXT_TELEMETRY_DISABLED": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
            "npm_config_prefer_offline": "true",
        } | (pip if self._constraints.exists() else {})

    @property
    def _lock(self) -> pathlib.Path:
        return PINS / f"{self.name}.package-lock.json"

    @property
    def _cargo_lock(self) -> pathlib.Path:
        return PINS / f"{self.name}.Cargo.lock"

    @property
    def _constraints(self) -> pathlib.Path:
        return PINS / f"{self.name}.constraints.txt"

    def _check_pins(self, terminal: Terminal) -> None:
        """What npm and pip installed is pinned."""
        lock = terminal.folder / "package-lock.json"
        if lock.exists():
            self._same(self._lock, without_ours(lock.read_text()))
        lock = terminal.folder / "Cargo.lock"
        if lock.exists():
            self._same(self._cargo_lock, lock.read_text())
        pip = terminal.folder / ".venv/bin/pip"
        if pip.exists():
            frozen = subprocess.check_output([pip, "freeze", "--disable-pip-version-check"], text=True)
            self._same(self._constraints, frozen)

    def _same(self, file: pathlib.Path, installed: str) -> None:
        if self.update:
            file.write_text(installed)
        elif not file.exists() or versions(file.read_text()) != versions(installed):
            raise RuntimeError(f"not what {file.relative_to(ROOT)} says; ci/check_quickstarts.py --update {self.name} writes it")


def without_ours(text: str) -> str:
    """A lock file of npm without the package of this repository, and without the name of the folder."""
    lock = json.loads(text)
    lock.pop("name", None)
    packages = lock["packages"]
    packages.pop("node_modules/cloakroom", None)
    root = packages.get("", {})
    root.pop("name", None)
    root.get("dependencies", {}).pop("cloakroom", None)
    return json.dumps(lock, indent=2) + "\n"


def versions(text: str) -> object:
    """What a lock file pins. Versions of npm write other details differently."""
    if not text.startswith("{"):
        return text
    packages = json.loads(text)["packages"]
    return {path: (it.get("version"), it.get("integrity")) for path, it in packages.items() if path}


def main() -> None:
    update = "--update" in sys.argv
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    documents = sorted(path for path in (ROOT / "docs/quickstarts").glob("*.md") if path.name != "README.md")
    chosen = [document for document in documents if not names or document.stem in names]
    if not chosen or len(names) > len(chosen):
        raise SystemExit(f"no such quick start; there are {[document.stem for document in documents]}")
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(QuickStart(document, update).run) for document in chosen]
        for done in concurrent.futures.as_completed(running):
            error = done.exception()
            failures += error is not None
            print(error or done.result(), flush=True)
    print(f"quick starts: {len(chosen) - failures} passed, {failures} failed, {len(documents) - len(chosen)} not chosen")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
