"""A user of Cloakroom who uses only its HTTP API."""

import json
import subprocess
import uuid
from typing import Any, NamedTuple

import urllib3
from local_system import CLOAKROOM, LocalSystem

PASSWORD = "analytical engine"


class ApiResponse(NamedTuple):
    """A response of the API."""

    status: int
    body: Any
    headers: Any

    def expect(self, status: int, code: str | None = None) -> Any:
        """Asserts the status and the error code, and returns the body."""
        seen = (self.status, (self.body or {}).get("code") if self.status >= 400 else None)
        assert seen == (status, code), f"expected {(status, code)}, got {seen}: {str(self.body)[:500]}"
        return self.body


class Person:
    """A user with a new account, signed in."""

    def __init__(self, system: LocalSystem, connections: int = 8) -> None:
        self._api = system.api
        self.http = urllib3.PoolManager(maxsize=connections, block=True, retries=False)
        self._headers: dict[str, str] = {}
        account = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
        self.id: str = self.post("/signup", account | {"name": "Ada"}).expect(201)["user"]["id"]
        self.token: str = self.post("/signin", account).expect(200)["accessToken"]
        self._headers = {"authorization": f"Bearer {self.token}"}

    def use(self, token: str) -> None:
        """Uses another access token from now on."""
        self._headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None) -> ApiResponse:
        headers = dict(self._headers)
        if body is not None:
            headers["content-type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        response = self.http.request(method, self._api + path, body=data, headers=headers)
        return ApiResponse(response.status, json.loads(response.data) if response.data else None, response.headers)

    def get(self, path: str) -> ApiResponse:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> ApiResponse:
        return self.call("POST", path, body)

    def delete(self, path: str) -> ApiResponse:
        return self.call("DELETE", path)

    def create_upload(self, size: int, filename: str = "a.txt", content_type: str = "text/plain", **more: Any) -> Any:
        body = {"filename": filename, "contentType": content_type, "size": size} | more
        return self.post("/uploads", body).expect(201)

    def send(self, signed: dict[str, Any], body: Any) -> Any:
        """Sends bytes to S3 with a presigned request."""
        return self.http.request("PUT", signed["url"], body=body, headers=signed["headers"])

    def sign(self, upload_id: str, numbers: list[int]) -> list[Any]:
        """Presigns any number of parts, 100 per call."""
        parts = []
        for at in range(0, len(numbers), 100):
            asked = {"partNumbers": numbers[at : at + 100]}
            parts += self.post(f"/uploads/{upload_id}/parts", asked).expect(200)["parts"]
        return parts

    def complete(self, upload_id: str, **body: Any) -> ApiResponse:
        return self.post(f"/uploads/{upload_id}/complete", body)

    def uploads(self) -> list[Any]:
        """Lists all uploads, newest first."""
        found, path = [], "/uploads?limit=100"
        while path:
            page = self.get(path).expect(200)
            found += page["items"]
            path = f"/uploads?limit=100&cursor={page['next']}" if page["next"] else ""
        return found


def administrator(system: LocalSystem) -> Person:
    """Creates a user with the role `admin`, signed in."""
    person = Person(system)
    email = person.get("/users/me").expect(200)["user"]["email"]
    keys = {"AWS_ACCESS_KEY_ID": system.access_key, "AWS_SECRET_ACCESS_KEY": system.secret}
    command = [CLOAKROOM, "users", "roles", email, "--set", "admin", "--env", "dev", "--region", system.region]
    subprocess.run([*command, "--endpoint-url", system.dynamodb], env=keys, check=True, stdout=subprocess.DEVNULL)
    person.use(person.post("/signin", {"email": email, "password": PASSWORD}).expect(200)["accessToken"])
    return person
