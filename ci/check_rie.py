"""Every sample event of events/ against the built functions, under Lambda's own runtime interface emulator.

What a sample is expected to answer, and when its turn is, the sample says itself.

    ci/rie.sh
"""

import base64
import json
import os
import pathlib
import sys
from typing import Any, NamedTuple

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

import samcli  # noqa: E402
from cloudformation import Template  # noqa: E402
from emulator import IN_SAMCLI, Emulator  # noqa: E402
from functions import BUILT, FUNCTIONS, ROOT, logical_name  # noqa: E402
from local_system import LocalSystem  # noqa: E402

RIE = pathlib.Path(samcli.__file__).parent / IN_SAMCLI


# Stands for UPLOAD_ID until an upload has been created: the id of no upload.
UNKNOWN_ID = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11"


class Step(NamedTuple):
    """One turn of a sample event, as its member `expected` says."""

    order: int
    event: str
    function: str
    # None for a function that is invoked by an event and answers nothing.
    status: int | None
    code: str | None


def steps() -> list[Step]:
    """Every turn of every sample event, in order; turns of the same order go by name (docs/ADDING_A_ROUTE.md)."""
    found = []
    for file in (ROOT / "events").glob("*.json"):
        if file.name != "env.json":
            expected = json.loads(file.read_text())["expected"]
            for answer in expected["answers"]:
                status, code = answer.get("status"), answer.get("code")
                found.append(Step(answer["order"], file.stem, expected["function"], status, code))
    return sorted(found, key=lambda step: (step.order, step.event))


def start(name: str, system: LocalSystem, timeout: int) -> Emulator:
    """Starts the emulator of one function."""
    lambda_sets = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout)}
    env = system.environment(f"{logical_name(name)}Function") | lambda_sets
    # Locks are off by default.
    env |= {"MAX_LOCK_DAYS": "36525"} if "MAX_LOCK_DAYS" in env else {}
    return Emulator(RIE, [str(BUILT / name)], env, (ROOT / f"target/rie-{name}.log").open("w"))


def read(event: str, tokens: dict[str, str], upload_id: str) -> dict[str, Any]:
    text = (ROOT / f"events/{event}.json").read_text()
    for placeholder, token in tokens.items():
        text = text.replace(placeholder, token)
    return json.loads(text.replace("UPLOAD_ID", upload_id))


def body_of(answer: dict[str, Any] | None) -> Any:
    body = (answer or {}).get("body") or ""
    if answer and answer.get("isBase64Encoded"):
        body = base64.b64decode(body)
    return json.loads(body) if body else None


def failure(step: Step, answer: dict[str, Any] | None) -> str | None:
    """What is wrong with an answer."""
    # Lambda is told how far a batch of records went: here, to its end.
    if answer == {"batchItemFailures": []}:
        answer = None
    # An answer without a status is the emulator's word for an error of the function.
    status = answer.get("statusCode", "error") if answer is not None else None
    if (status, (body_of(answer) or {}).get("code")) == (step.status, step.code):
        return None
    return f"{step.event}: expected {step.status} {step.code}, got {json.dumps(answer)[:800]}"


def run(emulators: dict[str, Emulator], timeouts: dict[str, int]) -> list[str]:
    """Sends every sample in its turn; returns what failed."""
    failures, upload_id, seen = [], UNKNOWN_ID, {}
    tokens = {"ACCESS_TOKEN": "", "REFRESH_TOKEN": ""}
    for step in steps():
        # More than the function may take, so that it is the emulator that says so.
        patience = timeouts[step.function] + 20
        answer = emulators[step.function].invoke(read(step.event, tokens, upload_id), patience)
        failures += [text for text in [failure(step, answer)] if text]
        body = (body_of(answer) or {}) if step.status in (200, 201) else {}
        if "accessToken" in body:
            tokens = {"ACCESS_TOKEN": body["accessToken"], "REFRESH_TOKEN": body["refreshToken"]}
        if step.status == 201:
            if seen.setdefault(step.event, body) != body:
                failures.append(f"{step.event}, repeated, answers something else: {body}")
            upload_id = body.get("upload", {}).get("id", upload_id)
    return failures


def main() -> int:
    described = Template().of_type("AWS::Lambda::Function")
    with LocalSystem() as system:
        names = {f"{logical_name(name)}Function": name for name in FUNCTIONS}
        timeouts = {logical: described[logical]["Timeout"] for logical in names}
        emulators = {logical: start(name, system, timeouts[logical]) for logical, name in names.items()}
        try:
            failures = run(emulators, timeouts)
        finally:
            for emulator in emulators.values():
                emulator.end()
    for text in failures:
        print(f"FAILED: {text}")
    print(f"{max(0, len(steps()) - len(failures))} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
