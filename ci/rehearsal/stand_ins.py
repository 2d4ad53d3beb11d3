"""Starts the stand-ins for AWS, on free ports of this machine."""

import contextlib
import os
import pathlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

from ports import free_port

REGION = "eu-central-1"
# Credentials of no account. ministack accepts only these.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Settings of the developer that would lead to another account or another endpoint.
OTHERS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def use_no_account() -> None:
    """Replaces the AWS settings of the environment, so that no request can reach an account."""
    for name in list(os.environ):
        if name in OTHERS or name.startswith("AWS_ENDPOINT_URL"):
            del os.environ[name]
    os.environ |= KEYS | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nothing listens there: a request before a stand-in runs fails.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        # boto3 waits for "100 Continue" before an empty PUT, and ministack sends none.
        "BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE": "True",
        "SAM_CLI_TELEMETRY": "0",
    }


@contextlib.contextmanager
def ministack(executable: str, folder: pathlib.Path) -> Iterator[str]:
    """Runs ministack with IAM enforced, and yields its address."""
    port = free_port()
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder),
        # Its functions use this address.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    with _server("ministack", [executable], settings, port, "/_ministack/health", folder) as address:
        yield address


@contextlib.contextmanager
def moto(executable: str, folder: pathlib.Path) -> Iterator[str]:
    """Runs moto's server, and yields its address."""
    port = free_port()
    command = [executable, "--host", "127.0.0.1", "--port", str(port)]
    with _server("moto", command, {}, port, "/moto-api/", folder) as address:
        yield address


@contextlib.contextmanager
def _server(
    name: str, command: list[str], settings: dict[str, str], port: int, health: str, folder: pathlib.Path
) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    address, log = f"http://127.0.0.1:{port}", folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=output, stderr=output, cwd=folder)
    try:
        for _ in range(1_200):
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address + health, timeout=5).close()
                os.environ["AWS_ENDPOINT_URL"] = address
                yield address
                return
            time.sleep(0.1)
        sys.exit(f"{name} does not start:\n{log.read_text()}")
    finally:
        os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        process.terminate()
        process.wait()
