"""Checks access tokens and the key set with other JOSE libraries. PyJWT and jwcrypto verify the system's tokens, and the
system verifies tokens that jwcrypto signs with the system's key. It must reject the forgeries of Project Wycheproof for
JSON Web Signatures (<https://github.com/C2SP/wycheproof>), each made from a valid token with one change.

    ci/check_tokens.sh
"""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwcrypto import jwk, jws
from local_system import CLOAKROOM, LocalSystem
from person import Person

PUBLIC_KEYS = "cloakroom-dev-PublicKeysTable"
ALGORITHMS = ["ES256", "EdDSA", "RS256", "HS256"]
# The private members of a JWK (RFC 7518, section 6, and RFC 8037, section 2).
SECRET_MEMBERS = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"}


class Checks:
    """Counts passed checks and records failures."""

    def __init__(self) -> None:
        self.passed, self.failures = 0, list[str]()

    def __call__(self, holds: bool, what: str) -> None:
        if holds:
            self.passed += 1
        else:
            self.failures.append(what)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(header: Any, claims: Any) -> str:
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as response:
        return json.load(response)


def new_key(system: LocalSystem, algorithm: str) -> tuple[str, jwk.JWK]:
    """Replaces the system's signing key before any function has read it. Returns its id and the private key."""
    def client(service: str, url: str):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=system.region,
            aws_access_key_id=system.access_key,
            aws_secret_access_key=system.secret,
        )

    ssm, dynamodb = client("ssm", system.ssm), client("dynamodb", system.dynamodb)
    path = {"Path": "/cloakroom/cloakroom-dev/keys", "Recursive": True, "WithDecryption": True}
    for parameter in ssm.get_parameters_by_path(**path)["Parameters"]:
        ssm.delete_parameter(Name=parameter["Name"])
    for item in dynamodb.scan(TableName=PUBLIC_KEYS)["Items"]:
        dynamodb.delete_item(TableName=PUBLIC_KEYS, Key={"kid": item["kid"]})
    operator = {
        "AWS_ACCESS_KEY_ID": system.access_key,
        "AWS_SECRET_ACCESS_KEY": system.secret,
        "AWS_ENDPOINT_URL_SSM": system.ssm,
        "AWS_ENDPOINT_URL_DYNAMODB": system.dynamodb,
    }
    command = [CLOAKROOM, "secrets", "init", "--env", "dev", "--alg", algorithm, "--rsa-bits", "2048"]
    command += ["--region", system.region]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | operator)
    values = [parameter["Value"] for parameter in ssm.get_parameters_by_path(**path)["Parameters"]
              if "/keys/private/" in parameter["Name"]]
    assert len(values) == 1, values
    private = json.loads(values[0])
    raw = decode(private["key"])
    if algorithm == "HS256":
        return private["kid"], jwk.JWK(kty="oct", k=encode(raw))
    # RFC 8410, section 7: the seed follows a prefix of 16 bytes. The rest, which ring adds, is not read.
    made = (
        Ed25519PrivateKey.from_private_bytes(raw[16:48])
        if algorithm == "EdDSA"
        else serialization.load_der_private_key(raw, None)
    )
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private["kid"], jwk.JWK.from_pem(pem)


def sign(key: jwk.JWK, header: dict[str, Any], payload: bytes) -> str:
    """Signs without validating the header's other members, because some are invalid on purpose."""
    signed = jws.JWSCore(header["alg"], key, json.dumps(header), payload, [header["alg"]]).sign()
    return ".".join([signed["protected"], encode(payload), signed["signature"]])


