"""The built functions under Lambda's own runtime interface emulator: every event of events/, in the order of a life.

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


# What UPLOAD_ID stands for until something was announced: nobody's upload.
UNKNOWN_ID = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11"


class Step(NamedTuple):
    """An event, and what must come back; without a status, nothing: nobody waits for it."""

    event: str
    function: str
    status: int | None
    code: str | None = None


LIFE = [
    Step("jwks", "keys", 200),
    Step("openid-configuration", "keys", 200),
    Step("not-found", "keys", 404, "not_found"),
    Step("method-not-allowed", "keys", 405, "method_not_allowed"),
    Step("signup-malformed-json", "signup", 400, "malformed_json"),
    Step("signup-not-json", "signup", 415, "not_json"),
    Step("signup-invalid", "signup", 422, "validation_failed"),
    Step("signin", "signin", 401, "invalid_credentials"),
    Step("signup", "signup", 201),
    Step("signup", "signup", 201),  # the same key: the stored answer
    Step("signin-unknown-email", "signin", 401, "invalid_credentials"),
    Step("signin-wrong-password", "signin", 401, "invalid_credentials"),
    Step("signin", "signin", 200),
    Step("session-refresh-malformed", "session", 401, "session_ended"),
    Step("session-refresh", "session", 200),
    Step("users-no-token", "users", 401, "unauthorized"),
    Step("users-forged-token", "users", 401, "invalid_token"),
    Step("users-list", "users", 200),
    Step("users-list-invalid-cursor", "users", 422, "invalid_cursor"),
    Step("users-get", "users", 404, "not_found"),
    Step("users-me", "users", 200),
    Step("users-me-patch", "users", 200),
    Step("users-me-patch-stale", "users", 412, "precondition_failed"),
    # Not for everybody.
    Step("admin-users-list", "admin", 403, "forbidden"),
    Step("admin-users-get", "admin", 403, "forbidden"),
    Step("admin-users-disable", "admin", 403, "forbidden"),
    Step("admin-users-enable", "admin", 403, "forbidden"),
    Step("admin-users-roles", "admin", 403, "forbidden"),
    Step("admin-users-delete", "admin", 403, "forbidden"),
    Step("uploads-no-token", "uploads", 401, "unauthorized"),
    Step("uploads-list", "uploads", 200),
    Step("uploads-foreign", "uploads", 404, "not_found"),
    # Nothing is announced yet.
    Step("uploads-get", "uploads", 404, "not_found"),
    Step("uploads-parts", "uploads", 404, "not_found"),
    Step("uploads-parts-list", "uploads", 404, "not_found"),
    Step("uploads-complete", "uploads", 404, "not_found"),
    Step("uploads-versions", "uploads", 404, "not_found"),
    Step("uploads-restore", "uploads", 404, "not_found"),
    Step("uploads-lock", "upload-locks", 404, "not_found"),
    Step("uploads-grants", "uploads", 404, "not_found"),
    Step("uploads-grants-put", "uploads", 404, "not_found"),
    Step("uploads-grants-delete", "uploads", 404, "not_found"),
    Step("uploads-delete", "uploads", 404, "not_found"),
    Step("uploads-create-invalid", "uploads", 422, "validation_failed"),
    # From here on it is, but S3 gets none of it.
    Step("uploads-create", "uploads", 201),
    Step("uploads-create", "uploads", 201),  # the same key: the stored answer
    Step("uploads-get", "uploads", 200),
    Step("uploads-parts", "uploads", 409, "upload_not_multipart"),
    Step("uploads-complete", "uploads", 409, "upload_incomplete"),
    Step("uploads-versions", "uploads", 200),
    Step("uploads-restore", "uploads", 409, "upload_not_stored"),
    Step("uploads-lock", "upload-locks", 409, "upload_not_stored"),
    Step("uploads-grants-put", "uploads", 204),
    Step("uploads-grants", "uploads", 200),
    Step("uploads-grants-delete", "uploads", 204),
    Step("uploads-delete", "uploads", 204),
    Step("uploads-get", "uploads", 200),  # its record stays
    Step("uploads-complete", "uploads", 409, "upload_not_pending"),
    # Another one, in parts.
    Step("uploads-create-multipart", "uploads", 201),
    Step("uploads-parts", "uploads", 200),
    Step("uploads-parts-list", "uploads", 200),
    Step("uploads-complete", "uploads", 409, "upload_incomplete"),
    Step("uploads-list", "uploads", 200),
    Step("uploads-usage", "uploads", 200),
    Step("object-created", "upload-events", None),
    Step("reconcile", "upload-events", None),
    Step("repair", "upload-events", None),
    Step("uploads-delete", "uploads", 204),
    Step("uploads-parts", "uploads", 409, "upload_not_pending"),
    Step("s3-grants", "uploads", 201),
    Step("s3-params", "uploads", 200),
    Step("s3-multipart", "uploads", 200),
    # Somebody else's key, and a grant that nobody gave.
    Step("s3-multipart-parts", "uploads", 404, "not_found"),
    Step("s3-multipart-sign", "uploads", 404, "not_found"),
    Step("s3-multipart-complete", "uploads", 404, "not_found"),
    Step("s3-multipart-abort", "uploads", 404, "not_found"),
    Step("s3-granted-params", "uploads", 401, "invalid_token"),
    Step("s3-granted-multipart", "uploads", 401, "invalid_token"),
    Step("s3-granted-multipart-parts", "uploads", 401, "invalid_token"),
    Step("s3-granted-multipart-sign", "uploads", 401, "invalid_token"),
    Step("s3-granted-multipart-complete", "uploads", 401, "invalid_token"),
    Step("s3-granted-multipart-abort", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-params", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-multipart", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-multipart-parts", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-multipart-sign", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-multipart-complete", "uploads", 401, "invalid_token"),
    Step("s3-by-grant-multipart-abort", "uploads", 401, "invalid_token"),
    # Whoever owns the address gets mail; these links nobody was mailed.
    Step("password-forgot", "recovery", 202),
    Step("password-reset", "recovery", 422, "invalid_email_token"),
    Step("verify-email", "recovery", 422, "invalid_email_token"),
    Step("outbox-insert", "mailer", None),
    Step("signout", "session", 204),
    Step("session-refresh", "session", 401, "session_ended"),
    Step("signout", "session", 204),  # it has ended, and that was wanted
    Step("signout-everywhere", "session", 204),
    Step("users-me-password", "account", 204),
    Step("signin", "signin", 401, "invalid_credentials"),
    Step("users-me-delete", "account", 204),
    Step("users-me", "users", 401, "invalid_token"),
]


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


def live(emulators: dict[str, Emulator]) -> list[str]:
    failures, upload_id, seen = [], UNKNOWN_ID, {}
    tokens = {"ACCESS_TOKEN": "", "REFRESH_TOKEN": ""}
    for step in LIFE:
        answer = emulators[step.function].invoke(read(step.event, tokens, upload_id))
        failures += [text for text in [failure(step, answer)] if text]
        if step.status == 200 and step.function in ("signin", "session"):
            given = body_of(answer) or {}
            tokens = {"ACCESS_TOKEN": given.get("accessToken", ""), "REFRESH_TOKEN": given.get("refreshToken", "")}
        if step.status == 201:
            made = body_of(answer) or {}
            if seen.setdefault(step.event, made) != made:
                failures.append(f"{step.event}, repeated, answers something else: {made}")
            upload_id = made.get("upload", {}).get("id", upload_id)
    return failures


def main() -> int:
    events = {path.stem for path in (ROOT / "events").glob("*.json")} - {"env"}
    failures = [f"no step for {name}" for name in sorted(events - {step.event for step in LIFE})]
    described = Template().of_type("AWS::Lambda::Function")
    timeouts = {name: described[f"{logical_name(name)}Function"]["Timeout"] for name in FUNCTIONS}
    with LocalSystem() as system:
        emulators = {name: Emulator(name, system, timeouts[name]) for name in FUNCTIONS}
        try:
            failures += live(emulators)
        finally:
            for emulator in emulators.values():
                emulator.end()
    for text in failures:
        print(f"FAILED: {text}")
    print(f"{max(0, len(LIFE) - len(failures))} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
