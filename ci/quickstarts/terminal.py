"""Runs the commands of a quick start: those in the foreground in one shell, the others in the background."""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import uuid

# A first start may compile an application.
START_SECONDS = 900
# The port of the API in the documents. The engines use the next eight.
API = "3000"
_used: set[int] = set()


class Terminal:
    """A shell that keeps its folder and variables between commands, and background processes."""

    def __init__(self, folder: pathlib.Path, environment: dict[str, str]) -> None:
        self._environment = environment
        self._background: list[tuple[subprocess.Popen, str, pathlib.Path]] = []
        self._scripts = pathlib.Path(tempfile.mkdtemp(dir=folder))
        self.folder = folder
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str) -> str:
        """Runs a command and returns its output. Fails when the command fails."""
        end = f"end-{uuid.uuid4()}"
        file = self._scripts / "command.sh"
        file.write_text(script)
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f"set -euo pipefail; . {file} </dev/null; set +eu; echo {end} $PWD\n")
        self._shell.stdin.flush()
        output = []
        for line in self._shell.stdout:
            if end in line:
                before, folder = line.split(end)
                self.folder = pathlib.Path(folder.strip())
                return "".join(output) + before
            output.append(line)
        raise RuntimeError(f"{script}\nfailed:\n{''.join(output)}")

    def serve(self, script: str, port: int) -> None:
        """Starts a command in the background and waits until it listens on its port."""
        if listens(port):
            raise RuntimeError(f"{script}\nneeds port {port}, which is in use")
        log = self._scripts / f"{len(self._background)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._background.append((process, script, log))
        for _ in range(START_SECONDS * 10):
            if listens(port):
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{script}\ndoes not listen on port {port}:\n{log.read_text()}")

    def logs(self) -> str:
        """The end of the output of the background processes."""
        return "\n".join(f"{script}{log.read_text()[-2000:]}" for _, script, log in self._background)

    def close(self) -> None:
        """Ends the shell and the background processes with their children."""
        for process in [self._shell, *(process for process, _, _ in self._background)]:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            except ProcessLookupError:
                pass


def listens(port: int) -> bool:
    """Whether a server listens on a port, with either version of IP: `localhost` may be both."""
    for host in ("127.0.0.1", "::1"):
        try:
            with socket.create_connection((host, port), timeout=1):
                return True
        except OSError:
            continue
    return False


def free_ports(documented: set[str]) -> dict[str, int]:
    """Returns a free port for each port of a document. They are below those that the system hands out, so that no other process
    gets them. The engines use the eight ports after that of the API."""
    for _ in range(1000):
        first = random.randrange(20_000, 30_000, 20)
        if first not in _used and not any(listens(first + offset) for offset in range(20)):
            _used.add(first)
            others = sorted(documented - {API})
            return {API: first} | {port: first + 9 + index for index, port in enumerate(others)}
    raise RuntimeError("there are no twenty free ports in a row")


def with_ports(text: str, ports: dict[str, int]) -> str:
    """Replaces the ports of a document."""
    return re.sub(r"\b\d{4}\b", lambda match: str(ports.get(match[0], match[0])), text)
