"""Signs schemathesis in as an administrator, for ci/check_openapi.py.

Its requests can end the session, lock the account or delete it, so each request has a token of a new sign-in, and another account
is made if that is refused.
"""

import os
import subprocess
import uuid

import requests
import schemathesis
from local_system import CLOAKROOM

API = os.environ["API"]
PASSWORD = "analytical engine"


class Administrator:
    """The account that the requests are sent with."""

    def __init__(self) -> None:
        self.sign_up()

    def sign_up(self) -> None:
        self.person = {"email": f"admin-{uuid.uuid4()}@example.com", "password": PASSWORD}
        requests.post(f"{API}/signup", json=self.person | {"name": "Ada"}, timeout=30).raise_for_status()
        roles = [CLOAKROOM, "users", "roles", "--env=dev", f"--local={os.environ['LOCAL']}", "--set=admin", self.person["email"]]
        subprocess.run(roles, check=True, capture_output=True)

    def token(self) -> str:
        response = requests.post(f"{API}/signin", json=self.person, timeout=30)
        if response.status_code == 401:
            # Requests with wrong passwords have locked the account, or one has deleted it.
            self.sign_up()
            response = requests.post(f"{API}/signin", json=self.person, timeout=30)
        response.raise_for_status()
        return response.json()["accessToken"]


ADMINISTRATOR = Administrator()


@schemathesis.auth(refresh_interval=None)
class SignedIn:
    """An access token of the administrator."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return ADMINISTRATOR.token()

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
