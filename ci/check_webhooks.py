"""Checks webhooks with the tools of others.

    ci/check_webhooks.sh
"""

import http.server
import ipaddress
import json
import os
import pathlib
import random
import re
import subprocess
import threading
import time
from typing import Any

from functions import ROOT
from local_system import CLOAKROOM, LocalSystem
from person import Person, administrator

SEED = int(os.environ.get("CLOAKROOM_SEED", "7"))
RANDOM_ADDRESSES = 200_000
# Ranges that Python calls global and webhooks do not reach: they are not the address of one host on the Internet. Multicast, and
# protocols (Teredo, ORCHID, AMT, AS112, 6to4, NAT64), which can stand for other addresses; and what is not allocated.
STRICTER = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "224.0.0.0/4",
        "::/3", "2001::/23", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "4000::/2", "8000::/1",
    )
]  # fmt: skip


class Receiver(http.server.ThreadingHTTPServer):
    """Records the requests of webhooks."""

    def __init__(self) -> None:
        received: list[dict[str, Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                received.append({"body": body, "headers": {name.lower(): value for name, value in self.headers.items()}})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.received = received
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, count: int) -> dict[str, Any]:
        for _ in range(300):
            if len(self.received) >= count:
                return self.received[count - 1]
            time.sleep(0.1)
        raise SystemExit(f"{len(self.received)} of {count} deliveries arrived")


def example(language: str) -> str:
    """Returns the receiver in docs/WEBHOOKS.md in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/WEBHOOKS.md").read_text(), re.DOTALL)
    return found


def verdicts(cases: list[dict[str, Any]]) -> list[list[str | None]]:
    """Returns what the receivers in Python and in JavaScript return for each delivery: the id of the event, or None."""
    scope: dict[str, Any] = {}
    exec(compile(example("python"), "docs/WEBHOOKS.md", "exec"), scope)
    python = [scope["receive"](case["secret"], case["body"].encode(), case["headers"]) for case in cases]
    (ROOT / "ci/webhooks/receiver.mjs").write_text(example("js"))
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    node = subprocess.run(["node", ROOT / "ci/webhooks/verify.mjs"], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return [[event and event["id"] for event in python], [json.loads(line) for line in node.stdout.splitlines()]]


def check_signatures() -> int:
    receiver = Receiver()
    with LocalSystem(CLOAKROOM, 0) as system:
        admin = administrator(system)
        # The event of the sign-up goes to no endpoint.
        system.settle()
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        created = admin.post("/webhooks", {"url": url}).expect(201)
        path, old = f"/webhooks/{created['endpoint']['id']}", created["secret"]
        admin.post(f"{path}/test", {}).expect(202)
        before = receiver.wait_for(1)
        new = admin.post(f"{path}/rotate-secret", {}).expect(200)["secret"]
        admin.post(f"{path}/test", {}).expect(202)
        during = receiver.wait_for(2)
        # A real event of the system: the account that is created.
        Person(system)
        event = receiver.wait_for(3)
    assert json.loads(event["body"])["type"] == "user.created", event["body"]
    headers = before["headers"]
    changed_body = before | {"body": before["body"].replace("webhook.test", "webhook.tess")}
    changed_id = before | {"headers": headers | {"webhook-id": "evt_1"}}
    late = before | {"headers": headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}}
    id_of = lambda delivery: json.loads(delivery["body"])["id"]  # noqa: E731
    table = [
        ("before the rotation", before, old, id_of(before)),
        ("before it, with the new secret", before, new, None),
        ("in the rotation, with the old secret", during, old, id_of(during)),
        ("in the rotation, with the new secret", during, new, id_of(during)),
        ("an event of the bus", event, new, id_of(event)),
        ("another body", changed_body, old, None),
        ("another id", changed_id, old, None),
        ("another time", late, old, None),
    ]
    cases = [delivery | {"secret": secret} for _, delivery, secret, _ in table]
    for library, found in zip(("Python", "JavaScript"), verdicts(cases), strict=True):
        for (what, _, _, expected), verdict in zip(table, found, strict=True):
            assert verdict == expected, f"{library}: {what}: {verdict}"
    return 2 * len(table)


def addresses() -> list[str]:
    """Returns random addresses, and the first, the last and the neighbouring ones of the ranges that Python knows."""
    chosen = random.Random(SEED)
    ranges = [*STRICTER, ipaddress.ip_network("2000::/3")]
    for constants in (ipaddress._IPv4Constants, ipaddress._IPv6Constants):  # type: ignore[attr-defined]
        ranges += [*constants._private_networks, *getattr(constants, "_private_networks_exceptions", [])]
    found: set[Any] = set()
    for network in ranges:
        kind = type(network.network_address)
        for number in (int(network.network_address), int(network.broadcast_address)):
            found |= {kind(near) for near in (number - 1, number, number + 1) if 0 <= near < 1 << network.max_prefixlen}
    for _ in range(RANDOM_ADDRESSES):
        found.add(ipaddress.IPv4Address(chosen.getrandbits(32)))
        found.add(ipaddress.IPv6Address(chosen.getrandbits(128)))
        # Most IPv6 addresses are in no allocated range.
        found.add(ipaddress.IPv6Address(0x2 << 124 | chosen.getrandbits(125)))
    return sorted(map(str, found))


def check_addresses() -> int:
    every = addresses()
    command = pathlib.Path(ROOT, "target/debug/examples/forbidden")
    ours = subprocess.run([command], input="\n".join(every), stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    allowed = 0
    for text, verdict in zip(every, ours, strict=True):
        address = ipaddress.ip_address(text)
        is_stricter = any(address in network for network in STRICTER if network.version == address.version)
        expected = address.is_global and not address.is_multicast and not is_stricter
        assert (verdict == "allowed") == expected, f"{text}: {verdict}, Python says {address.is_global}"
        allowed += expected
    assert 0 < allowed < len(every)
    return len(every)


print(f"{check_addresses():,} addresses judged by ipaddress (CLOAKROOM_SEED={SEED})")
print(f"{check_signatures()} verdicts of the reference libraries")
