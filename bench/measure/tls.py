"""A chain of certificates like that of AWS's endpoints, made for one run."""

import contextlib
import pathlib
import ssl
import subprocess
import tempfile
from collections.abc import Iterator

from functions import ROOT

AMAZON_ROOTS = ROOT / "shared/settings/src/amazon-roots.pem"
DAYS = "2"


@contextlib.contextmanager
def chain() -> Iterator["Chain"]:
    """Makes a chain, and deletes it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Chain(pathlib.Path(folder))


class Chain:
    """A root, an intermediate and a server certificate for `localhost`, each with an RSA key of 2,048 bits. As AWS does, the
    server also sends the root, cross-signed by an older root that clients need not know."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        for name in ("old-root", "root", "intermediate", "leaf"):
            self._openssl("genrsa", "-out", self._file(f"{name}.key"), "2048")
        self._certify("old-root", "old-root", "old-root")
        self._certify("root", "root", "root")
        self._certify("cross-signed", "root", "old-root")
        self._certify("intermediate", "intermediate", "root")
        self._certify("leaf", "leaf", "intermediate")
        # What clients trust: AWS_CA_BUNDLE of the functions, NODE_EXTRA_CA_CERTS of Node.
        self.bundle = self._join("bundle.pem", AMAZON_ROOTS, folder / "root.pem")
        sent = self._join("sent.pem", folder / "leaf.pem", folder / "intermediate.pem", folder / "cross-signed.pem")
        # DynamoDB and Parameter Store speak HTTP/1.1 only.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.load_cert_chain(sent, folder / "leaf.key")

    def _file(self, name: str) -> str:
        return str(self._folder / name)

    def _join(self, name: str, *parts: pathlib.Path) -> pathlib.Path:
        joined = self._folder / name
        joined.write_text("".join(part.read_text() for part in parts))
        return joined

    def _certify(self, name: str, subject: str, issuer: str) -> None:
        """Writes the certificate `name` for the key of the subject, signed by the issuer."""
        is_leaf = subject == "leaf"
        usage = "digitalSignature,keyEncipherment" if is_leaf else "digitalSignature,keyCertSign,cRLSign"
        extensions = [f"basicConstraints=critical,CA:{str(not is_leaf).upper()}", f"keyUsage=critical,{usage}"]
        if is_leaf:
            extensions += ["extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost"]
        signer = [] if issuer == subject else ["-CA", self._file(f"{issuer}.pem"), "-CAkey", self._file(f"{issuer}.key")]
        self._openssl(
            "req", "-x509", "-new", "-sha256", "-days", DAYS, "-key", self._file(f"{subject}.key"), *signer,
            "-subj", f"/C=US/O=Cloakroom bench/CN={subject}", "-out", self._file(f"{name}.pem"),
            *(word for extension in extensions for word in ("-addext", extension)),
        )  # fmt: skip

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"openssl {arguments[0]} failed: {done.stderr}")
