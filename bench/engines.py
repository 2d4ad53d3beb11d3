"""Replays the responses of the local engines from memory."""

import socket
import urllib.parse

from local_system import LocalSystem


class Recorded:
    """Records the engines' responses and replays them for the same requests. It runs in the measuring process, so that no
    other process uses the CPU."""

    def __init__(self, engines: LocalSystem) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self._engines = {b"DynamoDB": engines.dynamodb, b"AmazonSSM": engines.ssm}
        self._responses: dict[tuple[bytes, bytes], bytes] = {}

    def serve(self, connection: socket.socket) -> bool:
        """Responds to the next request. Returns False when the connection was closed."""
        request = read_message(connection)
        if request is None:
            return False
        head, body = request
        key = (header(head, b"x-amz-target"), body)
        if key not in self._responses:
            self._responses[key] = self._forward(key[0], head, body)
        connection.sendall(self._responses[key])
        return True

    def _forward(self, target: bytes, head: bytes, body: bytes) -> bytes:
        (url,) = [url for service, url in self._engines.items() if target.startswith(service)]
        address = urllib.parse.urlparse(url)
        with socket.create_connection((address.hostname, address.port)) as engine:
            engine.sendall(head + body)
            response = read_message(engine)
        assert response and response[0].startswith(b"HTTP/1.1 200 "), response
        return b"".join(response)


def header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def read_message(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Reads the head and the body of the next message. Returns None at the end of the connection."""
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
