"""Prints the notes of a release: the section of its version in CHANGELOG.md.

    python3 -B ci/release/notes.py v1.2.3
    python3 -B ci/release/notes.py --version     # the version in Cargo.toml
    python3 -B ci/release/notes.py --self-test
"""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).parent.parent.parent


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def notes(changelog: str, tag: str, built: str) -> str:
    """Returns the section of the tag's version, without its heading."""
    if tag != f"v{built}":
        raise SystemExit(f"The tag {tag} is not v{built}, the version in Cargo.toml. Change the version or the tag.")
    sections = re.split(r"^## (.+)$", changelog, flags=re.M)[1:]
    found = {heading.split()[0].strip("[]"): text.strip() for heading, text in zip(sections[::2], sections[1::2], strict=True)}
    if not found.get(built):
        raise SystemExit(f"CHANGELOG.md has no section for {built}. Rename `## Unreleased` to `## {built}`.")
    return found[built]


def refused(changelog: str, tag: str, built: str) -> bool:
    try:
        notes(changelog, tag, built)
    except SystemExit:
        return True
    return False


def self_test() -> int:
    changelog = "# Changelog\n\n## Unreleased\n\n- Three.\n\n## 1.2.0 (2026-01-31)\n\n- Two.\n- One.\n\n## 1.1.0\n\n- Zero.\n"
    assert notes(changelog, "v1.2.0", "1.2.0") == "- Two.\n- One."
    assert notes(changelog, "v1.1.0", "1.1.0") == "- Zero."
    assert refused(changelog, "v1.2.0", "1.2.1") and refused(changelog, "v1.3.0", "1.3.0") and refused(changelog, "1.2.0", "1.2.0")
    # CHANGELOG.md itself has this form.
    released = (ROOT / "CHANGELOG.md").read_text().replace("## Unreleased", f"## {version()}")
    assert notes(released, f"v{version()}", version())
    print("6 passed, 0 failed")
    return 0


def main() -> int:
    (argument,) = sys.argv[1:]
    if argument == "--self-test":
        return self_test()
    print(version() if argument == "--version" else notes((ROOT / "CHANGELOG.md").read_text(), argument, version()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
