"""Checks that the tests used every grant of template.yaml, and that docs/PERMISSIONS.md is current.

    "$(ci/tools.sh sam)/bin/python" ci/check_grants.py [--write | --self-test]

The local system records which grant allows each AWS call of a function, and each call that it denies. The black-box
tests turn that on (tests/support/app.rs). Delete the recording before a run whose result counts.
"""

import argparse
import os
import pathlib
import sys

from grants import self_test
from grants.check import problems
from grants.document import document, stale
from grants.recording import Recording
from grants.template import Template

ROOT = pathlib.Path(__file__).parent.parent
RECORDING = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp/calls"
PERMISSIONS = ROOT / "docs/PERMISSIONS.md"


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks the grants of template.yaml against the recorded calls.")
    parser.add_argument("--recording", type=pathlib.Path, default=RECORDING, help="the folder with the recorded calls")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="write docs/PERMISSIONS.md")
    mode.add_argument("--self-test", action="store_true", help="prove on mutated grants that the check finds them")
    arguments = parser.parse_args()
    text = (ROOT / "template.yaml").read_text()
    if arguments.self_test:
        print(f"self-test: {self_test.run(text)} passed")
        return 0
    template, recording = Template(text), Recording.read(arguments.recording)
    found = problems(template, recording)
    if arguments.write and recording.uses:
        PERMISSIONS.write_text(document(template, recording))
    found += stale(PERMISSIONS.read_text(), template, recording)
    for problem in found:
        print(f"FAILED: {problem}")
    print(f"{len(template.grants)} grants, {len(template.conditions)} values of conditions, {len(found)} problems")
    return 1 if found else 0


sys.exit(main())
