"""The engines that functions call: those of the local system, or their responses, served by the measuring process."""

import re
import socket
import ssl
import urllib.parse
from collections import Counter

from local_system import LocalSystem

from measure.serving import Connection, Loop, Server, header, split_message

# What an engine's requests have in their x-amz-target.
TARGETS = {b"DynamoDB_20120810": "dynamodb", b"AmazonSSM": "ssm", b"AmazonSQS": "sqs", b"AWSEvents": "eventbridge"}
Key = tuple[bytes, bytes, int]


class Recording:
    """The responses to one subject's requests, in the order of its first start."""

    def __init__(self) -> None:
        self._exact: dict[tuple[bytes, bytes], bytes] = {}
        self._in_order: dict[Key, bytes] = {}
        self._counts: Counter[tuple[bytes, bytes]] = Counter()

    def rewind(self) -> None:
        """Begins again, for the next start."""
        self._counts.clear()

    def next_key(self, target: bytes, body: bytes) -> Key:
        """Returns the operation, the table and which of such requests this is, for bodies that have new ids and times."""
        table = re.search(rb'"TableName":\s*"([^"]*)"', body)
        kind = (target, table[1] if table else b"")
        self._counts[kind] += 1
        return *kind, self._counts[kind]

    def find(self, target: bytes, body: bytes, key: Key) -> bytes | None:
        return self._exact.get((target, body)) or self._in_order.get(key)

    def add(self, target: bytes, body: bytes, key: Key, response: bytes) -> None:
        self._exact[target, body] = self._in_order[key] = response


class Engines:
    """Serves the requests of functions in the measuring process, so that no other process uses the CPU: from a recording, which
    takes no time, or by asking the engine."""

    def __init__(self, loop: Loop, local: LocalSystem, tls: ssl.SSLContext | None = None) -> None:
        self._local = local
        self._recording: Recording | None = None
        self.url = Server(loop, self._answer, tls).url

    def replay(self, recording: Recording) -> None:
        """Serves the next start from a recording, and records what it lacks."""
        recording.rewind()
        self._recording = recording

    def _answer(self, _: Connection, head: bytes, body: bytes) -> bytes:
        target = header(head, b"x-amz-target")
        if not self._recording:
            return self._ask(target, head, body)
        key = self._recording.next_key(target, body)
        response = self._recording.find(target, body, key)
        if response is None:
            response = self._ask(target, head, body)
            if not response.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"an engine refused {target!r}: {response!r}")
            self._recording.add(target, body, key, response)
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
