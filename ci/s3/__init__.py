"""Checks of S3's documented behaviour that run against any S3 implementation.

Each module is a topic, each of its functions one check; they run in the order of `CHECKS`.
"""

from . import cors, forms, listings, locks, multipart, presigned, reads, versions
from .battery import CHECKS, ORIGIN, Server

TOPICS = [cors, forms, listings, locks, multipart, presigned, reads, versions]
__all__ = ["CHECKS", "ORIGIN", "TOPICS", "Server"]
