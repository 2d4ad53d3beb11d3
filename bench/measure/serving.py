"""HTTP/1.1 servers in the measuring process: one thread, one selector, no other process that uses the CPU."""

import re
import selectors
import socket
import ssl
import time
from collections.abc import Callable

# Gives the response to the head and the body of a request, or None if `Connection.send` does so later.
Answer = Callable[["Connection", bytes, bytes], bytes | None]


class Loop:
    """Serves the sockets of this process until a condition holds."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, source: socket.socket, when_ready: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, when_ready)

    def remove(self, source: socket.socket) -> None:
        self._selector.unregister(source)

    def run(self, until: Callable[[], bool], seconds: float) -> None:
        """Serves until the condition holds. Raises TimeoutError if it does not within the seconds."""
        deadline = time.monotonic() + seconds
        while not until():
            for key, _ in self._selector.select(1):
                key.data()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:.0f} s")


class Server:
    """A server on a free port of the loopback interface, with TLS if it gets a context."""

    def __init__(self, loop: Loop, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._loop, self._answer, self._tls = loop, answer, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.connections: set[Connection] = set()
        # How many connections there were.
        self.accepted = 0
        self.port: int = self._listener.getsockname()[1]
        # The name is the one in the certificate.
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        loop.add(self._listener, self._accept)

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        self.accepted += 1
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setblocking(False)
        if self._tls:
            accepted = self._tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        self.connections.add(Connection(self._loop, self, accepted, self._answer))

    def close(self) -> None:
        self._loop.remove(self._listener)
        self._listener.close()
        for connection in list(self.connections):
            connection.close()


class Connection:
    """A connection of a client. Its requests are answered one after the other."""

    def __init__(self, loop: Loop, server: Server, accepted: socket.socket, answer: Answer) -> None:
        self._loop, self._server, self._socket, self._answer = loop, server, accepted, answer
        self._shakes_hands = isinstance(accepted, ssl.SSLSocket)
        self._received = b""
        loop.add(accepted, self._read)

    def _read(self) -> None:
        try:
            if self._shakes_hands:
                self._socket.do_handshake()  # type: ignore[attr-defined]
                self._shakes_hands = False
            # TLS may hold back bytes that the selector does not see, so everything is read.
            while more := self._socket.recv(65536):
                self._received += more
        except (BlockingIOError, ssl.SSLWantReadError):
            self._serve()
        except (ssl.SSLEOFError, ConnectionError):
            self.close()
        except ssl.SSLError as error:
            raise SystemExit(f"a client refuses TLS: {error}") from error
        else:
            self.close()

    def _serve(self) -> None:
        while message := split_message(self._received):
            head, body, self._received = message
            response = self._answer(self, head, body)
            if response is not None:
                self.send(response)

    def send(self, response: bytes) -> None:
        self._socket.setblocking(True)
        self._socket.sendall(response)
        self._socket.setblocking(False)

    def close(self) -> None:
        self._server.connections.discard(self)
        self._loop.remove(self._socket)
        self._socket.close()


def header(head: bytes, name: bytes) -> bytes:
    """Returns the value of a header, or nothing. The name is written in lower case."""
    found = re.search(rb"\r\n" + name + rb":[ \t]*([^\r]*)", head, re.IGNORECASE)
    return found[1].strip() if found else b""


def split_message(data: bytes, has_body: bool = True) -> tuple[bytes, bytes, bytes] | None:
    """Splits head and body of the first message from what follows. Returns None if the message is incomplete. The response
    to a HEAD request has no body, despite its content-length."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    head += separator
    if header(head, b"transfer-encoding"):
        raise SystemExit(f"a message in chunks: {head!r}")
    length = int(header(head, b"content-length") or 0) if has_body else 0
    return (head, rest[:length], rest[length:]) if len(rest) >= length else None


def message(first_line: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Returns an HTTP message with its content-length."""
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items()), f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
