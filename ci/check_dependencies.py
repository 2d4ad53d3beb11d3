"""Checks which crate may depend on which, and which crates no function may link (docs/ARCHITECTURE.md).

    python3 ci/check_dependencies.py
"""

import json
import subprocess
import sys

from functions import FUNCTIONS, ROOT, SDKS

# A crate may depend only on crates of lower layers, not on its own layer: no function depends on another.
LAYERS = [
    ["build-once", "clock", "metrics", "sam-template"],
    # `local` runs any SAM template: it knows no crate of Cloakroom.
    ["domain", "local", "payments"],
    ["events", "settings"],
    ["auth"],
    ["service-client", "store", "storage", "webhook-queue"],
    ["migrations", "upload-reconciler"],
    ["http-api"],
    ["accounts"],
    [*FUNCTIONS, "bench-bcrypt", "bench-empty"],
    ["cloakroom"],
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}

# Crates that no function may link: a second TLS library adds 50 ms to every cold start, and the default credential chain
# looks for credentials in places that a function does not have.
NEVER = ["aws-config", "aws-lc-rs", "aws-lc-sys", "native-tls", "openssl-sys"]
FORBIDDEN = {name: [*NEVER, *(crate for crate, users in SDKS.items() if name not in users)] for name in FUNCTIONS}

# The targets that are deployed and that CI builds.
TARGETS = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(package: str) -> set[str]:
    """Returns the names of all crates in a package's binary."""
    found = set()
    for target in TARGETS:
        tree = cargo("tree", "--locked", "--quiet", "-p", package, "-e", "normal", "--prefix", "none", "--target", target)
        found |= {line.split()[0] for line in tree.splitlines() if line}
    return found


def selected(*arguments: str) -> dict[str, set[str]]:
    """Returns the features of each crate that a command compiles. Those for build scripts and for the program are not told apart."""
    tree = cargo("tree", "--locked", "--quiet", "--prefix", "none", "--format", "{p}|{f}", *arguments)
    found: dict[str, set[str]] = {}
    for line in tree.splitlines():
        package, _, features = line.removesuffix(" (*)").partition("|")
        if package:
            found.setdefault(package, set()).update(features.split(","))
    return found


def compiled_again() -> list[str]:
    """Returns the crates that `cargo test --workspace` compiles again after `cargo build`, because it selects other features."""
    build, test = selected("-e", "normal,build"), selected("--workspace", "-e", "all")
    more = {package: test.get(package, set()) - features for package, features in build.items()}
    return [
        f"`cargo test --workspace` also selects {', '.join(sorted(features))} of {package}; add it to shared/build-once/Cargo.toml"
        for package, features in more.items()
        if features
    ]


def main() -> int:
    failures = []
    passed = 0

    def check(holds: bool, what: str) -> None:
        nonlocal passed
        if holds:
            passed += 1
        else:
            failures.append(what)

    packages = json.loads(cargo("metadata", "--locked", "--no-deps", "--format-version", "1"))["packages"]
    names = {package["name"] for package in packages}
    for package in packages:
        name = package["name"]
        check(name in LAYER, f"{name} has no layer; add it to LAYERS in ci/check_dependencies.py")
        for dependency in package["dependencies"]:
            if dependency["name"] in names and dependency["kind"] != "dev":
                down = LAYER.get(dependency["name"], 99) < LAYER.get(name, 0)
                check(down, f"{name} must not depend on {dependency['name']}")
    for function, forbidden in FORBIDDEN.items():
        crates = linked(function)
        check("lambda_http" in crates, f"{function}: the dependency tree does not contain lambda_http")
        for crate in forbidden:
            check(crate not in crates, f"{function} links {crate}")

    again = compiled_again()
    check(not again, "\n".join(again))

    for what in failures:
        print(f"FAILED: {what}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
