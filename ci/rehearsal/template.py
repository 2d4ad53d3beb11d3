"""The copy of template.yaml that the stand-ins get: expanded by SAM's translator, with the built functions."""

import copy
import pathlib
from typing import Any

from cloudformation import Template
from functions import BUILT

# What the copy changes, for the list at the end of the rehearsal.
CHANGES = {
    "Architectures": "x86_64 instead of arm64: the functions run on this machine",
    "Code": "the bootstraps of ci/build_functions.sh instead of those of sam build",
    "TlsOnly": "not in the bucket policies: the stand-in is reached over http on this machine",
    "AWS_ENDPOINT_URL_*": "the address of the stand-in, in the environment of each function that lists the variable",
}


def package(folder: pathlib.Path) -> None:
    """Puts each built function into a folder of its own, as `sam build` does."""
    for binary in BUILT.iterdir():
        if binary.is_file() and binary.suffix == "" and not binary.name.startswith("."):
            target = folder / binary.name
            target.mkdir(parents=True)
            (target / "bootstrap").hardlink_to(binary)


def rehearsal_copy(parameters: dict[str, str], packages: pathlib.Path, endpoint: str) -> dict[str, Any]:
    """The expanded template with the changes above. `sam deploy` uploads the folders that `Code` names."""
    body = copy.deepcopy(Template(**parameters).body)
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            properties["Architectures"] = ["x86_64"]
            properties["Code"] = str(packages / resource["Metadata"]["BuildProperties"]["Binary"])
            variables = properties["Environment"]["Variables"]
            variables |= {name: endpoint for name in variables if name.startswith("AWS_ENDPOINT_URL_")}
        elif resource["Type"] == "AWS::S3::BucketPolicy":
            document = resource["Properties"]["PolicyDocument"]
            document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != "TlsOnly"]
    return body
