"""A local system whose engines can fail, and what CloudWatch would get from it."""

import contextlib
import http.client
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import urllib3
from functions import FUNCTIONS
from local_system import CLOAKROOM, LocalSystem

from .evaluator import Sample, metric

# What an engine does with a request: it returns a status and a body, or None to forward the request.
Fault = Callable[[], tuple[int, bytes] | None]


def healthy() -> None:
    """Forwards each request."""


def answers(status: int, kind: str) -> Fault:
    """Answers with an error of an AWS service."""
    body = f'{{"__type": "{kind}", "message": "injected"}}'.encode()
    return lambda: (status, body)


def slow(seconds: float) -> Fault:
    """Forwards each request after some seconds."""
    return lambda: time.sleep(seconds)


class Server(http.server.ThreadingHTTPServer):
    """A server whose clients may give up."""

    request_queue_size = 64

    def handle_error(self, *arguments: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)


class Proxy:
    """A proxy in front of an engine."""

    def __init__(self) -> None:
        self.fault: Fault = healthy
        self.upstream = ""
        # The most requests at once since it was set. A function waits for one request at a time.
        self.most = 0
        self._now, self._lock = 0, threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body in one packet: otherwise each response takes 40 ms longer.
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with proxy.counted():
                    status, answer = proxy.fault() or proxy.forward(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Prints nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Counts a request while it is handled."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Sends a request to the engine. The signature covers the host, so the caller's value is kept."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.upstream).netloc, timeout=60)
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FaultySystem(LocalSystem):
    """A local system whose functions reach DynamoDB and SES through proxies, and a gateway that measures its API."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.database, self.mail = Proxy(), Proxy()
        self._bootstraps = tempfile.TemporaryDirectory()
        variables = {"AWS_ENDPOINT_URL_DYNAMODB": self.database.url, "AWS_ENDPOINT_URL_SESV2": self.mail.url}
        exports = "".join(f"export {name}={url}\n" for name, url in variables.items())
        for name in FUNCTIONS:
            file = pathlib.Path(self._bootstraps.name, name, "bootstrap")
            file.parent.mkdir()
            file.write_text(f"#!/bin/sh\n{exports}exec {CLOAKROOM} function {name}\n")
            file.chmod(0o700)
        options = [part for name, value in parameters.items() for part in ("--parameter", f"{name}={value}")]
        super().__init__(CLOAKROOM, 0, "--without-schedules", "--bootstraps", self._bootstraps.name, *options)
        self.database.upstream, self.mail.upstream = self.dynamodb, self.ses
        self.http = urllib3.PoolManager(maxsize=16, retries=False)
        self.measured: list[Sample] = []
        self._seen = 0

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(*arguments)
        self.database.stop()
        self.mail.stop()
        self._bootstraps.cleanup()

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> int:
        """Sends a request, and measures it as API Gateway does."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        started = time.monotonic()
        answer = self.http.request(method, self.api + path, json=body, headers=headers, timeout=60)
        milliseconds = 1000 * (time.monotonic() - started)
        values = {"Count": 1, "4xx": answer.status // 100 == 4, "5xx": answer.status // 100 == 5, "Latency": milliseconds}
        self.measured += [
            Sample(metric("AWS/ApiGateway", name, ApiId="Api"), float(value)) for name, value in values.items()
        ]
        return answer.status

    def invoke_function(self, name: str, event: dict[str, Any], waits: bool = True) -> None:
        """Invokes a function with an event, as EventBridge does. Without `waits`, the function may fail."""
        url = f"{self.invoke}/2015-03-31/functions/{name}/invocations"
        body = json.dumps(event).encode()
        headers = self.signed("lambda", url, body, {} if waits else {"x-amz-invocation-type": "Event"})
        answer = self.http.request("POST", url, body=body, headers=headers, timeout=60)
        assert answer.status == (200 if waits else 202), answer.data
        assert "x-amz-function-error" not in answer.headers, answer.data

    def visible(self, queue: str) -> int:
        """The messages of a queue, by its logical id, that can be received."""
        client = boto3.client(
            "sqs",
            endpoint_url=self.sqs,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret,
        )
        url = client.get_queue_url(QueueName=f"cloakroom-dev-{queue}")["QueueUrl"]
        name = "ApproximateNumberOfMessages"
        return int(client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def new_samples(self) -> list[Sample]:
        """What the functions' lines and the gateway have had since the last call."""
        lines = self.metric_lines()
        found, self._seen = [sample for _, line in lines[self._seen :] for sample in samples_of(line)], len(lines)
        found += self.measured
        self.measured = []
        return found


def samples_of(line: dict[str, Any]) -> list[Sample]:
    """The samples that CloudWatch takes from a line in the embedded metric format. The metrics have no dimensions."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[]], line
    return [Sample(metric(directive["Namespace"], it["Name"]), line[it["Name"]]) for it in directive["Metrics"]]