def forgeries(token: str, key: jwk.JWK, kid: str, algorithm: str, jwks: str) -> Iterator[tuple[str, str]]:
    """Yields Wycheproof's forgeries under its names, and some of RFC 8725."""
    header, payload, signature = token.split(".")
    head, claims = json.loads(decode(header)), json.loads(decode(payload))
    other = "A" if signature[0] != "A" else "B"
    yield "modified signature", f"{header}.{payload}.{other}{signature[1:]}"
    yield "missing signature", f"{header}.{payload}."
    yield "missing signature and separator", f"{header}.{payload}"
    yield "modified payload", f"{parts(head, claims | {'roles': ['admin']})}.{signature}"
    yield "missing payload", f"{header}..{signature}"
    yield "missing payload and separator", f"{header}.{signature}"
    yield "modified header", f"{parts(head | {'kid': 'X' + kid}, claims)}.{signature}"
    yield "missing header", f".{payload}.{signature}"
    yield "missing header and separator", f"{payload}.{signature}"
    yield "missing header and signature", f".{payload}."
    yield "missing header, signature and separators", payload
    yield "extra empty component", f"{token}."
    yield "extra component", f"{token}.foo"
    for none in ["none", "None", "NONE", "nOnE"]:
        yield f"algorithm {none}", f"{parts(head | {'alg': none}, claims)}."
        yield f"algorithm {none} with a signature", f"{parts(head | {'alg': none}, claims)}.{signature}"
    flattened = {"payload": payload, "protected": header, "signature": signature}
    yield "JSON serialization, flattened", json.dumps(flattened)
    general = {"payload": payload, "signatures": [{"protected": header, "signature": signature}]}
    yield "JSON serialization", json.dumps(general)
    yield "padded base64", f"{header}.{payload}.{signature}=="
    yield "unencoded payload (RFC 7797)", sign(key, head | {"b64": False, "crit": ["b64"]}, decode(payload))
    yield "a critical extension", sign(key, head | {"exp": 1, "crit": ["exp"]}, decode(payload))
    yield "an ID token's type", sign(key, head | {"typ": "JWT"}, decode(payload))
    yield "no type", sign(key, {name: head[name] for name in ["alg", "kid"]}, decode(payload))
    yield "no key id", sign(key, {name: head[name] for name in ["alg", "typ"]}, decode(payload))
    # The attacker's key in each header member that can hold one (RFC 8725, sections 2.1 and 3.10).
    own = jwk.JWK.generate(kty="EC", crv="P-256")
    public = json.loads(own.export_public())
    for name, more in {
        "embedded key": {"jwk": public},
        "embedded key of the system's name": {"jwk": public | {"kid": kid}},
        "key behind a URL": {"jku": jwks},
        "certificate behind a URL": {"x5u": jwks},
        "the attacker's key": {},
    }.items():
        yield name, sign(own, head | {"alg": "ES256"} | more, decode(payload))
    # A public key as an HMAC secret, in each common encoding (RFC 8725, section 2.1).
    if algorithm != "HS256":
        text = key.export_public()
        for name, secret in {
            "PEM": key.export_to_pem(),
            "PEM without the last line break": key.export_to_pem().strip(),
            "JWK": text.encode(),
            "x or n": decode(json.loads(text).get("x") or json.loads(text)["n"]),
        }.items():
            confused = jwk.JWK(kty="oct", k=encode(secret))
            yield f"the public key's {name} as a secret", sign(confused, head | {"alg": "HS256"}, decode(payload))
    if algorithm == "RS256":
        for other_algorithm in ["RS384", "RS512", "PS256"]:
            yield f"the right key with {other_algorithm}", sign(key, head | {"alg": other_algorithm}, decode(payload))


def check_algorithm(algorithm: str, check: Checks) -> None:
    with LocalSystem(CLOAKROOM, 0, "--without-schedules", "--parameter", "BcryptCost=4") as system:
        kid, key = new_key(system, algorithm)
        person = Person(system)
        discovery = get(f"{system.api}/.well-known/openid-configuration")
        check(discovery["issuer"] == system.api, f"{algorithm}: the issuer is not the API's address")
        keys = get(discovery["jwks_uri"])["keys"]
        expected = [] if algorithm == "HS256" else [kid]
        check([published["kid"] for published in keys] == expected, f"{algorithm}: unexpected keys are published")
        for published in keys:
            check(not SECRET_MEMBERS & set(published), f"{algorithm}: a published key has a secret member")
            check(published["alg"] == algorithm and published["use"] == "sig", f"{algorithm}: the published key has another alg or use")
            read = jwk.JWK(**published)
            check(read.thumbprint() == kid, f"{algorithm}: the kid is not the thumbprint (RFC 7638)")
            check(read.thumbprint() == key.thumbprint(), f"{algorithm}: the published key is a different key")

        # Verifies the token as a resource server in Python does.
        verifier: Any = decode(json.loads(key.export_symmetric())["k"]) if algorithm == "HS256" else None
        verifier = verifier or jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(person.token)
        audience = jwt.decode(person.token, options={"verify_signature": False})["aud"]
        claims = jwt.decode(
            person.token,
            verifier,
            algorithms=[algorithm],
            audience=audience,
            issuer=discovery["issuer"],
            options={"require": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid"]},
        )
        check(claims["sub"] == person.id, f"{algorithm}: the subject is not the user")
        check(claims["exp"] - claims["iat"] == 900, f"{algorithm}: a token is not valid for 15 minutes")
        check(claims["roles"] == [], f"{algorithm}: the roles are not empty")
        verified = jws.JWS()
        verified.allowed_algs = [algorithm]
        verified.deserialize(person.token, jwk.JWK(**keys[0]) if keys else key)
        header = json.loads(decode(person.token.split(".")[0]))
        check(header == {"typ": "at+jwt", "alg": algorithm, "kid": kid}, f"{algorithm}: unexpected header {header}")
        check(json.loads(verified.payload) == claims, f"{algorithm}: the libraries read different claims")

        # A valid token signed by another library: the forgeries below differ from it in one way each.
        theirs = sign(key, header, json.dumps(claims | {"jti": "another"}).encode())
        for name, token in {"ours": person.token, "jwcrypto's": theirs}.items():
            person.use(token)
            check(person.get("/users/me").status == 200, f"{algorithm}: {name} token is rejected")
        for name, token in forgeries(theirs, key, kid, algorithm, discovery["jwks_uri"]):
            person.use(token)
            response = person.get("/users/me")
            is_rejected = response.status == 401 and response.body["code"] == "invalid_token"
            check(is_rejected, f"{algorithm}: {name}: {response.status} {response.body}")
        person.use(theirs)
        check(person.get("/users/me").status == 200, f"{algorithm}: the valid token is rejected after the forgeries")


def main() -> int:
    check = Checks()
    for algorithm in ALGORITHMS:
        check_algorithm(algorithm, check)
    for failure in check.failures:
        print(f"FAILED: {failure}")
    print(f"tokens by PyJWT and jwcrypto: {check.passed} passed, {len(check.failures)} failed")
    return 1 if check.failures else 0


sys.exit(main())
