#!/usr/bin/env python3
"""Compares the bcrypt implementation in use with libxcrypt's, in turn, with the same password and salt.

    cargo build --release -p bench-bcrypt
    bench/bcrypt.py
"""

import argparse
import ctypes
import ctypes.util
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent
PASSWORD = "correct horse battery staple"
TARGET = 1.1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=ROOT / "target/release/bench-bcrypt")
    options.add_argument("--cost", type=int, default=12)
    options.add_argument("--rounds", type=int, default=30)
    chosen = options.parse_args()
    libxcrypt = ctypes.CDLL(ctypes.util.find_library("crypt"))
    libxcrypt.crypt.restype = ctypes.c_char_p
    ours = subprocess.Popen([chosen.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    times: dict[str, list[float]] = {"ours": [], "libxcrypt": []}
    for _ in range(chosen.rounds):
        print(chosen.cost, PASSWORD, file=ours.stdin, flush=True)
        seconds, expected = ours.stdout.readline().split()
        times["ours"].append(float(seconds))
        began = time.perf_counter()
        found = libxcrypt.crypt(PASSWORD.encode(), expected.encode())
        times["libxcrypt"].append(time.perf_counter() - began)
        if found.decode() != expected:
            sys.exit(f"the hashes differ: {found.decode()} and {expected}")
    ours.stdin.close()
    ours.wait()
    for name, values in times.items():
        print(f"{name:10} median {statistics.median(values) * 1e3:7.1f} ms, minimum {min(values) * 1e3:7.1f} ms")
    ratio = statistics.median(times["ours"]) / statistics.median(times["libxcrypt"])
    print(f"cost {chosen.cost}, {chosen.rounds} hashes each: {ratio:.2f} times libxcrypt; the target is at most {TARGET}")
    return 1 if ratio > TARGET else 0


sys.exit(main())
