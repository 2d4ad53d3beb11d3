"""Runs `sam local invoke` with the samples of events/, then the life of an account through `sam local start-api`.

    ci/sam_local.sh
"""

import json
import pathlib
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from typing import Any

from functions import ROOT
from local_system import CLOAKROOM, LocalSystem

# sam reads the port from the same file.
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
URL = f"http://127.0.0.1:{CONFIG['default']['local_start_api']['parameters']['port']}"
(BUILT,) = sys.argv[1:]

# Other options are in samconfig.toml, which sam would look for beside the built template.
LOCALLY = ["--template", BUILT, "--config-file", ROOT / "samconfig.toml", "--skip-pull-image"]

EMAIL, PASSWORD, NEW_PASSWORD = "grace@example.com", "correct horse battery staple", "an even longer horse staple"

passed = 0


def expect(what: str, found: Any, expected: Any) -> None:
    global passed
    if found != expected:
        sys.exit(f"FAILED: {what}: expected {expected}, got {found}")
    passed += 1
    print(f"{what}: {found}")


def shell(folder: pathlib.Path) -> dict[str, str]:
    """Returns the variables of a shell after the command in README.md has run."""
    script = 'eval "$("$0" env --data-dir "$1")"; env -0'
    output = subprocess.run(["sh", "-euc", script, CLOAKROOM, folder], check=True, stdout=subprocess.PIPE, text=True)
    return dict(line.split("=", 1) for line in output.stdout.split("\0") if line)


def invoke(function: str, event: pathlib.Path, env: dict[str, str]) -> dict[str, Any]:
    """Invokes a function with an event. Prints its log when it fails."""
    command = ["sam", "local", "invoke", function, "--event", event, *LOCALLY]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        sys.exit(f"sam local invoke {function}: {done.stderr}")
    answer = json.loads(done.stdout)
    if answer["statusCode"] >= 500:
        print(done.stderr)
    return answer


def invocations(folder: pathlib.Path, env: dict[str, str]) -> None:
    events = ROOT / "events"
    for function, name, status in [
        ("KeysFunction", "jwks", 200),
        ("SignupFunction", "signup-invalid", 422),
        ("SignupFunction", "signup", 201),
        ("SigninFunction", "signin-wrong-password", 401),
        ("SigninFunction", "signin", 200),
    ]:
        answer = invoke(function, events / f"{name}.json", env)
        expect(f"sam local invoke {function} {name}", answer["statusCode"], status)
    token = json.loads(answer["body"])["accessToken"]
    for function, name, status in [("UsersFunction", "users-me", 200), ("AccountFunction", "users-me-password", 204)]:
        event = folder / f"{name}.json"
        event.write_text((events / event.name).read_text().replace("ACCESS_TOKEN", token))
        expect(f"sam local invoke {function} {name}", invoke(function, event, env)["statusCode"], status)


def call(method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(URL + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    return status, json.loads(content) if content else None


def account_life() -> None:
    """Signs up, signs in, changes the profile and the password, refreshes, signs out and deletes the account."""

    def step(method: str, path: str, status: int, body: Any = None, token: str | None = None) -> Any:
        found, answer = call(method, path, body, token)
        expect(f"{method} {path}", found, status)
        return answer

    credentials = {"email": EMAIL, "password": PASSWORD}
    user = step("POST", "/signup", 201, credentials | {"name": "Grace"})["user"]
    step("POST", "/signup", 409, credentials | {"name": "Grace"})
    step("POST", "/signin", 401, credentials | {"password": "wrong horse battery staple"})
    token = step("POST", "/signin", 200, credentials)["accessToken"]
    step("GET", "/users", 401)
    listed = step("GET", "/users?limit=5", 200, token=token)["items"]
    expect("the other users", [user["name"] for user in listed], ["Ada Lovelace"])
    step("GET", f"/users/{listed[0]['id']}", 200, token=token)
    expect("GET /users/me", step("GET", "/users/me", 200, token=token)["user"], user)
    patched = step("PATCH", "/users/me", 200, {"name": "Grace Hopper"}, token)["user"]
    expect("the new name", patched["name"], "Grace Hopper")
    step("PUT", "/users/me/password", 204, {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}, token)
    step("POST", "/signin", 401, credentials)
    signed_in = step("POST", "/signin", 200, credentials | {"password": NEW_PASSWORD})
    refreshed = step("POST", "/session/refresh", 200, {"refreshToken": signed_in["refreshToken"]})
    step("POST", "/signout", 204, {"refreshToken": refreshed["refreshToken"]})
    token = refreshed["accessToken"]
    step("DELETE", "/users/me", 204, {"password": NEW_PASSWORD}, token)
    step("POST", "/signup", 201, credentials | {"name": "Grace"})
    step("GET", "/.well-known/openid-configuration", 200)


def main() -> None:
    # The default ports, which events/env.json contains.
    with LocalSystem(CLOAKROOM, 3000) as system:
        env = shell(system.folder)
        invocations(system.folder, env)
        log = (system.folder / "start-api.log").open("w")
        gateway = subprocess.Popen(["sam", "local", "start-api", *LOCALLY], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            for _ in range(100):
                if "Running on" in pathlib.Path(log.name).read_text():
                    break
                time.sleep(0.2)
            account_life()
        finally:
            gateway.terminate()
            gateway.wait()
    print(f"{passed} passed, 0 failed")


main()
