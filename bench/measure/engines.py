"""The engines that functions call: those of the local system, or their responses, served by the measuring process."""

import re
import socket
import ssl
import urllib.parse
from collections import Counter

from local_system import LocalSystem

from measure.serving import Connection, Loop, Server, header, split_message
from measure.tls import Chain

# What an engine's requests have in their x-amz-target.
TARGETS = {b"DynamoDB_20120810": "dynamodb", b"AmazonSSM": "ssm", b"AmazonSQS": "sqs", b"AWSEvents": "eventbridge"}
Key = tuple[bytes, bytes, int]


class Recording:
    """The responses to one subject's requests, in the order of its first start."""

    def __init__(self) -> None:
        self._in_order: dict[Key, tuple[bytes, bytes]] = {}
        self._by_body: dict[tuple[bytes, bytes], bytes] = {}
        self._counts: Counter[tuple[bytes, bytes]] = Counter()

    def rewind(self) -> None:
        """Begins again, for the next start."""
        self._counts.clear()

    def next_key(self, target: bytes, body: bytes) -> Key:
        """Returns the operation, the table, and how many such requests there were."""
        table = re.search(rb'"TableName":\s*"([^"]*)"', body)
        kind = (target, table[1] if table else b"")
        self._counts[kind] += 1
        return *kind, self._counts[kind]

    def find(self, key: Key, body: bytes) -> bytes | None:
        """Returns the response to the same request. If there was none, because bodies have new ids and times, returns the
        response to the request in the same place."""
        then, response = self._in_order.get(key, (None, None))
        return response if then == body else self._by_body.get((key[0], body), response)

    def add(self, key: Key, body: bytes, response: bytes) -> None:
        self._in_order[key] = (body, response)
        self._by_body[key[0], body] = response


class Stand:
    """Serves the requests of functions: from a recording, which takes hardly any time, or by asking the engine. It runs in
    the measuring process, so that no other process uses the CPU."""

    def __init__(self, loop: Loop, local: LocalSystem, tls: ssl.SSLContext | None = None) -> None:
        self._local = local
        self.recording: Recording | None = None
        self.url = Server(loop, self._answer, tls).url

    def _answer(self, _: Connection, head: bytes, body: bytes) -> bytes:
        target = header(head, b"x-amz-target")
        if not self.recording:
            return self._ask(target, head, body)
        key = self.recording.next_key(target, body)
        response = self.recording.find(key, body)
        if response is None:
            response = self._ask(target, head, body)
            if not response.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"an engine refused {target!r}: {response!r}")
            self.recording.add(key, body, response)
        return response

    def _ask(self, target: bytes, head: bytes, body: bytes) -> bytes:
        engine = TARGETS.get(target.partition(b".")[0], "s3")
        address = urllib.parse.urlsplit(getattr(self._local, engine))
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head + body)
            received = b""
            while not (message := split_message(received)):
                more = connection.recv(65536)
                if not more:
                    raise SystemExit(f"{engine} closed the connection after {received!r}")
                received += more
        return message[0] + message[1]


class Engines:
    """The kinds of engines: `local`, those of the local system; `recorded`, their responses from memory; `tls`, the same
    behind TLS 1.3."""

    def __init__(self, loop: Loop, local: LocalSystem, chain: Chain) -> None:
        self._plain, self._tls = Stand(loop, local), Stand(loop, local, chain.context)
        trust = {"AWS_CA_BUNDLE": str(chain.bundle), "NODE_EXTRA_CA_CERTS": str(chain.bundle)}
        self._environments = {"local": {}, "recorded": through(self._plain.url), "tls": through(self._tls.url) | trust}

    def environment(self, kind: str) -> dict[str, str]:
        """Returns the variables that make a function use engines of this kind."""
        return self._environments[kind]

    def replay(self, recording: Recording) -> None:
        """Serves the next start from a recording, and records what it lacks. Without a call, requests are passed on."""
        recording.rewind()
        self._plain.recording = self._tls.recording = recording


def through(url: str) -> dict[str, str]:
    """Returns the variables that send a function's requests to one URL."""
    return {f"AWS_ENDPOINT_URL_{service}": url for service in ("DYNAMODB", "S3", "SSM", "SQS", "EVENTBRIDGE")}
