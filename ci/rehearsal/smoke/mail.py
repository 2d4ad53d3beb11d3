"""Mail: the order goes through the outbox and its stream to the mailer and SES."""

import re

from .visit import Person, Stack, eventually, same, step


def token_of(stack: Stack, email: str, action: str) -> str | None:
    """The token in the latest mail to an address whose link has this action."""
    links = [re.search(rf"https?://\S+#{action}=(\S+)", text) for to, text in stack.mails() if to == email]
    return next((link[1] for link in reversed(links) if link), None)


@step
def verify_the_address_by_mail(stack: Stack) -> None:
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    token = eventually("SES accepts the mail", lambda: token_of(stack, email, "verify-email"))
    same(person.post("/verify-email", {"token": token}).status, 204)


@step
def reset_the_password_by_mail(stack: Stack) -> None:
    person = Person(stack)
    email = person.get("/users/me").expect(200)["user"]["email"]
    same(person.post("/password/forgot", {"email": email}).status, 202)
    token = eventually("SES accepts the mail", lambda: token_of(stack, email, "reset-password"))
    body = {"token": token, "newPassword": "difference engine"}
    person.post("/password/reset", body).expect(204)
    person.post("/password/reset", body).expect(422, "invalid_email_token")
    person.post("/signin", {"email": email, "password": "difference engine"}).expect(200)
