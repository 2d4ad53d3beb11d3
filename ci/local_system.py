"""Starts `cloakroom dev` with its data in memory for scripts, and stops it afterwards."""

import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import threading
import urllib.request
from typing import Any

import signature
from functions import ROOT

CLOAKROOM = ROOT / "target/debug/cloakroom"
# Names the file with the list of regions that a function writes and the SDKs read (docs/adr/0012-release-functions-are-static.md).
LIST_OF_REGIONS = "SMITHY_CLIENT_SDK_CUSTOM_PARTITION"


class LocalSystem:
    """A running local system, with the endpoints and keys of its endpoints.json."""

    def __init__(
        self,
        executable: pathlib.Path = CLOAKROOM,
        port: int = 0,
        *arguments: str,
        cwd: pathlib.Path = ROOT,
        env: dict[str, str] | None = None,
    ) -> None:
        self._dir = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._dir.name)
        command = [executable, "dev", "--ephemeral", "--port", str(port), "--data-dir", self.folder, *arguments]
        self._process = subprocess.Popen(
            command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout
        output = []
        for line in self._process.stdout:
            output.append(line)
            if "Ctrl-C stops it" in line:
                break
        else:
            raise SystemExit("".join(output))
        # Reads further output, so that it does not fill the pipe.
        self.output: list[str] = output
        threading.Thread(target=output.extend, args=(self._process.stdout,), daemon=True).start()
        endpoints = json.loads((self.folder / "endpoints.json").read_text())
        missing = {"api", "dynamodb", "eventbridge", "lambda", "s3", "ses", "sqs", "ssm"} - set(endpoints)
        if missing:
            self.__exit__()
            raise SystemExit(f"{executable} has no endpoints for {sorted(missing)}; build it again")
        self.api: str = endpoints["api"]
        self.dynamodb: str = endpoints["dynamodb"]
        self.s3: str = endpoints["s3"]
        self.ses: str = endpoints["ses"]
        self.sqs: str = endpoints["sqs"]
        self.eventbridge: str = endpoints["eventbridge"]
        self.ssm: str = endpoints["ssm"]
        self.invoke: str = endpoints["lambda"]
        self._settled: str = endpoints["settled"]
        self.region: str = endpoints["region"]
        # The operator's access key, which allows everything. The functions' secrets are derived from it.
        self.access_key: str = endpoints["accessKeyId"]
        self.secret: str = endpoints["secretAccessKey"]
        # The template's only bucket.
        self.bucket = "cloakroom-dev-uploadsbucket"
        self.pid = self._process.pid

    def __enter__(self) -> "LocalSystem":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._dir.cleanup()

    def settle(self) -> None:
        """Waits until all events are delivered."""
        with urllib.request.urlopen(f"{self._settled}?wait=60000", timeout=90) as response:
            state = json.load(response)
        assert state["settled"], state

    def secret_of(self, access_key: str) -> str:
        """Derives the secret of a function's access key (docs/adr/0028-local-engines-for-programs-of-this-machine.md)."""
        return hmac.new(self.secret.encode(), access_key.encode(), hashlib.sha256).hexdigest()

    def metric_lines(self) -> list[tuple[str, dict[str, Any]]]:
        """Returns the lines with metrics that functions have printed so far, each with the name of its function."""
        found = []
        for text in list(self.output):
            function, separator, document = text.partition(" | ")
            if separator and '"_aws"' in document:
                found.append((function.strip(), json.loads(document)))
        return found

    def signed(self, service: str, url: str, body: bytes, headers: dict[str, str] | None = None) -> dict[str, str]:
        """Returns the headers of a POST request signed by the operator."""
        return signature.headers(service, self.region, (self.access_key, self.secret), url, body, headers)

    def environment(self, function: str) -> dict[str, str]:
        """Returns a function's environment: its variables in events/env.json and those that Lambda sets. The access key is
        the function's, so the engines enforce its role."""
        own = json.loads((ROOT / "events/env.json").read_text()).get(function, {})
        access_key = f"LOCAL{function.upper()}"
        return own | {
            # In Lambda's /tmp, which is the machine's here.
            LIST_OF_REGIONS: str(self.folder / "partitions.json"),
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_of(access_key),
            "AWS_SESSION_TOKEN": "local",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_S3": self.s3,
            "AWS_ENDPOINT_URL_EVENTBRIDGE": self.eventbridge,
            "AWS_ENDPOINT_URL_LAMBDA": self.invoke,
            "AWS_ENDPOINT_URL_SESV2": self.ses,
            "AWS_ENDPOINT_URL_SQS": self.sqs,
            "AWS_ENDPOINT_URL_SSM": self.ssm,
        }
