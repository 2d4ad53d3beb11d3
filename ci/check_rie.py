"""Every sample event of events/ against the built functions, under Lambda's own runtime interface emulator.

What a sample is expected to answer, and when its turn is, the sample says itself.

    ci/rie.sh
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any, NamedTuple

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

import samcli  # noqa: E402
from cloudformation import Template  # noqa: E402
from functions import BUILT, FUNCTIONS, ROOT, logical_name  # noqa: E402
from local_system import LocalSystem  # noqa: E402

RIE = pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64"


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Emulator:
    """One function as Lambda starts it: an instance that lives on from event to event."""

    def __init__(self, name: str, system: LocalSystem, timeout: int) -> None:
        port, api = free_port(), free_port()
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        command = [
            *[RIE, "--log-level", "error", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"],
            *["--runtime-api-address", f"127.0.0.1:{api}", BUILT / name],
        ]
        lambda_sets = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout)}
        env = system.environment(f"{logical_name(name)}Function") | lambda_sets
        # Locks are off by default.
        env |= {"MAX_LOCK_DAYS": "36525"} if "MAX_LOCK_DAYS" in env else {}
        # More than the function may take, so that it is the emulator that says so.
        self._patience = timeout + 20
        self._log = (ROOT / f"target/rie-{name}.log").open("w")
        self._process = subprocess.Popen(
            command, env=env, stdout=self._log, stderr=self._log, start_new_session=True
        )
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit(f"the emulator of {name} does not start: {self._log.name}")

    def invoke(self, event: dict[str, Any]) -> dict[str, Any] | None:
        request = urllib.request.Request(self._url, json.dumps(event).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=self._patience) as response:
            return json.load(response)

    def end(self) -> None:
        # The function is the emulator's child, in the group that we made.
        os.killpg(self._process.pid, 9)
        self._process.wait()
        self._log.close()


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


def run(emulators: dict[str, Emulator]) -> list[str]:
    """Sends every sample in its turn; returns what failed."""
    failures, upload_id, seen = [], UNKNOWN_ID, {}
    tokens = {"ACCESS_TOKEN": "", "REFRESH_TOKEN": ""}
    for step in steps():
        answer = emulators[step.function].invoke(read(step.event, tokens, upload_id))
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
        emulators = {logical: Emulator(name, system, timeouts[logical]) for logical, name in names.items()}
        try:
            failures = run(emulators)
        finally:
            for emulator in emulators.values():
                emulator.end()
    for text in failures:
        print(f"FAILED: {text}")
    print(f"{max(0, len(steps()) - len(failures))} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
