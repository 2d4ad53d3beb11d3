"""Administrators: accounts, and webhooks."""

import contextlib
from collections.abc import Iterator
from typing import Any

import gevent.lock
import gevent.pywsgi
from api import Account, soon
from flows import Person, flow

# An administrator adds endpoints one after the other: simultaneous changes of the list are refused.
ENDPOINTS = gevent.lock.RLock()


@flow(weight=3)
def look_at_accounts(person: Person) -> None:
    admin = person.admin
    admin.get("/admin/users", query={"limit": 20})
    admin.get("/admin/users", query={"name": "Ada", "limit": 20})
    (found,) = admin.get("/admin/users", query={"email": person.account.email})["items"]
    admin.get("/admin/users/{id}", found["id"])


@flow(weight=1)
def manage_an_account(person: Person) -> None:
    admin, account = person.admin, Account.new(person.client)
    admin.call("POST", "/admin/users/{id}/disable", account.id)
    person.client.call("POST", "/signin", body=account.credentials, expected=401)
    admin.call("POST", "/admin/users/{id}/enable", account.id)
    account.sign_in()
    admin.call("PUT", "/admin/users/{id}/roles", account.id, body={"roles": ["seller"]})
    admin.call("DELETE", "/admin/users/{id}/mail-block", account.id, expected=204)
    admin.call("DELETE", "/admin/users/{id}", account.id, expected=204)
    admin.call("GET", "/admin/users/{id}", account.id, expected=404)


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, list[str]]]:
    """Receives webhooks. Returns its URL and the ids that it has received."""
    received: list[str] = []

    def receive(environ: dict[str, Any], start: Any) -> list[bytes]:
        received.append(environ["HTTP_WEBHOOK_ID"])
        start("204 No Content", [])
        return []

    server = gevent.pywsgi.WSGIServer(("127.0.0.1", 0), receive, log=None)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.stop()


@flow(weight=1)
def receive_webhooks(person: Person) -> None:
    admin = person.admin
    with receiver() as (url, received), ENDPOINTS:
        created = admin.call("POST", "/webhooks", body={"url": url, "eventTypes": ["order.paid"]}, expected=201).body
        endpoint = created["endpoint"]["id"]
        assert endpoint in [one["id"] for one in admin.get("/webhooks")["items"]]
        tag = admin.call("GET", "/webhooks/{id}", endpoint).headers["etag"]
        admin.call("PATCH", "/webhooks/{id}", endpoint, body={"description": "CRM"}, headers={"if-match": tag})
        admin.call("POST", "/webhooks/{id}/rotate-secret", endpoint)
        sent = admin.call("POST", "/webhooks/{id}/test", endpoint, expected=202).body["delivery"]["id"]
        soon(
            lambda: admin.call("GET", "/webhooks/{id}/deliveries", endpoint, query={"status": "delivered"}),
            lambda found: sent in [one["id"] for one in found.body["items"]],
        )
        admin.call("POST", "/webhooks/{id}/redeliver", endpoint, body={"deliveryId": sent}, expected=202)
        admin.call("DELETE", "/webhooks/{id}", endpoint, expected=204)
    assert sent in received, received
