"""The copy of template.yaml that the stand-ins get: expanded by SAM's translator, with the built functions."""

import copy
import pathlib
import sys
from typing import Any

from cloudformation import Template
from functions import BUILT

# What the copy changes, for the list at the end of the rehearsal.
CHANGES = {
    "Architectures": "x86_64 instead of arm64: the functions run on this machine",
    "Code": "the bootstraps of ci/build_functions.sh instead of those of sam build",
    "TlsOnly": "not in the bucket policies: the stand-ins are reached over http on this machine",
    "AWS_ENDPOINT_URL_*": "the address of the stand-in, in the environment of each function that lists the variable",
}


def rehearsal_copy(parameters: dict[str, str], packages: pathlib.Path, endpoint: str) -> dict[str, Any]:
    """The expanded template with the changes above. `sam deploy` uploads the folders that `Code` names."""
    body = copy.deepcopy(Template(**parameters).body)
    for resource in body["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function":
            properties["Architectures"] = ["x86_64"]
            properties["Code"] = str(_package(resource["Metadata"]["BuildProperties"]["Binary"], packages))
            variables = properties["Environment"]["Variables"]
            variables |= {name: endpoint for name in variables if name.startswith("AWS_ENDPOINT_URL_")}
        elif resource["Type"] == "AWS::S3::BucketPolicy":
            document = properties["PolicyDocument"]
            document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != "TlsOnly"]
    return body


def _package(binary: str, packages: pathlib.Path) -> pathlib.Path:
    """Returns the folder with a function's bootstrap, as `sam build` makes it."""
    folder = packages / binary
    if not folder.exists():
        if not (BUILT / binary).exists():
            sys.exit(f"{BUILT / binary} is missing; run ci/build_functions.sh first")
        folder.mkdir(parents=True)
        (folder / "bootstrap").hardlink_to(BUILT / binary)
    return folder
