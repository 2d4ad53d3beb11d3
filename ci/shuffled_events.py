"""Delivers object-created events shuffled, repeated and concurrently while callers complete and delete uploads, and checks
that the result is the same as when everything happens once and in order.

    "$(ci/tools.sh s3)/bin/python" -B ci/shuffled_events.py --events 10000

One account runs the plan step by step with one event per object; another runs the same steps concurrently and in random
order. The uploads, the bytes in use and the versions in the bucket of both are compared.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

os.environ.setdefault("BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE", "True")

import boto3  # noqa: E402
from local_system import CLOAKROOM, LocalSystem  # noqa: E402
from person import Person  # noqa: E402

MIB = 1024 * 1024
SEED = 20261121
MAX_WAIT_SECONDS = 120

Step = Callable[[], None]


class World:
    """The system's AWS services, with the operator's credentials."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        operator = {"aws_access_key_id": system.access_key, "aws_secret_access_key": system.secret}
        operator["region_name"] = system.region
        self.s3 = boto3.client("s3", endpoint_url=system.s3, **operator)
        self._database = boto3.client("dynamodb", endpoint_url=system.dynamodb, **operator)
        self.bucket = system.bucket

    def deliver(self, person: Person, key: str, noise: random.Random) -> None:
        """Invokes the function with an event as EventBridge would."""
        event = {
            "version": "0", "id": str(uuid.UUID(int=noise.getrandbits(128))), "detail-type": "Object Created",
            "source": "aws.s3", "account": "000000000000", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{self.bucket}"],
            "detail": {
                "version": "0", "bucket": {"name": self.bucket},
                "object": {"key": key, "size": noise.randrange(99), "etag": "0", "version-id": "x",
                           "sequencer": f"{noise.getrandbits(64):016X}"},
                "request-id": "0", "requester": "0", "source-ip-address": "127.0.0.1", "reason": "PutObject",
            },
        }  # fmt: skip
        url = f"{self._system.invoke}/2015-03-31/functions/UploadEventsFunction/invocations"
        body = json.dumps(event).encode()
        response = person.http.request("POST", url, body=body, headers=self._system.signed("lambda", url, body))
        assert response.status == 200 and "x-amz-function-error" not in response.headers, response.data[:500]

    def bytes_in_use(self, person: Person) -> int:
        """Reads the bytes in use from the owner's quota record."""
        key = {"owner": {"S": person.id}}
        found = self._database.get_item(TableName="cloakroom-dev-QuotasTable", Key=key, ConsistentRead=True)
        return int(found["Item"]["used"]["N"])

    def versions(self, key: str) -> tuple[list[int], bool]:
        """Returns the sizes of all versions of a key, and whether the latest is not a delete marker."""
        page = self.s3.list_object_versions(Bucket=self.bucket, Prefix=key)
        found = page.get("Versions", [])
        return sorted(one["Size"] for one in found), any(one["IsLatest"] for one in found)


class Plan:
    """One upload and its remaining steps."""

    def __init__(self, world: World, person: Person, number: int, kinds: list[str]) -> None:
        self._world, self._person = world, person
        self.kind = kinds[number % len(kinds)]
        self._body = bytes([65 + number % 26]) * (1 + number % 40)
        self._lock = threading.Lock()
        self.steps: collections.deque[Step] = collections.deque()
        getattr(self, f"_{self.kind}")()
        self.key = f"{person.id}/{self.id}"

    def run_next_step(self) -> None:
        """Runs the next step. The steps of one upload run one after another."""
        with self._lock:
            self.steps.popleft()()

    def outcome(self) -> tuple[Any, ...]:
        upload = self._person.get(f"/uploads/{self.id}").expect(200)["upload"]
        return self.kind, upload["status"], upload["size"], *self._world.versions(self.key)

    def _create(self, size: int | None = None) -> None:
        self._created = self._person.create_upload(len(self._body) if size is None else size)
        self.id = self._created["upload"]["id"]

    def _put(self) -> None:
        response = self._person.send(self._created["transfer"], self._body)
        assert response.status == 200, response.data

    def _complete(self) -> None:
        self._person.complete(self.id).expect(200)

    def _delete(self) -> None:
        assert self._person.delete(f"/uploads/{self.id}").status == 204

    def _sent_and_completed(self) -> None:
        self._create()
        self.steps.extend([self._put, self._complete, self._complete])

    def _sent_and_completed_by_the_event(self) -> None:
        self._create()
        self.steps.append(self._put)

    def _never_sent(self) -> None:
        self._create()

    def _sent_and_deleted(self) -> None:
        self._create()
        self.steps.extend([self._put, self._delete, self._delete])

    def _completed_and_deleted(self) -> None:
        self._create()
        self.steps.extend([self._put, self._complete, self._delete])

    def _deleted_and_sent(self) -> None:
        self._create()
        self.steps.extend([self._delete, self._put])

    def _with_another_size(self) -> None:
        # No presigned URL allows this; only the operator can do it.
        def overwrite() -> None:
            self._world.s3.put_object(Bucket=self._world.bucket, Key=self.key, Body=self._body + b"!")

        self._create()
        self.steps.append(overwrite)

    def _sent_with_a_form(self) -> None:
        form = self._person.get("/s3/params?filename=a.txt&type=text/plain").expect(200)
        self.id = form["fields"]["key"].split("/")[1]

        def post() -> None:
            fields = form["fields"] | {"file": ("a.txt", self._body, "text/plain")}
            response = self._person.http.request("POST", form["url"], fields=fields)
            assert response.status == 201, response.data

        self.steps.append(post)

    def _multipart_completed_in_s3_only(self) -> None:
        size = 100 * MIB + 1
        self._create(size)
        part_size, count = (self._created["transfer"][name] for name in ["partSize", "partCount"])
        uploads = self._world.s3.list_multipart_uploads(Bucket=self._world.bucket, Prefix=f"{self._person.id}/")
        s3_id = next(one["UploadId"] for one in uploads["Uploads"] if one["Key"].endswith(self.id))
        parts: list[dict[str, Any]] = []

        def send() -> None:
            for signed in self._person.sign(self.id, list(range(1, count + 1))):
                number = signed["partNumber"]
                body = bytes(min(part_size, size - (number - 1) * part_size))
                etag = self._person.send(signed, body).headers["etag"]
                parts.append({"PartNumber": number, "ETag": etag})

        def join() -> None:
            self._world.s3.complete_multipart_upload(
                Bucket=self._world.bucket, Key=self.key, UploadId=s3_id, MultipartUpload={"Parts": parts}
            )

        self.steps.extend([send, join])


