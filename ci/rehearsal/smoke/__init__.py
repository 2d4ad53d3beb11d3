"""The steps of the rehearsal, over HTTP. Each module is a topic, each of its functions one step."""

from . import accounts, files, mail, operation
from .visit import STEPS, Stack

__all__ = ["STEPS", "Stack", "accounts", "files", "mail", "operation"]
