"""POST forms.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

from .battery import Server, answers, check, code_of, etag, same

Fields = dict[str, str]


def form(s3: Server, *conditions: Any, seconds: int = 60, key: str | None = None, **fields: str) -> Fields:
    """Returns the fields of a form, signed by boto3, for a text file of one to five bytes."""
    signed = s3.client.generate_presigned_post(
        s3.bucket,
        key or s3.key(),
        Fields={"Content-Type": "text/plain"} | fields,
        Conditions=[["starts-with", "$Content-Type", "text/"], ["content-length-range", 1, 5], *conditions],
        ExpiresIn=seconds,
    )
    return signed["fields"]


def post(s3: Server, fields: Fields, file: bytes | None = b"hello", after: Fields | None = None) -> Any:
    def part(name: str, value: str) -> bytes:
        return f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()

    body = b"".join(part(name, value) for name, value in fields.items())
    if file is not None:
        named = b'Content-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\n'
        body += b"--edge\r\n" + named + file + b"\r\n"
    body += b"".join(part(name, value) for name, value in (after or {}).items()) + b"--edge--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    return s3.http.request("POST", f"{s3.url}/{s3.bucket}", body=body, headers=headers, redirect=False)


def refused(s3: Server, fields: Fields, status: int, code: str, file: bytes | None = b"hello") -> Any:
    response = post(s3, fields, file)
    answers(response, status, code)
    same(s3.keys(), [])
    return response


@check
def a_valid_form_is_stored(s3: Server) -> None:
    response = post(s3, form(s3))
    answers(response, 204)
    same(response.headers["etag"], etag(b"hello"))
    assert response.headers.get("location"), "no location"
    same(s3.read(s3.key()), b"hello")
    same(s3.call("head_object", Key=s3.key())["ContentType"], "text/plain")


@check
def success_action_status_201_returns_a_document(s3: Server) -> None:
    fields = form(s3, {"success_action_status": "201"}, success_action_status="201")
    response = post(s3, fields)
    answers(response, 201)
    found = {name: re.search(f"<{name}>([^<]*)<", response.data.decode()) for name in ["Location", "Bucket", "Key"]}
    assert all(found.values()), response.data
    same([found[name][1] for name in ["Bucket", "Key"]], [s3.bucket, s3.key()])


@check
def success_action_redirect_redirects(s3: Server) -> None:
    url = "http://localhost:3000/thanks"
    response = post(s3, form(s3, {"success_action_redirect": url}, success_action_redirect=url))
    answers(response, 303)
    assert response.headers["location"].startswith(f"{url}?bucket={s3.bucket}&key="), response.headers["location"]


@check
def a_file_over_the_content_length_range_is_refused(s3: Server) -> None:
    refused(s3, form(s3), 400, "EntityTooLarge", b"hello!")


@check
def a_file_under_the_content_length_range_is_refused(s3: Server) -> None:
    refused(s3, form(s3), 400, "EntityTooSmall", b"")


@check
def a_field_that_differs_from_the_policy_is_refused(s3: Server) -> None:
    fields = form(s3, {"x-amz-meta-color": "red"}) | {"x-amz-meta-color": "blue"}
    response = refused(s3, fields, 403, "AccessDenied")
    assert b"Invalid according to Policy" in response.data, response.data


@check
def a_field_must_match_a_starts_with_condition(s3: Server) -> None:
    refused(s3, form(s3) | {"Content-Type": "image/png"}, 403, "AccessDenied")


@check
def a_missing_field_of_the_policy_is_refused(s3: Server) -> None:
    refused(s3, form(s3, {"x-amz-meta-color": "red"}), 403, "AccessDenied")


@check
def a_field_without_a_condition_is_refused(s3: Server) -> None:
    refused(s3, form(s3) | {"x-amz-meta-color": "red"}, 403, "AccessDenied")


@check
def an_x_ignore_field_needs_no_condition(s3: Server) -> None:
    answers(post(s3, form(s3) | {"x-ignore-me": "1"}), 204)


@check
def another_key_is_refused(s3: Server) -> None:
    refused(s3, form(s3) | {"key": s3.key("b")}, 403, "AccessDenied")


@check
def a_key_outside_the_prefix_is_refused(s3: Server) -> None:
    fields = form(s3, key=s3.key("mine/") + "${filename}")
    refused(s3, fields | {"key": s3.key("yours/a")}, 403, "AccessDenied")


@check
def the_key_can_contain_the_file_name(s3: Server) -> None:
    answers(post(s3, form(s3, key=s3.key("mine/") + "${filename}")), 204)
    same(s3.keys(), [s3.key("mine/f.txt")])


@check
def another_bucket_is_refused(s3: Server) -> None:
    fields = s3.client.generate_presigned_post("another-bucket", s3.key())["fields"]
    refused(s3, fields, 403, "AccessDenied")


@check
def an_expired_policy_is_refused(s3: Server) -> None:
    response = refused(s3, form(s3, seconds=-1), 403, "AccessDenied")
    assert b"Policy expired" in response.data, response.data


@check
def a_policy_that_was_not_signed_is_refused(s3: Server) -> None:
    fields = form(s3)
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"][1] = ["content-length-range", 1, 500]
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    refused(s3, fields, 403, "SignatureDoesNotMatch", b"hello!")


@check
def another_signature_is_refused(s3: Server) -> None:
    fields = form(s3)
    signature = fields["x-amz-signature"]
    fields["x-amz-signature"] = ("1" if signature[0] == "0" else "0") + signature[1:]
    refused(s3, fields, 403, "SignatureDoesNotMatch")


@check
def an_unknown_access_key_is_refused(s3: Server) -> None:
    stranger = s3.client_of("AKIDSTRANGER", "secret")
    fields = stranger.generate_presigned_post(s3.bucket, s3.key())["fields"]
    refused(s3, fields, 403, "InvalidAccessKeyId")


@check
def a_policy_that_is_not_json_is_refused(s3: Server) -> None:
    fields = form(s3)
    fields["policy"] = base64.b64encode(b"{").decode()
    fields["x-amz-signature"] = sign(s3.secret, fields)
    refused(s3, fields, 400, "InvalidPolicyDocument")


@check
def a_form_without_a_signature_is_anonymous(s3: Server) -> None:
    refused(s3, {"key": s3.key()}, 403, "AccessDenied")


@check
def a_form_without_its_policy_or_signature_is_refused(s3: Server) -> None:
    for missing in ["policy", "x-amz-signature"]:
        fields = form(s3)
        del fields[missing]
        response = post(s3, fields)
        # AWS does not document which of these errors it returns.
        assert response.status in (400, 403), (missing, response.status, response.data)
        assert code_of(response) in ("InvalidArgument", "AccessDenied"), response.data
    same(s3.keys(), [])


@check
def a_form_without_a_key_is_refused(s3: Server) -> None:
    fields = form(s3)
    del fields["key"]
    refused(s3, fields, 400, "InvalidArgument")


@check
def a_form_without_a_file_is_refused(s3: Server) -> None:
    response = post(s3, form(s3), None)
    same(response.status, 400)
    same(s3.keys(), [])


@check
def fields_after_the_file_are_ignored(s3: Server) -> None:
    answers(post(s3, form(s3), after={"x-amz-meta-color": "red"}), 204)
    same(s3.call("head_object", Key=s3.key())["Metadata"], {})


@check
def a_form_can_set_metadata(s3: Server) -> None:
    fields = form(s3, {"x-amz-meta-color": "red"}, **{"x-amz-meta-color": "red"})
    answers(post(s3, fields), 204)
    same(s3.call("head_object", Key=s3.key())["Metadata"], {"color": "red"})


@check
def a_truncated_form_stores_nothing(s3: Server) -> None:
    body = b'--edge\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + s3.key().encode() + b"\r\n--ed"
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    response = s3.http.request("POST", f"{s3.url}/{s3.bucket}", body=body, headers=headers)
    assert 400 <= response.status < 500, response.status
    same(s3.keys(), [])


def sign(secret: str, fields: Fields) -> str:
    """Signs the form's policy."""
    key = f"AWS4{secret}".encode()
    for text in fields["x-amz-credential"].split("/")[1:]:
        key = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return hmac.new(key, fields["policy"].encode(), hashlib.sha256).hexdigest()
