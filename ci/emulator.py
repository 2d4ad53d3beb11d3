"""Lambda's runtime interface emulator: <https://github.com/aws/aws-lambda-runtime-interface-emulator>."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from typing import IO, Any

from ports import free_ports, listens

# In the folder of the SAM CLI's Python package `samcli`, which brings the emulator.
IN_SAMCLI = "local/rapid/aws-lambda-rie-x86_64"


class Emulator:
    """One function as Lambda starts it: an instance that lives on from event to event. The first event starts it."""

    def __init__(self, executable: pathlib.Path, function: Sequence[str], env: dict[str, str], log: IO[Any]) -> None:
        port, runtime_api = free_ports(2)
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        command = [str(executable), "--log-level", "error"]
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{runtime_api}", *function]
        self._log = log
        self._process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        self.pid = self._process.pid
        for _ in range(6000):
            if listens(port):
                return
            time.sleep(0.01)
        self.end()
        sys.exit(f"the emulator of {function[0]} does not start: {log.name}")

    def invoke(self, event: dict[str, Any], seconds: float) -> Any:
        request = urllib.request.Request(self._url, json.dumps(event).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=seconds) as response:
            return json.load(response)

    def end(self) -> None:
        # The function is the emulator's child, in the group that we made.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