KINDS = [
    "sent_and_completed",
    "sent_and_completed_by_the_event",
    "never_sent",
    "sent_and_deleted",
    "completed_and_deleted",
    "deleted_and_sent",
    "with_another_size",
    "sent_with_a_form",
]
ONCE = "multipart_completed_in_s3_only"


def plans(world: World, person: Person, count: int) -> list[Plan]:
    made = [Plan(world, person, number, KINDS) for number in range(count - 1)]
    return [*made, Plan(world, person, 0, [ONCE])]


def in_order(world: World, person: Person, count: int) -> list[Plan]:
    noise = random.Random(SEED)
    made = plans(world, person, count)
    for plan in made:
        while plan.steps:
            plan.run_next_step()
            world.deliver(person, plan.key, noise)
    return made


def shuffled(world: World, person: Person, count: int, events: int, threads: int) -> list[Plan]:
    noise = random.Random(SEED)
    made = plans(world, person, count)
    unknown_keys = [f"{person.id}/x", "x", "../../etc/passwd", f"{uuid.UUID(int=7)}/{uuid.UUID(int=8)}"]
    keys = [plan.key for plan in made]
    jobs: list[Step] = []
    for _ in range(events):
        key = noise.choice(unknown_keys if noise.random() < 0.03 else keys)
        jobs.append(lambda key=key: world.deliver(person, key, random.Random(key)))
    jobs += [plan.run_next_step for plan in made for _ in plan.steps]
    noise.shuffle(jobs)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    return made


def state(world: World, person: Person, made: list[Plan]) -> dict[str, Any]:
    return {
        "uploads": [plan.outcome() for plan in made],
        "listed": len(person.uploads()),
        "bytes in use": world.bytes_in_use(person),
    }


def difference(expected: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    pairs = zip(expected["uploads"], seen["uploads"], strict=True)
    found = [f"expected {one}, got {other}" for one, other in pairs if one != other]
    for name in ["listed", "bytes in use"]:
        if expected[name] != seen[name]:
            found.append(f"{name}: expected {expected[name]}, got {seen[name]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--threads", type=int, default=16)
    chosen = parser.parse_args()
    # A form reserves 100 MiB of the quota until the size of its file is known.
    quota = f"UploadQuotaBytes={1024 * 1024 * MIB}"
    with LocalSystem(CLOAKROOM, 0, "--without-schedules", "--parameter", quota) as system:
        world = World(system)
        ordered_user, shuffled_user = Person(system), Person(system, chosen.threads)
        made = in_order(world, ordered_user, chosen.uploads)
        expected = state(world, ordered_user, made)
        started = time.monotonic()
        made = shuffled(world, shuffled_user, chosen.uploads, chosen.events, chosen.threads)
        seconds = time.monotonic() - started
        # S3's own events may not have been delivered yet.
        until = time.monotonic() + MAX_WAIT_SECONDS
        while (wrong := difference(expected, state(world, shuffled_user, made))) and time.monotonic() < until:
            time.sleep(0.5)
    for text in wrong:
        print(f"FAILED: {text}")
    statuses = collections.Counter(status for _, status, *_ in expected["uploads"])
    counted = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    print(f"{chosen.events} events for {chosen.uploads} uploads ({counted}), {chosen.threads} at once, {seconds:.0f} s; "
          f"{expected['bytes in use']} bytes in use; {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
