"""The functions, and their binaries as `ci/build_functions.sh` leaves them."""

import io
import pathlib
import zipfile

ROOT = pathlib.Path(__file__).parent.parent
FUNCTIONS = [
    "account", "admin", "keys", "mailer", "recovery", "session", "signin", "signup", "upload-events", "upload-locks",
    "uploads", "users",
]  # fmt: skip
# Only these talk to S3; its SDK makes the others larger for nothing.
WITH_S3 = {"upload-events", "upload-locks", "uploads"}
# Only this sends mail.
WITH_SES = {"mailer"}
BUILT = ROOT / "target/release"


def logical_name(function: str) -> str:
    """What the names of a function's resources in template.yaml begin with."""
    return "".join(word.capitalize() for word in function.split("-"))


def zip_mb(binary: pathlib.Path) -> float:
    """The deployment package, as small as zip makes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.write(binary, "bootstrap")
    return len(target.getvalue()) / 1e6
