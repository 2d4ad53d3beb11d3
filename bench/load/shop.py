"""Sellers, buyers, and the payment provider."""

import contextlib
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from api import Response, soon
from files import delete, download, store
from flows import Person, flow

CONTENT = b"Warm the pot first."
PRICE = {"amount": 499, "currency": "EUR"}


@flow(weight=20)
def look_at_the_shop(person: Person) -> None:
    client = person.client
    shown = client.call("GET", "/products", query={"limit": 20})
    client.call(
        "GET", "/products", query={"limit": 20}, headers={"if-none-match": shown.headers["etag"]}, expected=(200, 304)
    )
    for product in shown.body["items"][:2]:
        # A product of the list may have been archived since.
        client.call("GET", "/products/{id}", product["id"], expected=(200, 404))


@flow(weight=5)
def look_at_orders(person: Person) -> None:
    friend = person.friend
    for order in friend.get("/orders", query={"limit": 20})["items"][:1]:
        friend.get("/orders/{id}", order["id"])
    for item in friend.get("/library")["items"][:1]:
        friend.get("/library/{productId}", item["product"]["id"])


@contextlib.contextmanager
def for_sale(person: Person, amount: int = PRICE["amount"]) -> Iterator[tuple[str, str]]:
    """Offers a new product, and archives it in the end. Returns its id and that of its file."""
    seller = person.account
    file = store(seller, CONTENT, filename="tea.txt")
    body = {"title": "Tea", "description": "Ten lessons.", "files": [file], "price": PRICE | {"amount": amount}}
    product = seller.call("POST", "/products", body=body, expected=201).body["product"]["id"]
    seller.call("POST", "/products/{id}/publish", product)
    try:
        yield product, file
    finally:
        seller.call("POST", "/products/{id}/archive", product)


def order(person: Person, product: str) -> dict[str, Any]:
    """Orders a product, as soon as the service of orders has heard of it."""
    body, headers = {"productId": product}, {"idempotency-key": str(uuid.uuid4())}
    ordering = soon(
        lambda: person.friend.call("POST", "/orders", body=body, headers=headers, expected=(201, 404)),
        lambda found: found.status == 201,
    )
    return ordering.body


def until_it_is(person: Person, order_id: str, status: str) -> None:
    soon(lambda: person.friend.call("GET", "/orders/{id}", order_id), lambda found: found.body["order"]["status"] == status)


def owned(person: Person, product: str, is_owned: bool) -> None:
    """Waits until the library of the friend has a product, or not."""
    friend = person.friend
    soon(
        lambda: friend.call("GET", "/library/{productId}", product, expected=(200, 404)),
        lambda found: (found.status == 200) == is_owned,
    )


def press(person: Person, page: str, action: str) -> None:
    """Presses a button at the checkout of the payment stand-in, which leads back to the page."""
    person.client.send(f"checkout: {action}", "POST", f"{page}/{action}", 303)


@flow(weight=2)
def sell(person: Person) -> None:
    seller = person.account
    with for_sale(person) as (product, _):
        tag = person.client.call("GET", "/products/{id}", product).headers["etag"]
        body = {"title": "Tea for experts", "price": PRICE | {"amount": 999}}
        seller.call("PATCH", "/products/{id}", product, body=body, headers={"if-match": tag})
        seller.get("/products", query={"seller": "me", "limit": 20})


@flow(weight=3)
def buy(person: Person) -> None:
    """The friend buys a product, reads its file, and is paid back."""
    friend, admin = person.friend, person.admin
    with for_sale(person) as (product, file):
        ordered = order(person, product)
        order_id = ordered["order"]["id"]
        press(person, ordered["checkout"]["url"], "pay")
        friend.get("/orders/{id}", order_id, query={"refresh": "true"})
        until_it_is(person, order_id, "paid")
        owned(person, product, True)

        def look() -> Response:
            return friend.call("GET", "/uploads/{id}", file, expected=(200, 404))

        download(friend, soon(look).body["download"]["url"], CONTENT)
        admin.call("POST", "/admin/orders/{id}/refund", order_id, body={}, expected=202)
        until_it_is(person, order_id, "refunded")
        owned(person, product, False)


@flow(weight=1)
def get_it_for_free(person: Person) -> None:
    with for_sale(person, amount=0) as (product, _):
        assert order(person, product)["checkout"] is None
        owned(person, product, True)


@flow(weight=1)
def leave_the_checkout(person: Person) -> None:
    with for_sale(person) as (product, _):
        ordered = order(person, product)
        press(person, ordered["checkout"]["url"], "close")
        person.friend.call("POST", "/orders/{id}/cancel", ordered["order"]["id"])


@flow(weight=1)
def get_a_gift(person: Person) -> None:
    gift = "/admin/users/{id}/entitlements/{productId}"
    admin, friend = person.admin, person.friend
    with for_sale(person) as (product, _):
        # The library hears of the product a moment later.
        soon(lambda: admin.call("PUT", gift, friend.id, product, expected=(204, 404)), lambda found: found.status == 204)
        owned(person, product, True)
        admin.call("DELETE", gift, friend.id, product, expected=204)
        owned(person, product, False)


@flow(weight=1)
def change_ones_mind(person: Person) -> None:
    """A draft is never published, and its file is deleted."""
    seller = person.account
    file = store(seller, CONTENT)
    body = {"title": "Tea", "files": [file], "price": PRICE}
    product = seller.call("POST", "/products", body=body, expected=201).body["product"]["id"]
    seller.call("POST", "/products/{id}/archive", product)
    delete(seller, file)


@flow(weight=1)
def hear_of_the_provider(person: Person) -> None:
    """The payment provider sends an event of a type that changes nothing, and a stranger sends another."""
    event = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": "customer.created", "livemode": False}
    body = json.dumps(event | {"data": {"object": {"id": "cus_1", "object": "customer"}}}).encode()
    secret = f"whsec_{person.system.secret_of('payments-webhook-secret')}"
    for key, expected in [(secret, 204), ("whsec_of_a_stranger", 400)]:
        at = int(time.time())
        tag = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"stripe-signature": f"t={at},v1={tag}"}
        person.client.call("POST", "/payments/stripe", body=body, headers=headers, expected=expected)
