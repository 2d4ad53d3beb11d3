"""The commands of docs/OPERATIONS.md that do not succeed on the stand-in, with the reason.

Each runs all the same and has to fail with the expected error. When it does not, remove it from the list.
"""

import re
from typing import NamedTuple

from . import document


class Exemption(NamedTuple):
    """A command that the stand-in cannot run, or that a reader runs only in a situation that the document does not cause."""

    # A part of the command.
    key: str
    reason: str
    # A pattern for the output of the failing command. Empty: the command is in a block that runs elsewhere in the document.
    error: str = ""

    def problem(self, code: int, output: str) -> str:
        """What is wrong with this entry, after the command has run."""
        if code == 0:
            return f"it succeeds: remove `{self.key}` from ci/operations/exceptions.py"
        if not re.search(self.error, output):
            return f"it fails for another reason than {self.error!r}:\n{output[-2000:]}"
        return ""

    def runs_elsewhere(self, command: document.Command) -> bool:
        return any(command.text in block for block in document.blocks() if not of_text(block))


EXCEPTIONS: list[Exemption] = [
    Exemption(
        "sam delete --config-env dev", "only after a failed deployment; the same command deletes the stack at the end"
    ),
    Exemption("aws configure sso", "it opens a browser, and only version 2 of the AWS CLI has it", "Invalid choice"),
    Exemption("aws sso login", "it opens a browser, and only version 2 of the AWS CLI has it", "Invalid choice"),
    Exemption(
        "ci/deploy-role.yaml",
        "the stand-in does not know the type of GitHub's OIDC provider; ci/check_workflows.sh checks the template",
        r"Unrecognized resource types: \[AWS::IAM::OIDCProvider\]",
    ),
    Exemption(
        "continue-update-rollback",
        "it is for a stack in UPDATE_ROLLBACK_FAILED",
        "cannot be called from current stack status",
    ),
    Exemption(
        "aws s3api restore-object",
        "the stand-in restores only current versions, and a new file is not in Glacier",
        "NoSuchKey|InvalidObjectState|ObjectAlreadyInActiveTierError",
    ),
    Exemption(
        "aws sesv2 delete-suppressed-destination",
        "the stand-in has no suppression list",
        "Unknown SES v2 path: DELETE /v2/email/suppression/addresses/ada@example.com",
    ),
    Exemption(
        "cloakroom queues redrive LibraryDeadLetters --env prod --all",
        "the stand-in does not move messages between queues; one at a time is moved by the command itself",
        "The action StartMessageMoveTask is not valid",
    ),
    Exemption(
        "cloakroom queues redrive LibraryQueue --env dev --all",
        "the stand-in does not move messages between queues; one at a time is moved by the command itself",
        "The action StartMessageMoveTask is not valid",
    ),
    Exemption("aws s3api delete-bucket", "the stand-in expires no versions, so the bucket is not empty", "BucketNotEmpty"),
]
KEYS = [one.key for one in EXCEPTIONS]


def of_text(text: str) -> Exemption | None:
    return next((one for one in EXCEPTIONS if one.error and one.key in text), None)


def of(command: document.Command) -> Exemption | None:
    """The exception for a command. One without an error is only for commands in sentences."""
    return next((one for one in EXCEPTIONS if one.key in command.text and (one.error or not command.is_block)), None)


def lines() -> list[str]:
    return [f"`{one.key}`: {one.reason}" for one in EXCEPTIONS]
