"""Starts ministack, a second implementation of AWS services, and stops it afterwards."""

import os
import pathlib
import subprocess
import tempfile
import threading

from ports import free_port


class Ministack:
    """A running ministack with its data in a temporary folder. Its access key and its secret are `test`."""

    def __init__(self, executable: pathlib.Path) -> None:
        self.executable = executable
        self._state = tempfile.TemporaryDirectory()

    def __enter__(self) -> str:
        """Returns the URL of all services."""
        port = free_port()
        env = os.environ | {"AUTH": "true", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        env |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "STATE_DIR": self._state.name}
        self._process = subprocess.Popen(
            [self.executable], env=env, cwd=self._state.name, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr
        if not any("Running on" in line for line in self._process.stderr):
            self.__exit__()
            raise SystemExit(f"{self.executable} did not start")
        # Reads the rest, because the process would block on a full pipe.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._state.cleanup()
