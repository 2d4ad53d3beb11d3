"""The engines that functions call: those of the local system, or their responses, served by the measuring process."""

import re
import socket
import ssl
import urllib.parse
from collections import Counter

from local_system import LocalSystem

from measure.serving import Connection, Loop, Server, header, split_message
from measure.tls import Chain

# The engines that functions use at a start and in the measured requests.
ENGINES = ["dynamodb", "ssm", "s3", "sqs", "eventbridge"]
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

    @property
    def served(self) -> int:
        """How many requests there were."""
        return self._counts.total()

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
    """Serves the requests to one engine: from a recording, which takes hardly any time, or by asking the engine. It runs in
    the measuring process, so that no other process uses the CPU."""

    def __init__(self, loop: Loop, engine: str, tls: ssl.SSLContext | None) -> None:
        self._engine = urllib.parse.urlsplit(engine)
        self.recording: Recording | None = None
        self.server = Server(loop, self._answer, tls)

    def _answer(self, _: Connection, head: bytes, body: bytes) -> bytes:
        if not self.recording:
            return self._ask(head, body)
        target = header(head, b"x-amz-target")
        key = self.recording.next_key(target, body)
        response = self.recording.find(key, body)
        if response is None:
            response = self._ask(head, body)
            if not response.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"an engine refused {target!r}: {response!r}")
            self.recording.add(key, body, response)
        return response

    def _ask(self, head: bytes, body: bytes) -> bytes:
        has_body = not head.startswith(b"HEAD ")
        with socket.create_connection((self._engine.hostname, self._engine.port), timeout=30) as connection:
            connection.sendall(head + body)
            received = b""
            while not (message := split_message(received, has_body)):
                more = connection.recv(65536)
                if not more:
                    raise SystemExit(f"{self._engine.netloc} closed the connection after {received!r}")
                received += more
        return message[0] + message[1]


class Engines:
    """The kinds of engines: `local`, those of the local system; `recorded`, their responses from memory; `tls`, the same
    behind TLS 1.3. Each engine has an address of its own, so that functions need as many connections as on AWS."""

    def __init__(self, loop: Loop, local: LocalSystem, chain: Chain) -> None:
        trust = {"AWS_CA_BUNDLE": str(chain.bundle), "NODE_EXTRA_CA_CERTS": str(chain.bundle)}
        self._environments: dict[str, dict[str, str]] = {"local": {}, "recorded": {}, "tls": trust}
        self._stands = []
        for kind, context in {"recorded": None, "tls": chain.context}.items():
            for engine in ENGINES:
                stand = Stand(loop, getattr(local, engine), context)
                self._environments[kind][f"AWS_ENDPOINT_URL_{engine.upper()}"] = stand.server.url
                self._stands.append(stand)

    def environment(self, kind: str) -> dict[str, str]:
        """Returns the variables that make a function use engines of this kind."""
        return self._environments[kind]

    def replay(self, recording: Recording) -> None:
        """Serves the next start from a recording, and records what it lacks. Without a call, requests are passed on."""
        recording.rewind()
        for stand in self._stands:
            stand.recording, stand.server.accepted = recording, 0

    def use(self, recording: Recording) -> tuple[int, int]:
        """Returns how many connections and requests there were since the recording was rewound."""
        return sum(stand.server.accepted for stand in self._stands), recording.served
