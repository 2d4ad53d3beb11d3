"""A function's process, and the Lambda Runtime API that it talks to.

<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
"""

import json
import os
import pathlib
import signal
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from local_system import LIST_OF_REGIONS

from measure import processes
from measure.serving import Connection, Loop, Server, message

PATH = b"/2018-06-01/runtime/"
NAME = "bench"
# The variables that Lambda sets besides region, credentials and the address of its Runtime API.
LAMBDA_SETS = {
    "PATH": os.environ["PATH"],
    "AWS_LAMBDA_FUNCTION_NAME": NAME,
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_LOG_GROUP_NAME": NAME,
    "AWS_LAMBDA_LOG_STREAM_NAME": NAME,
}


def empty_tmp(env: dict[str, str]) -> None:
    """Removes what an earlier start has written: an instance on Lambda starts with an empty /tmp, and to replace a file takes
    longer."""
    pathlib.Path(env[LIST_OF_REGIONS]).unlink(missing_ok=True)


class Instance:
    """A running function. It serves one invocation at a time, as on Lambda."""

    def __init__(self, loop: Loop, name: str, argv: Sequence[str], env: dict[str, str]) -> None:
        self._loop, self._name = loop, name
        self._output = tempfile.TemporaryFile()
        self._server = Server(loop, self._answer)
        # The connection whose `GET /next` waits for an invocation.
        self._waiting: Connection | None = None
        self._response: bytes | None = None
        self._number = 0
        self._asked = self._sent = self._answered = 0.0
        empty_tmp(env)
        env = env | LAMBDA_SETS | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.port}"}
        outputs = [(os.POSIX_SPAWN_DUP2, self._output.fileno(), descriptor) for descriptor in (1, 2)]
        self.began = time.perf_counter()
        self.pid = os.posix_spawnp(argv[0], list(argv), env, file_actions=outputs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _answer(self, connection: Connection, head: bytes, body: bytes) -> bytes | None:
        method, path = head.split(b" ", 2)[:2]
        kind = path.removeprefix(PATH).rsplit(b"/", 1)[-1]
        match method, kind:
            case b"GET", b"next":
                self._asked = time.perf_counter()
                self._waiting = connection
                return None
            case b"POST", b"response":
                self._answered = time.perf_counter()
                self._response = body
                return message("HTTP/1.1 202 Accepted", {"content-type": "application/json"}, b"{}")
        raise self.failed(f"{head.splitlines()[0]!r} {body[:500]!r}")

    def _wait(self, seconds: float) -> None:
        """Waits until the function asks for an invocation."""
        try:
            self._loop.run(lambda: self._waiting is not None, seconds)
        except TimeoutError as error:
            raise self.failed(f"no GET /next: {error}") from error

    def failed(self, why: str) -> SystemExit:
        """Returns what ends the program, with the end of what the function has printed."""
        return SystemExit(f"{self._name}: {why}\n{self.log()[-2000:]}")

    def log(self) -> str:
        """Returns what the function has printed."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode()

    def start(self, seconds: float = 20) -> float:
        """Waits until the function asks for its first invocation. Returns the milliseconds since its process was started."""
        self._wait(seconds)
        return (self._asked - self.began) * 1e3

    def invoke(self, event: dict[str, Any], status: int = 200) -> Any:
        """Invokes the function, and waits until it asks for the next invocation. Returns the parsed body of the response,
        which must have the status."""
        assert self._waiting
        self._number += 1
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": f"00000000-0000-4000-8000-{self._number:012}",
            "lambda-runtime-deadline-ms": str(int((time.time() + 29) * 1e3)),
            "lambda-runtime-invoked-function-arn": f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}",
            "lambda-runtime-trace-id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        waiting, self._waiting, self._response = self._waiting, None, None
        self._sent = time.perf_counter()
        waiting.send(message("HTTP/1.1 200 OK", headers, json.dumps(event).encode()))
        self._wait(60)
        if self._response is None:
            raise self.failed("asked for the next invocation before it answered")
        answer = json.loads(self._response)
        if answer["statusCode"] != status:
            raise self.failed(f"{event['routeKey']}: {answer}")
        return json.loads(answer["body"]) if answer.get("body") else None

    @property
    def invocation_ms(self) -> float:
        """The milliseconds from sending the last invocation to its response."""
        return (self._answered - self._sent) * 1e3

    @property
    def since_start_ms(self) -> float:
        """The milliseconds from the start of the process to its last response."""
        return (self._answered - self.began) * 1e3

    def cpu_ms(self) -> float:
        return processes.cpu_ms(self.pid)

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid, by)
        os.waitpid(self.pid, 0)
        self._server.close()
        self._output.close()
