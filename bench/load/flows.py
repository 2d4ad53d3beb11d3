"""The person whom locust simulates, and the registry of what people do."""

import functools
import random
from collections.abc import Callable
from typing import Any, ClassVar

from api import Account, Client
from local_system import LocalSystem
from locust import User, between, task

Flow = Callable[["Person"], None]
# Flow -> how often it happens in comparison with the others.
FLOWS: dict[Flow, int] = {}


def flow(weight: int) -> Callable[[Flow], Flow]:
    """Registers what people do."""

    def register(function: Flow) -> Flow:
        FLOWS[function] = weight
        return function

    return register


class Person(User):
    """A user with an account that may sell, and a friend who reads and buys."""

    wait_time = between(0.1, 0.5)
    system: ClassVar[LocalSystem]
    endpoints: ClassVar[dict[str, Any]]
    admin: ClassVar[Account]
    # The flows that no person has begun yet: each happens at least once.
    first: ClassVar[list[Flow]]

    @functools.cached_property
    def client(self) -> Client:
        return Client(self.environment, self.system.api)

    @functools.cached_property
    def account(self) -> Account:
        account = Account.new(self.client)
        self.admin.call("PUT", "/admin/users/{id}/roles", account.id, body={"roles": ["seller"]})
        # A role takes effect at the next sign-in.
        account.sign_in()
        return account

    @functools.cached_property
    def friend(self) -> Account:
        return Account.new(self.client)

    @task
    def act(self) -> None:
        chosen = self.first.pop() if self.first else random.choices(list(FLOWS), list(FLOWS.values()))[0]
        chosen(self)
