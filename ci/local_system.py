"""A running `cloakroom dev` for programs that call it: in memory, gone when they are done."""

import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import threading

import signature
from functions import ROOT

CLOAKROOM = ROOT / "target/debug/cloakroom"


class LocalSystem:
    """Where the API and the engines are, as endpoints.json says."""

    def __init__(self, executable: pathlib.Path = CLOAKROOM, port: int = 0, *arguments: str) -> None:
        self._dir = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._dir.name)
        command = [executable, "dev", "--ephemeral", "--port", str(port), "--data-dir", self.folder, *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "Ctrl-C stops it" in line:
                break
        else:
            raise SystemExit("".join(said))
        # What it says later must not fill the pipe.
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        endpoints = json.loads((self.folder / "endpoints.json").read_text())
        missing = {"api", "dynamodb", "lambda", "s3", "ses", "ssm"} - set(endpoints)
        if missing:
            self.__exit__()
            raise SystemExit(f"{executable} says nowhere where to find {sorted(missing)}: is it an old build?")
        self.api: str = endpoints["api"]
        self.dynamodb: str = endpoints["dynamodb"]
        self.s3: str = endpoints["s3"]
        self.ses: str = endpoints["ses"]
        self.ssm: str = endpoints["ssm"]
        self.invoke: str = endpoints["lambda"]
        self.region: str = endpoints["region"]
        # The operator's, who may do anything; the secrets of the functions derive from it.
        self.access_key: str = endpoints["accessKeyId"]
        self.secret: str = endpoints["secretAccessKey"]
        # Of the template's one bucket.
        self.bucket = "cloakroom-dev-uploadsbucket"
        self.pid = self._process.pid

    def __enter__(self) -> "LocalSystem":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._dir.cleanup()

    def secret_of(self, access_key: str) -> str:
        """The secret of a function's access key (docs/adr/0028-local-engines-for-programs-of-this-machine.md)."""
        return hmac.new(self.secret.encode(), access_key.encode(), hashlib.sha256).hexdigest()

    def signed(self, service: str, url: str, body: bytes, headers: dict[str, str] | None = None) -> dict[str, str]:
        """The headers of a POST request that the operator makes."""
        return signature.headers(service, self.region, (self.access_key, self.secret), url, body, headers)

    def environment(self, function: str) -> dict[str, str]:
        """A function's variables: its own of events/env.json, and what Lambda sets. The access key is the function's,
        so the engines let it do what its role says and nothing else."""
        own = json.loads((ROOT / "events/env.json").read_text()).get(function, {})
        access_key = f"LOCAL{function.upper()}"
        return own | {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_of(access_key),
            "AWS_SESSION_TOKEN": "local",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_S3": self.s3,
            "AWS_ENDPOINT_URL_SESV2": self.ses,
            "AWS_ENDPOINT_URL_SSM": self.ssm,
        }
