"""Which crate may use which, and what must never end up in a function (docs/ARCHITECTURE.md).

    python3 ci/check_dependencies.py
"""

import json
import subprocess
import sys

from functions import FUNCTIONS, ROOT, WITH_S3, WITH_SES

# An arrow points to a lower floor, never along one: no function knows another.
FLOORS = [
    ["domain", "sam-template"],
    ["settings"],
    ["auth"],
    ["store", "storage"],
    ["upload-reconciler"],
    ["http-api"],
    ["accounts"],
    [*FUNCTIONS, "bench-bcrypt", "bench-empty"],
    ["local"],
    ["cloakroom"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

# What no function may carry: a second TLS library costs 50 ms of every cold start, the default chain looks for
# credentials where a function has none.
NEVER = ["aws-config", "aws-lc-rs", "aws-lc-sys", "native-tls", "openssl-sys"]
# What only some may carry.
ONLY = {"aws-sdk-s3": WITH_S3, "aws-sdk-sesv2": WITH_SES}
FORBIDDEN = {
    name: [*NEVER, *(crate for crate, allowed in ONLY.items() if name not in allowed)] for name in FUNCTIONS
}

# What is deployed, and what CI builds.
TARGETS = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(package: str) -> set[str]:
    """The names of all crates in a package's binary."""
    found = set()
    for target in TARGETS:
        tree = cargo("tree", "--locked", "--quiet", "-p", package, "-e", "normal", "--prefix", "none", "--target", target)
        found |= {line.split()[0] for line in tree.splitlines() if line}
    return found


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
        check(name in FLOOR, f"{name} has no floor in ci/check_dependencies.py")
        for dependency in package["dependencies"]:
            if dependency["name"] in names and dependency["kind"] != "dev":
                down = FLOOR.get(dependency["name"], 99) < FLOOR.get(name, 0)
                check(down, f"{name} must not depend on {dependency['name']}")
    for function, forbidden in FORBIDDEN.items():
        crates = linked(function)
        check("lambda_http" in crates, f"{function}: no tree")
        for crate in forbidden:
            check(crate not in crates, f"{function} links {crate}")

    for what in failures:
        print(f"FAILED: {what}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
