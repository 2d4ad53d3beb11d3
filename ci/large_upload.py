"""Uploads a large generated file in parallel parts, downloads and compares it, and checks that neither the function nor
the local system holds the file in memory.

    "$(ci/tools.sh s3)/bin/python" -B ci/large_upload.py --gib 2
"""

import argparse
import concurrent.futures
import hashlib
import pathlib
import random
import sys
import time
from collections.abc import Iterator

from local_system import CLOAKROOM, LocalSystem
from person import Person

MIB = 1024 * 1024
# Allowed growth in MiB. It does not depend on the file size; allocators keep some memory after many requests.
FUNCTION_MAY_GROW, SYSTEM_MAY_GROW = 4.0, 48.0


class Stream:
    """A stream of any size with reproducible content: numbered blocks of random bytes."""

    def __init__(self, size: int) -> None:
        self._size, self._noise = size, random.Random(7).randbytes(MIB - 8)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        end = min(end, self._size)
        while start < end:
            number, offset = divmod(start, MIB)
            piece = (number.to_bytes(8, "big") + self._noise)[offset : offset + end - start]
            yield piece
            start += len(piece)

    def digest(self) -> str:
        found = hashlib.sha256()
        for piece in self.read(0, self._size):
            found.update(piece)
        return found.hexdigest()


def memory(pid: int) -> dict[str, float]:
    """Returns the current and the peak memory of a process in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status)
    return {name: int(fields[name].split()[0]) / 1024 for name in ["VmRSS", "VmHWM"]}


def functions(parent: int, name: str) -> list[int]:
    """Returns the process ids of a function's instances."""
    found = []
    for children in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in children.read_text().split():
            if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:3] == [b"function", name.encode()]:
                found.append(int(pid))
    return found


def upload(person: Person, size: int, parallel: int) -> tuple[str, Stream]:
    stream = Stream(size)
    created = person.create_upload(size, "film.mp4", "video/mp4")
    upload_id, transfer = created["upload"]["id"], created["transfer"]
    part_size = transfer["partSize"]

    def send(signed: dict) -> dict:
        start = (signed["partNumber"] - 1) * part_size
        response = person.send(signed, stream.read(start, start + part_size))
        assert response.status == 200, response.data
        return {"partNumber": signed["partNumber"], "etag": response.headers["etag"]}

    numbers = list(range(1, transfer["partCount"] + 1))
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        parts = list(pool.map(send, person.sign(upload_id, numbers)))
    person.complete(upload_id, parts=parts).expect(200)
    return upload_id, stream


def download(person: Person, upload_id: str) -> str:
    url = person.get(f"/uploads/{upload_id}").expect(200)["download"]["url"]
    response = person.http.request("GET", url, preload_content=False)
    found = hashlib.sha256()
    for piece in response.stream(MIB):
        found.update(piece)
    response.release_conn()
    return found.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--gib", type=float)
    size.add_argument("--mib", type=float, default=101)
    parser.add_argument("--parallel", type=int, default=4)
    chosen = parser.parse_args()
    bytes_ = int(chosen.gib * 1024 * MIB if chosen.gib else chosen.mib * MIB)
    quota = f"UploadQuotaBytes={2 * bytes_ + 1024 * MIB}"
    with LocalSystem(CLOAKROOM, 0, "--without-schedules", "--parameter", quota) as system:
        person = Person(system)
        # Warms up the function, so that its initial memory is not counted as growth.
        small, _ = upload(person, 101 * MIB, 1)
        download(person, small)
        instances = functions(system.pid, "uploads")
        before = {pid: memory(pid) for pid in [*instances, system.pid]}
        started = time.monotonic()
        upload_id, stream = upload(person, bytes_, chosen.parallel)
        sent = time.monotonic()
        digest = download(person, upload_id)
        ended = time.monotonic()
        same = digest == stream.digest()
        after = {pid: memory(pid) for pid in [*functions(system.pid, "uploads"), system.pid]}
    print(f"{bytes_ / MIB:.0f} MiB: sent in {sent - started:.0f} s, read in {ended - sent:.0f} s; same bytes: {same}")
    failed = not same
    # A new instance is compared with the first one.
    first = before[instances[0]]
    for pid, now in after.items():
        is_system = pid == system.pid
        then, limit = before.get(pid, first), SYSTEM_MAY_GROW if is_system else FUNCTION_MAY_GROW
        grown = now["VmHWM"] - then["VmHWM"]
        failed |= grown > limit
        name = "cloakroom dev" if is_system else "uploads"
        print(f"{name}: {then['VmRSS']:.1f} MiB before, {now['VmRSS']:.1f} after; "
              f"peak {then['VmHWM']:.1f} before, {now['VmHWM']:.1f} after, {grown:+.1f} (at most {limit:+.0f})")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
