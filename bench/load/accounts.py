"""Accounts, sessions, profiles, and the pages that need none."""

import uuid
from typing import Any

from api import Account, Response, soon
from flows import Person, flow


@flow(weight=10)
def open_the_page(person: Person) -> None:
    client = person.client
    for file in ("/", "/demo.js", "/demo.css"):
        client.send(f"page: {file}", "GET", client.api + file)
    client.call("GET", "/.well-known/openid-configuration")
    client.call("GET", "/.well-known/jwks.json")


@flow(weight=30)
def look_at_people(person: Person) -> None:
    account = person.account
    account.get("/users/me")
    page = account.get("/users", query={"limit": 2})
    for other in page["items"]:
        # An account of the list may have been deleted since.
        account.call("GET", "/users/{id}", other["id"], expected=(200, 404))
    if page["next"]:
        account.get("/users", query={"limit": 2, "cursor": page["next"]})


@flow(weight=5)
def change_the_profile(person: Person) -> None:
    account = person.account
    tag = account.call("GET", "/users/me").headers["etag"]
    body = {"name": "Countess of Lovelace", "profile": {"city": "Marylebone", "age": 36}}
    account.call("PATCH", "/users/me", body=body, headers={"if-match": tag})
    account.call("PATCH", "/users/me", body=body, headers={"if-match": tag}, expected=412)


@flow(weight=5)
def refresh(person: Person) -> None:
    person.account.refresh()
    person.account.get("/users/me")


@flow(weight=3)
def use_another_device(person: Person) -> None:
    account = person.account
    phone = Account(person.client, account.email)
    phone.sign_in()
    sessions = phone.get("/users/me/sessions")["items"]
    (current,) = [session["id"] for session in sessions if session["current"]]
    account.call("DELETE", "/users/me/sessions/{id}", current, expected=204)
    person.client.call("POST", "/session/refresh", body={"refreshToken": phone.refresh_token}, expected=401)
    phone.sign_in()
    person.client.call("POST", "/signout", body={"refreshToken": phone.refresh_token}, expected=204)


@flow(weight=1)
def sign_out_everywhere(person: Person) -> None:
    friend = person.friend
    friend.call("POST", "/signout", query={"everywhere": "true"}, expected=204)
    friend.sign_in()


@flow(weight=2)
def export_everything(person: Person) -> None:
    query: dict[str, Any] = {"limit": 20}
    while True:
        page = person.account.get("/users/me/export", query=query)
        if not page["next"]:
            break
        query["cursor"] = page["next"]


@flow(weight=1)
def come_and_go(person: Person) -> None:
    """A person signs up, verifies the address, changes the password, forgets it, and deletes the account."""
    client, account, key = person.client, Account(person.client), str(uuid.uuid4())
    created = account.sign_up(key)
    repeated = account.sign_up(key)
    assert created["user"]["id"] == repeated["user"]["id"], repeated
    client.call("POST", "/signin", body=account.credentials | {"password": "difference engine"}, expected=401)
    account.sign_in()
    client.call("POST", "/verify-email", body={"token": mailed_token(person, account.email, "verify-email")}, expected=204)
    change_password(account, "difference engine")
    account.sign_in()
    client.call("POST", "/password/forgot", body={"email": account.email}, expected=202)
    token = mailed_token(person, account.email, "reset-password")
    account.password = "another analytical engine"
    client.call("POST", "/password/reset", body={"token": token, "newPassword": account.password}, expected=204)
    account.sign_in()
    account.call("DELETE", "/users/me", body={"password": account.password}, expected=204)
    client.call("POST", "/signin", body=account.credentials, expected=401)


def change_password(account: Account, password: str) -> None:
    body = {"currentPassword": account.password, "newPassword": password}
    account.call("PUT", "/users/me/password", body=body, expected=204)
    account.password = password


def mailed_token(person: Person, email: str, action: str) -> str:
    """Waits for the mail with the link `#action=…` to an address, and returns its token."""
    link = f"#{action}="

    def texts(found: Response) -> list[str]:
        return [mail["text"] for mail in found.body if email in mail["to"] and link in mail["text"]]

    def look() -> Response:
        return person.client.send("mailbox", "GET", f"{person.endpoints['outbox']}.json")

    (text,) = texts(soon(look, lambda found: bool(texts(found))))
    return text.partition(link)[2].split()[0]
