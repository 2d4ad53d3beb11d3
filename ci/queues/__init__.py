"""Checks of the documented behaviour of SQS and EventBridge that run against any implementation.

Each module is a topic, each of its functions one check; they run in the order of `CHECKS`.
"""

from . import attributes, batches, dead_letters, messages, moves, patterns, receipts, requests, targets
from .battery import CHECKS, Server

TOPICS = [attributes, batches, dead_letters, messages, moves, patterns, receipts, requests, targets]
__all__ = ["CHECKS", "TOPICS", "Server"]
