"""A Lambda Runtime API for one instance of a function (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

import itertools
import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/2018-06-01/runtime/"


class RuntimeApi:
    """Gives a function one event after the other, and returns its results."""

    def __init__(self, timeout: float = 30) -> None:
        """Listens on a free port. The timeout of an invocation is in seconds."""
        self.events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.results: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.timeout = timeout
        self._ids = map(str, itertools.count())
        self._server = Server(self)
        # Value of AWS_LAMBDA_RUNTIME_API.
        self.address = "127.0.0.1:%d" % self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "RuntimeApi":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Returns the function's response to an event."""
        request_id = next(self._ids)
        self.events.put((request_id, json.dumps(event).encode()))
        try:
            resource, body = self.results.get(timeout=self.timeout)
        except queue.Empty:
            raise SystemExit(f"the function did not respond within {self.timeout} s") from None
        if resource != f"invocation/{request_id}/response":
            raise SystemExit(f"the function failed: {resource}: {body.decode()}")
        return json.loads(body)


class Server(ThreadingHTTPServer):
    """The HTTP server of a Runtime API. A connection that waits for an event does not keep the process alive."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Ignores the connection of a function that was ended."""


class Handler(BaseHTTPRequestHandler):
    """A connection of the function."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Buffers a response, so that its head and its body are one packet.
    wbufsize = -1

    def do_GET(self) -> None:
        """Waits for the next event."""
        request_id, event = self.server.api.events.get()
        deadline = int((time.time() + self.server.api.timeout) * 1000)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        """Takes a result or an error."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.api.results.put((self.path.removeprefix(PATH), body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Logs nothing."""
