"""Accounts and sessions."""

import base64
import json

from person import PASSWORD

from .visit import Person, Stack, same, step


@step
def sign_up_sign_in_and_read_the_profile(stack: Stack) -> None:
    person = Person(stack)
    me = person.get("/users/me").expect(200)["user"]
    same((me["id"], me["name"]), (person.id, "Ada"))
    renamed = person.call("PATCH", "/users/me", {"name": "Countess"}).expect(200)["user"]
    same(renamed["name"], "Countess")


@step
def the_published_key_is_that_of_the_tokens(stack: Stack) -> None:
    person = Person(stack)
    header, claims = (decoded(part) for part in person.token.split(".")[:2])
    keys = person.get("/.well-known/jwks.json").expect(200)["keys"]
    assert header["kid"] in [key["kid"] for key in keys], f"{header['kid']} is not among {keys}"
    same(person.get("/.well-known/openid-configuration").expect(200)["issuer"], claims["iss"])


@step
def refresh_and_sign_out(stack: Stack) -> None:
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    first = person.post("/signin", {"email": email, "password": PASSWORD}).expect(200)
    second = person.post("/session/refresh", {"refreshToken": first["refreshToken"]}).expect(200)
    person.use(second["accessToken"])
    # The session of the constructor and this one.
    same(len(person.get("/users/me/sessions").expect(200)["items"]), 2)
    person.post("/signout", {"refreshToken": second["refreshToken"]}).expect(204)
    person.post("/session/refresh", {"refreshToken": second["refreshToken"]}).expect(401, "session_ended")
    same(len(person.get("/users/me/sessions").expect(200)["items"]), 1)


@step
def change_the_password_and_delete_the_account(stack: Stack) -> None:
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    change = {"currentPassword": PASSWORD, "newPassword": "difference engine"}
    person.call("PUT", "/users/me/password", change).expect(204)
    person.post("/signin", {"email": email, "password": PASSWORD}).expect(401, "invalid_credentials")
    person.post("/signin", {"email": email, "password": "difference engine"}).expect(200)
    person.call("DELETE", "/users/me", {"password": "difference engine"}).expect(204)
    person.post("/signin", {"email": email, "password": "difference engine"}).expect(401, "invalid_credentials")


@step
def unknown_paths_and_missing_tokens_are_refused(stack: Stack) -> None:
    person = Person(stack)
    person.get("/missing").expect(404, "not_found")
    person.use("none")
    same(person.get("/users/me").status, 401)


def decoded(part: str) -> dict[str, str]:
    return json.loads(base64.urlsafe_b64decode(part + "=="))
