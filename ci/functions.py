"""The list of functions, and the binaries that `ci/build_functions.sh` builds."""

import io
import pathlib
import platform
import zipfile

ROOT = pathlib.Path(__file__).parent.parent
FUNCTIONS = [
    "account", "admin", "event-relay", "export", "keys", "library", "mail-feedback", "mailer", "orders", "products", "recovery",
    "session", "signin", "signup", "upload-events", "upload-grants", "upload-locks", "uploads", "users", "webhook-deliver",
    "webhooks",
]  # fmt: skip
# The functions that use an SDK. It would only make the others larger.
SDKS = {
    "aws-sdk-eventbridge": {"event-relay"},
    "aws-sdk-lambda": {"export", "products"},
    "aws-sdk-s3": {"upload-events", "upload-locks", "uploads"},
    "aws-sdk-sesv2": {"mailer"},
    "aws-sdk-sqs": {"upload-grants", "webhook-deliver", "webhooks"},
}
BUILT = ROOT / "target" / f"{platform.machine()}-unknown-linux-musl" / "release"


def logical_name(function: str) -> str:
    """Returns the prefix of the names of a function's resources in template.yaml."""
    return "".join(word.capitalize() for word in function.split("-"))


def zip_mb(binary: pathlib.Path) -> float:
    """Returns the size of the deployment package in MB at the highest compression."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.write(binary, "bootstrap")
    return len(target.getvalue()) / 1e6
