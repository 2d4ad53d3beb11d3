"""The answers of the local engines, from memory."""

import socket
import urllib.parse

from local_system import LocalSystem


class Recorded:
    """What the engines said once, said again at once to whoever asks the same. Whoever waits for a function serves it,
    so nothing else runs meanwhile."""

    def __init__(self, engines: LocalSystem) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self._engines = {b"DynamoDB": engines.dynamodb, b"AmazonSSM": engines.ssm}
        self._answers: dict[tuple[bytes, bytes], bytes] = {}

    def converse(self, connection: socket.socket) -> bool:
        """Answers what was asked; says whether there was anything."""
        request = read_message(connection)
        if request is None:
            return False
        head, body = request
        key = (header(head, b"x-amz-target"), body)
        if key not in self._answers:
            self._answers[key] = self._ask(key[0], head, body)
        connection.sendall(self._answers[key])
        return True

    def _ask(self, target: bytes, head: bytes, body: bytes) -> bytes:
        (url,) = [url for service, url in self._engines.items() if target.startswith(service)]
        address = urllib.parse.urlparse(url)
        with socket.create_connection((address.hostname, address.port)) as engine:
            engine.sendall(head + body)
            answer = read_message(engine)
        assert answer and answer[0].startswith(b"HTTP/1.1 200 "), answer
        return b"".join(answer)


def header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def read_message(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body of what comes next, or nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    while len(body) < int(header(head, b"content-length") or 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n", body
