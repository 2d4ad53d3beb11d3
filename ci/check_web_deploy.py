"""Creates the web part of template.yaml as a stack and checks what web/deploy.sh puts into its bucket.

    ci/web_deploy.sh

Uses the `aws` on the PATH. The argument is the executable of ministack.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import boto3
from ports import free_port

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_MAX_ATTEMPTS": "1",
}

from cloudformation import ROOT, Report, Template  # noqa: E402

STACK = "cloakroom-dev"
# The resources of the page, and the uploads bucket, whose CORS rules must allow it.
PART = {
    "WebBucket", "WebBucketPolicy", "WebAccessControl", "WebHeaders", "ApiCachePolicy", "ApiPathRewrite", "WebDistribution",
    "UploadsBucket",
}  # fmt: skip
# Stand-ins for the outputs of the other resources.
API, UPLOADS = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com", "https://alias.s3.eu-central-1.amazonaws.com"

# The policies that web/deploy.sh writes into the pages.
POLICIES = {
    "index.html": f"connect-src 'self' {API} {UPLOADS}; img-src 'self' blob: data: {UPLOADS}",
    "docs/index.html": f"connect-src 'self' {API}; img-src 'self' data:",
}

TYPES = {
    ".css": {"text/css"},
    ".html": {"text/html"},
    # Browsers accept both; the CLI uses the type in Python's database.
    ".js": {"application/javascript", "text/javascript"},
    ".json": {"application/json"},
    ".svg": {"image/svg+xml"},
    # The licences of web/docs/vendor. S3 serves a file without a known ending as binary.
    ".txt": {"text/plain"},
    "": {"application/octet-stream", "binary/octet-stream"},
}


@contextlib.contextmanager
def ministack(executable: str, folder: str) -> Iterator[None]:
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "STATE_DIR": folder}
    log = pathlib.Path(folder, "log")
    with log.open("w") as output, subprocess.Popen([executable], env=os.environ | settings, stderr=output) as process:
        try:
            with log.open() as lines:
                while "Running on" not in lines.read():
                    if process.poll() is not None:
                        raise RuntimeError(f"ministack did not start:\n{log.read_text()}")
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.05)
            os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
            yield
        finally:
            process.terminate()


def create(stack: str, body: dict[str, Any]) -> dict[str, str]:
    """Creates a stack and returns its outputs."""
    client = boto3.client("cloudformation")
    client.create_stack(StackName=stack, TemplateBody=json.dumps(body))
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def page_of_the_template(**defaults: str) -> dict[str, Any]:
    body = Template().body
    for name, value in defaults.items():
        body["Parameters"][name]["Default"] = value
    outputs = {name: body["Outputs"][name] for name in ("WebUrl", "WebBucketName")}
    outputs |= {"ApiUrl": {"Value": API}, "UploadsOrigin": {"Value": UPLOADS}}
    resources = {name: resource for name, resource in body["Resources"].items() if name in PART}
    return {key: body[key] for key in ("Parameters", "Conditions", "Rules")} | {
        "Resources": resources,
        "Outputs": outputs,
    }


def deploy(*arguments: str, web: pathlib.Path = ROOT / "web") -> subprocess.CompletedProcess[str]:
    return subprocess.run([web / "deploy.sh", *arguments], capture_output=True, text=True)


def objects(bucket: str) -> dict[str, dict[str, Any]]:
    """Name -> content type, cache header and contents as S3 serves them."""
    client = boto3.client("s3")
    found = {}
    for item in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = client.get_object(Bucket=bucket, Key=item["Key"])
        found[item["Key"]] = {
            "type": answer["ContentType"],
            "cache": answer.get("CacheControl"),
            "bytes": answer["Body"].read(),
        }
    return found


def sources(web: pathlib.Path) -> dict[str, bytes]:
    """The files of the page, listed independently of web/deploy.sh."""
    parts = [file for folder in ("demo", "cloakroom") for file in web.glob(f"{folder}/**/*") if file.is_file()]
    names = ("index.html", "404.html", "favicon.svg", "demo.css", "demo.js", "cloakroom.js")
    reference = [file for file in web.glob("docs/**/*") if file.is_file()]
    files = [*parts, *reference, *(web / name for name in names)]
    return {str(file.relative_to(web)): file.read_bytes() for file in files}


def check_objects(report: Report, bucket: str, web: pathlib.Path, what: str) -> None:
    found = objects(bucket)
    expected = sources(web)
    # The object for the address of the reference page is a copy of the page.
    reference = found.pop("docs/", {"type": "", "cache": "", "bytes": b""})
    report.same(reference, found.get("docs/index.html"), f"{what}: the reference page at docs/")
    names = set(expected) | {"config.json", "openapi.json"}
    report.same(set(found), names, f"{what}: the page's files and no others")
    for name, stored in found.items():
        report.check(stored["type"] in TYPES[pathlib.Path(name).suffix], f"{what}: {name} is {stored['type']}")
        report.same(stored["cache"], "no-cache", f"{what}: the cache header of {name}")
        if name in POLICIES:
            policy = POLICIES[name]
            lines = stored["bytes"].decode().splitlines()
            meta = [line for line in lines if "Content-Security-Policy" in line]
            report.same([line.split('"')[3] for line in meta], [policy], f"{what}: the page's own policy")
            rest = "".join(f"{line}\n" for line in lines if line not in meta)
            report.same(rest, expected[name].decode(), f"{what}: the rest of the page")
            # A policy does not apply to the elements before it.
            before = stored["bytes"].decode().split("Content-Security-Policy")[0]
            report.check("src=" not in before and "href=" not in before, f"{what}: the policy comes first")
        elif name == "config.json":
            report.same(json.loads(stored["bytes"]), {"apiUrl": API}, f"{what}: the URL of the API")
        elif name == "openapi.json":
            original = json.loads((ROOT / "docs/openapi.json").read_text())
            document = original | {"servers": [{"url": API}]}
            report.check(json.loads(stored["bytes"]) == document, f"{what}: the API document names the stack's API")
        else:
            same = hashlib.sha256(stored["bytes"]).digest() == hashlib.sha256(expected.get(name, b"")).digest()
            report.check(same, f"{what}: {name} is unchanged")


def check_deployment(report: Report, outputs: dict[str, str], folder: pathlib.Path) -> None:
    bucket = outputs["WebBucketName"]
    boto3.client("s3").put_object(Bucket=bucket, Key="old/page.html", Body=b"from before")
    for what in ("first", "second"):
        done = deploy("--stack", STACK)
        report.same(done.stdout, f"{outputs['WebUrl']}\n", f"{what}: prints the page's URL; {done.stderr}")
        report.same((done.returncode, done.stderr), (0, ""), f"{what}: no errors")
        check_objects(report, bucket, ROOT / "web", what)

    other = folder / "web"
    # A checkout with other files, and with times older than the objects in the bucket.
    shutil.copytree(ROOT / "web", other, ignore=shutil.ignore_patterns("node_modules"))
    (other / "demo/people.js").unlink()
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs/openapi.json", folder / "docs")
    style = other / "demo.css"
    style.write_bytes(style.read_bytes()[::-1])
    os.utime(style, (0, 0))
    done = deploy("--stack", STACK, web=other)
    report.same(done.returncode, 0, f"another: {done.stderr}")
    check_objects(report, bucket, other, "another")


def check_refusals(report: Report, folder: pathlib.Path) -> None:
    create("other", {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}})
    create("no-page", page_of_the_template(WebPage="false"))
    full = folder / "full"
    (full / "something").mkdir(parents=True)
    elsewhere = ["--to", str(folder / "new"), "--uploads", UPLOADS]
    for arguments, said in (
        ([], "--help"),
        (["--stack"], "--stack needs a value"),
        (["--stak", "x"], "--stak is not an option"),
        (["--stack", STACK, "--api", API], "--help"),
        (["--stack", "missing"], "the stack missing cannot be read"),
        (["--stack", "other"], "the stack other has no output ApiUrl"),
        (["--stack", "no-page"], "the stack no-page has no page, because it is deployed with WebPage=false"),
        ([*elsewhere, "--api", f"{API}/path"], "is not an origin"),
        (["--to", str(full), "--uploads", UPLOADS, "--api", API], "is not empty"),
    ):
        done = deploy(*arguments)
        report.check(done.returncode == 1 and said in done.stderr, f"{arguments} is refused: {done.stderr}")
    report.check(not (folder / "new").exists(), "a refused deployment leaves no folder")
    report.check("--stack NAME" in deploy("--help").stdout, "--help lists the options")


def main() -> int:
    report = Report()
    with tempfile.TemporaryDirectory() as name, ministack(sys.argv[1], name):
        folder = pathlib.Path(name)
        outputs = create(STACK, page_of_the_template())
        check_deployment(report, outputs, folder)
        check_refusals(report, folder)

        # Join, Split and Select evaluated by an independent engine.
        (bucket,) = [
            resource["PhysicalResourceId"]
            for resource in boto3.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
            if resource["LogicalResourceId"] == "UploadsBucket"
        ]
        (rule,) = boto3.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
        report.same(rule["AllowedOrigins"], ["http://localhost:3000", outputs["WebUrl"]], "pages that may upload")
    return report.finish()


sys.exit(main())
