"""Makes a folder of tests/fixtures/data: the local data of an earlier version, with a few users, sessions and uploads.

    python3 -B ci/data_fixture.py adr-43 FOLDER --executable OLD_CLOAKROOM

Run it in a checkout of the version before the change of the data, with the executable of that version. The name of the folder
says the last ADR of the version. The tables of `adr-38` are older than this script: OLD_SHAPES gives the template of a later
version the old tables, and removes from the items what that version adds.
"""

import argparse
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

import signature
import urllib3
from functions import ROOT
from local_system import CLOAKROOM
from person import PASSWORD

PEOPLE = {"ada@example.com": "Ada", "bob@example.com": "Bob Smith", "cleo@example.com": "Çelik Åsa"}
NEW_KEYS = """\
        - { AttributeName: user_part, AttributeType: S }
        - { AttributeName: id, AttributeType: S }
      KeySchema:
        - { AttributeName: user_part, KeyType: HASH }
        - { AttributeName: id, KeyType: RANGE }
"""
OLD_KEYS = """\
        - { AttributeName: id, AttributeType: S }
        - { AttributeName: user_id, AttributeType: S }
      KeySchema:
        - { AttributeName: id, KeyType: HASH }
      GlobalSecondaryIndexes:
        - IndexName: by_user
          KeySchema:
            - { AttributeName: user_id, KeyType: HASH }
            - { AttributeName: id, KeyType: RANGE }
          Projection: { ProjectionType: KEYS_ONLY }
"""


class System:
    """A persistent local system with one template, and its operator."""

    def __init__(self, executable: pathlib.Path, template: str, data: pathlib.Path) -> None:
        self._folder = tempfile.TemporaryDirectory()
        file = pathlib.Path(self._folder.name) / "template.yaml"
        file.write_text(template)
        parameters = ["--parameter", "BcryptCost=4", "--without-schedules"]
        command = [executable, "dev", "--port", "0", "--data-dir", data, "--template", file, *parameters]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout
        output = ""
        while "Ctrl-C stops it" not in output:
            line = self._process.stdout.readline()
            assert line, output
            output += line
        self.endpoints = json.loads((data / "endpoints.json").read_text())
        self._http = urllib3.PoolManager()

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()
        self._folder.cleanup()

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"content-type": "application/json"} if body is not None else {}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        response = self._http.request(method, self.endpoints["api"] + path, body=data, headers=headers)
        assert response.status < 300, (method, path, response.status, response.data)
        return json.loads(response.data) if response.data else None

    def database(self, operation: str, body: Any) -> Any:
        """Calls DynamoDB as the operator."""
        url, data = self.endpoints["dynamodb"] + "/", json.dumps(body).encode()
        names = {"x-amz-target": f"DynamoDB_20120810.{operation}", "content-type": "application/x-amz-json-1.0"}
        keys = self.endpoints["accessKeyId"], self.endpoints["secretAccessKey"]
        headers = signature.headers("dynamodb", self.endpoints["region"], keys, url, data, names)
        response = self._http.request("POST", url, body=data, headers=headers)
        assert response.status == 200, response.data
        return json.loads(response.data)

    def store(self, token: str, filename: str, content: bytes) -> str:
        """Uploads a file and returns its id."""
        body = {"filename": filename, "contentType": "text/plain", "size": len(content)}
        created = self.call("POST", "/uploads", body, token)
        transfer = created["transfer"]
        sent = self._http.request("PUT", transfer["url"], body=content, headers=transfer["headers"])
        assert sent.status == 200, sent.data
        self.call("POST", f"/uploads/{created['upload']['id']}/complete", {}, token)
        return str(created["upload"]["id"])


def fill(system: System) -> None:
    """Creates users, files of two of them, a deleted file, a grant to a user and one to all users."""
    ids, tokens = {}, {}
    for email, name in PEOPLE.items():
        account = {"email": email, "password": PASSWORD}
        ids[email] = system.call("POST", "/signup", account | {"name": name})["user"]["id"]
        tokens[email] = system.call("POST", "/signin", account)["accessToken"]
    ada, bob = tokens["ada@example.com"], tokens["bob@example.com"]
    notes = system.store(ada, "notes.txt", b"notes of 1843")
    system.store(ada, "plan.txt", b"the plan")
    public = system.store(bob, "bob.txt", b"bob's file")
    deleted = system.store(bob, "old.txt", b"deleted")
    system.call("DELETE", f"/uploads/{deleted}", token=bob)
    system.call("PUT", f"/uploads/{notes}/grants/{ids['bob@example.com']}", token=ada)
    system.call("PUT", f"/uploads/{public}/grants/everyone", token=bob)


def sessions_by_id(system: System) -> None:
    """Removes the partition of later versions from the sessions."""
    table = "cloakroom-dev-SessionsTable"
    for item in system.database("Scan", {"TableName": table})["Items"]:
        remove = {"TableName": table, "Key": {"id": item["id"]}, "UpdateExpression": "REMOVE user_part"}
        system.database("UpdateItem", remove)


def before_adr_39(template: str) -> str:
    assert NEW_KEYS in template
    return template.replace(NEW_KEYS, OLD_KEYS)


# Changes of the template and of the items, for tables that are older than this script.
OLD_SHAPES: dict[str, tuple[Callable[[str], str], Callable[[System], None]]] = {
    "adr-38": (before_adr_39, sessions_by_id)
}


def tidy(data: pathlib.Path) -> None:
    """Leaves one small file of the database, and no files of the running system."""
    database = sqlite3.connect(data / "dynamodb.sqlite")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("VACUUM")
    database.close()
    for name in ("lock", "dynamodb.sqlite-shm", "dynamodb.sqlite-wal"):
        (data / name).unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="the last ADR of the version, such as adr-43")
    parser.add_argument("folder", type=pathlib.Path, help="where to make the folder of this name")
    parser.add_argument("--executable", type=pathlib.Path, default=CLOAKROOM)
    arguments = parser.parse_args()
    shape, age = OLD_SHAPES.get(arguments.name, (lambda template: template, lambda _: None))
    data = arguments.folder / arguments.name
    shutil.rmtree(data, ignore_errors=True)
    system = System(arguments.executable, shape((ROOT / "template.yaml").read_text()), data)
    try:
        fill(system)
        age(system)
    finally:
        system.stop()
    tidy(data)


if __name__ == "__main__":
    main()
