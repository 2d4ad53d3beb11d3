"""The address of a stack's HTTP API: a stand-in serves it, but its host name is not known to DNS."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator

import boto3
import requests

# Not forwarded: they belong to a connection.
HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Forwards requests to the API of one stack."""

    protocol_version = "HTTP/1.1"

    def __init__(self, stack: str, endpoint: str, *arguments: object) -> None:
        self.stack, self.endpoint = stack, endpoint
        super().__init__(*arguments)

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        url = f"{self.endpoint}/_aws/execute-api/{api_id(self.stack)}/$default{self.path}"
        answer = requests.request(self.command, url, headers=headers, data=body, allow_redirects=False, timeout=60)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP | {"content-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = forward

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


def api_id(stack: str) -> str:
    """The id of a stack's API."""
    found = boto3.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Api")
    physical: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return physical


@contextlib.contextmanager
def serve(stack: str, endpoint: str) -> Iterator[str]:
    """Serves the API of a stack, from its deployment on, and yields the address."""
    handler = functools.partial(Handler, stack, endpoint)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
