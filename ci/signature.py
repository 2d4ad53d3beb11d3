"""AWS Signature Version 4 for scripts without an AWS SDK.

<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
"""

import datetime
import hashlib
import hmac
import urllib.parse


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def headers(
    service: str, region: str, keys: tuple[str, str], url: str, body: bytes, more: dict[str, str] | None = None
) -> dict[str, str]:
    """Returns the headers of a signed POST request: `more`, with lower-case names, and the signature headers. The URL must
    have no query, and its path no characters that need encoding."""
    access_key, secret = keys
    address = urllib.parse.urlsplit(url)
    time = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {**(more or {}), "host": address.netloc, "x-amz-date": time}
    names = ";".join(sorted(signed))
    lines = [f"{name}:{signed[name]}" for name in sorted(signed)]
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join(["POST", address.path or "/", "", *lines, "", names, digest])
    scope = f"{time[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    authorization = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}"
    return {**signed, "authorization": f"{authorization}, Signature={_mac(key, text).hex()}"}
