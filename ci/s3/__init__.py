"""What S3 does, as AWS documents it, in checks that any S3 can be asked.

Each module is a topic, each function of it one check; the order is that of `CHECKS`.
"""

from . import cors, forms, listings, locks, multipart, presigned, reads, versions
from .battery import CHECKS, ORIGIN, Server

TOPICS = [cors, forms, listings, locks, multipart, presigned, reads, versions]
__all__ = ["CHECKS", "ORIGIN", "TOPICS", "Server"]
