"""Installs the packages of the command `cloakroom` as on a machine without Rust, and uses it. Called by ci/check_install.sh."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable

from functions import FUNCTIONS, ROOT
from local_system import LocalSystem
from person import Person

sys.path.append(str(ROOT / "ci/release"))
from notes import version

TITLE = "<title>Cloakroom</title>"
checked = 0


def check(holds: object, what: str) -> None:
    global checked
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    checked += 1


class Machine:
    """A home folder, and a PATH with one program beside those of the operating system."""

    def __init__(self, home: pathlib.Path, program: str) -> None:
        self.home = home
        found = shutil.which(program)
        check(found, f"{program} is not on this machine")
        folder = pathlib.Path(str(found)).parent
        self.env = {"HOME": str(home), "PATH": f"{folder}:/usr/bin:/bin", "LANG": "C.UTF-8"}
        check(not shutil.which("cargo", path=self.env["PATH"]), "a machine without Rust has no cargo")

    def run(self, *command: str | pathlib.Path, cwd: pathlib.Path | None = None, **env: str) -> str:
        run = subprocess.run(
            command, cwd=cwd or self.home, env=self.env | env, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        check(run.returncode == 0, f"{' '.join(map(str, command))} failed: {run.stdout}{run.stderr}")
        return run.stdout


def use(system: LocalSystem) -> None:
    """Signs up and in, uploads a file and downloads it, and opens the page."""
    person = Person(system)
    created = person.create_upload(5)
    upload = created["upload"]["id"]
    check(person.send(created["transfer"], b"hello").status == 200, "S3 takes the file")
    person.complete(upload).expect(200)
    url = person.get(f"/uploads/{upload}").expect(200)["download"]["url"]
    check(person.http.request("GET", url).data == b"hello", "an uploaded file can be downloaded")
    page = person.http.request("GET", system.api + "/")
    check(TITLE in page.data.decode(), "the page is served")
    check(person.http.request("GET", system.api + "/docs/").status == 200, "the API reference is served")


def check_command(machine: Machine, program: pathlib.Path) -> None:
    """Uses the command in an empty folder."""
    check(machine.run(program, "--version").strip() == f"cloakroom {version()}", "the version is that of Cargo.toml")
    empty = machine.home / "empty"
    empty.mkdir()
    with LocalSystem(program, 0, cwd=empty, env=machine.env) as system:
        use(system)
    check(not list(empty.iterdir()), "an ephemeral system leaves nothing in its folder")


def check_project(machine: Machine, program: pathlib.Path, sam: pathlib.Path) -> None:
    """Writes a project, runs the functions that it would deploy, and packages it as `sam deploy` does."""
    output = machine.run(program, "new", "app")
    app = machine.home / "app"
    check("cd app\n  cloakroom dev" in output, "`cloakroom new` says what is next")
    names = sorted(path.name for path in (app / "functions").iterdir())
    check(names == sorted(FUNCTIONS), "the project has all functions")
    for name in names:
        check(os.access(app / "functions" / name / "bootstrap", os.X_OK), f"the bootstrap of {name} is executable")
    check("secrets init" in (app / "README.md").read_text(), "README.md says how to deploy")
    machine.run(sam / "sam", "validate", "--lint", cwd=app, AWS_DEFAULT_REGION="eu-west-1", SAM_CLI_TELEMETRY="0")
    with LocalSystem(program, 0, "--bootstraps", "functions", cwd=app, env=machine.env) as system:
        use(system)
        check_package(machine, sam, app, system)


def check_package(machine: Machine, sam: pathlib.Path, app: pathlib.Path, system: LocalSystem) -> None:
    """Packages the project with the local S3 in place of AWS."""
    aws = {
        "AWS_ACCESS_KEY_ID": system.access_key,
        "AWS_SECRET_ACCESS_KEY": system.secret,
        "AWS_DEFAULT_REGION": system.region,
        "AWS_ENDPOINT_URL_S3": system.s3,
        "SAM_CLI_TELEMETRY": "0",
    }
    bucket = ["--s3-bucket", system.bucket, "--s3-prefix", "code"]
    machine.run(sam / "sam", "package", *bucket, "--output-template-file", "packaged.yaml", cwd=app, **aws)
    packaged = (app / "packaged.yaml").read_text()
    check(packaged.count(f"s3://{system.bucket}/code/") == len(FUNCTIONS), "every function is packaged")


def with_pip(machine: Machine, out: pathlib.Path, sam: pathlib.Path) -> None:
    (wheel,) = out.glob("*.whl")
    machine.run("python3", "-m", "venv", "venv")
    machine.run("venv/bin/pip", "install", "--quiet", "--no-index", wheel)
    program = machine.home / "venv/bin/cloakroom"
    check_command(machine, program)
    check_project(machine, program, sam)


def with_pipx(machine: Machine, out: pathlib.Path, pipx: pathlib.Path) -> None:
    (wheel,) = out.glob("*.whl")
    # Otherwise pipx downloads the newest pip.
    own = {"PIPX_HOME": str(machine.home / "pipx"), "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1"}
    # pipx prefers the program of the package's name, and takes the only one.
    shown = machine.run(pipx, "run", "--spec", wheel, "cloakroom", "--version", **own)
    check(shown.strip() == f"cloakroom {version()}", "pipx runs the command")


def with_npm(machine: Machine, out: pathlib.Path) -> None:
    packages = sorted(out.glob("cloakroom-cli-*.tgz"))
    check(len(packages) == 2, "there are the main package and that of this platform")
    machine.run("npm", "install", "--no-fund", "--no-audit", "--loglevel=error", *packages)
    check_command(machine, machine.home / "node_modules/.bin/cloakroom")
    check(machine.run("npx", "cloakroom", "--version").strip() == f"cloakroom {version()}", "npx runs the command")
    check_ctrl_c(machine)
    shutil.rmtree(next((machine.home / "node_modules").glob("cloakroom-cli-*")))
    missing = subprocess.run(["npx", "cloakroom"], cwd=machine.home, env=machine.env, check=False, capture_output=True, text=True)
    check("Install cloakroom-cli-" in missing.stderr and missing.returncode == 1, f"a missing program is reported: {missing.stderr}")


def check_ctrl_c(machine: Machine) -> None:
    """Ctrl-C in a terminal signals the whole process group: the system must stop once, and in order."""
    command = ["npx", "cloakroom", "dev", "--port", "0", "--ephemeral"]
    process = subprocess.Popen(
        command, cwd=machine.home, env=machine.env, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdout
    next(line for line in process.stdout if "Ctrl-C stops it" in line)
    os.killpg(process.pid, signal.SIGINT)
    rest = process.stdout.read()
    process.wait()
    check(rest.count("stopping") == 1, f"Ctrl-C stops the system: {rest}")


def main() -> int:
    out, tools, sam = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    ways: list[tuple[str, Callable[[Machine], None]]] = [
        ("python3", lambda machine: with_pip(machine, out, sam)),
        ("python3", lambda machine: with_pipx(machine, out, tools / "pipx")),
        ("node", lambda machine: with_npm(machine, out)),
    ]
    for program, way in ways:
        with tempfile.TemporaryDirectory() as home:
            way(Machine(pathlib.Path(home), program))
    print(f"{checked} passed, 0 failed")
    return 0


sys.exit(main())
