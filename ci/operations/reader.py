"""What a reader of docs/OPERATIONS.md fills in before a command, and what has to be true after it."""

import datetime
import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import requests
from person import Person

from . import doctor
from .document import Command
from .shell import Shell

# Text of the document -> what a reader types in its place.
REPLACED = {
    "cloakroom-prod": "cloakroom-dev",
    "--env prod": "--env dev",
    "--config-env prod": "--config-env dev",
    "AT=2026-01-31T11:59:00Z": f"AT={datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
}
STATED = [
    "sam build, sam deploy, sam delete: see ci/operations/sam.py; the template has the changes of the rehearsal",
    "aws: version 1 of the AWS CLI, without --cli-binary-format, which only version 2 has",
    "the API's address, and so the output ApiUrl: one of this machine, because the API's host name is not known to DNS",
    "the tag v1.2.3: the checkout of this run",
    "queries of Logs Insights: ministack ignores `stats`, so ci/check_operations.py checks only what they name",
    *(f"{new} instead of {old}" for old, new in REPLACED.items()),
]

Hook = Callable[[Shell], None]
Check = Callable[[Shell, str], None]
_BEFORE: dict[str, Hook] = {}
_AFTER: dict[str, Check] = {}


def before(part: str) -> Callable[[Hook], Hook]:
    """Runs a function before the command that has this part."""

    def add(function: Hook) -> Hook:
        _BEFORE[part] = function
        return function

    return add


def after(part: str) -> Callable[[Check], Check]:
    """Runs a function after the command that has this part, with the output of the command."""

    def add(function: Check) -> Check:
        _AFTER[part] = function
        return function

    return add


# The file that a user has deleted.
FILE = b"hello"


@after("users roles ada@example.com --set admin")
def the_first_administrator(shell: Shell, output: str) -> None:
    assert '"roles":["admin"]' in output, output


@after("rotate-signing-key")
def two_keys(shell: Shell, output: str) -> None:
    keys = set(re.findall(r"/keys/private/([\w-]{43})", output))
    assert len(keys) == 2, output


@after("ssm get-parameters-by-path --path /cloakroom/$STACK/keys")
def one_new_key(shell: Shell, output: str) -> None:
    listed = output[output.index("NAME ") :]
    keys = set(re.findall(r"/([\w-]{43}) ", listed))
    assert len(keys) == 1, output


@after("aws events disable-rule")
def the_repair_is_stopped(shell: Shell, output: str) -> None:
    assert rule(shell) == "DISABLED", rule(shell)


@before("aws dynamodb restore-table-to-point-in-time")
def a_user_and_a_file(shell: Shell) -> None:
    """Creates a user, and a deleted file of another one: the files of a user whose item is deleted are erased."""
    system = SimpleNamespace(api=shell.api)
    shell.person = Person(system)  # type: ignore[arg-type]
    person = Person(system)  # type: ignore[arg-type]
    created = person.create_upload(len(FILE))
    sent = requests.put(created["transfer"]["url"], data=FILE, headers=created["transfer"]["headers"], timeout=60)
    assert sent.status_code == 200, sent.text
    upload = created["upload"]["id"]
    person.complete(upload).expect(200)
    person.delete(f"/uploads/{upload}").expect(204)
    (version,) = person.get(f"/uploads/{upload}/versions").expect(200)["items"]
    shell.set(OWNER=person.id, ID=upload, VERSION=version["versionId"])


@before("aws dynamodb get-item")
def the_user_is_lost(shell: Shell) -> None:
    """Deletes the user's item from the table in use, as a mistake does."""
    assert item_of(shell), "the user does not exist"
    boto3.client("dynamodb").delete_item(TableName=shell.name_of("UsersTable"), Key={"id": {"S": shell.person.id}})
    assert not item_of(shell), "the user still exists"


@after("aws dynamodb get-item")
def the_restored_item(shell: Shell, output: str) -> None:
    assert json.loads(output)["Item"]["id"]["S"] == shell.person.id, output


@after("ci/copy_items.py")
def the_user_is_back(shell: Shell, output: str) -> None:
    assert re.search(r"^1 items copied", output, re.M), output
    assert item_of(shell), output


def item_of(shell: Shell) -> dict[str, Any] | None:
    """The user's item in the table in use."""
    key = {"id": {"S": shell.person.id}}
    found: dict[str, Any] | None = (
        boto3.client("dynamodb").get_item(TableName=shell.name_of("UsersTable"), Key=key).get("Item")
    )
    return found


@before("aws dynamodb update-continuous-backups --table-name $TABLE")
def one_of_the_restored_tables(shell: Shell) -> None:
    shell.set(TABLE="cloakroom-dev-UsersTable-restored")


@before("--change-set-type IMPORT")
def a_private_bucket(shell: Shell) -> None:
    shell.set(BUCKET="rehearsal-packages")


@after("--change-set-type IMPORT")
def the_stack_has_the_restored_table(shell: Shell, output: str) -> None:
    assert shell.name_of("UsersTable2") == "cloakroom-dev-UsersTable-restored"


@after("aws events enable-rule")
def the_repair_has_run(shell: Shell, output: str) -> None:
    result = (shell.checkout / "result.json").read_text()
    assert "FunctionError" not in output and "errorMessage" not in result, output + result
    assert rule(shell) == "ENABLED", rule(shell)


def rule(shell: Shell) -> str:
    state: str = boto3.client("events").describe_rule(Name=shell.name_of("UploadEventsFunctionRepair"))["State"]
    return state


@before("cloakroom migrate up --again")
@before("cloakroom events replay")
@before("cloakroom seed")
def the_unused_tables_are_deleted(shell: Shell) -> None:
    """As at the end of a restoration: the commands find the tables of a stack by their names."""
    stack = boto3.client("cloudformation")
    resources = stack.describe_stack_resources(StackName="cloakroom-dev")["StackResources"]
    if any(one["LogicalResourceId"] == "UsersTable2" for one in resources):
        leave_the_restored_table(shell, stack)
    client = boto3.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        if name.endswith(("-restored", "-from-backup")):
            client.update_table(TableName=name, DeletionProtectionEnabled=False)
            client.delete_table(TableName=name)


def leave_the_restored_table(shell: Shell, stack: Any) -> None:
    """Takes the imported table out of the stack again, whose functions use the other one: nothing was lost."""
    boto3.client("s3").upload_file(str(shell.checkout / "current.json"), "rehearsal-packages", "current.json")
    parameters = stack.describe_stacks(StackName="cloakroom-dev")["Stacks"][0]["Parameters"]
    stack.update_stack(
        StackName="cloakroom-dev",
        TemplateURL=f"https://s3.{stack.meta.region_name}.amazonaws.com/rehearsal-packages/current.json",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in parameters],
    )
    stack.get_waiter("stack_update_complete").wait(StackName="cloakroom-dev", WaiterConfig={"Delay": 1})


@before("aws dynamodb restore-table-from-backup")
def a_backup(shell: Shell) -> None:
    """Makes a backup: the stand-in makes none of a deleted table."""
    made = boto3.client("dynamodb").create_backup(TableName=shell.name_of("UsersTable"), BackupName="rehearsal")
    shell.set(BACKUP=made["BackupDetails"]["BackupArn"])


@after("aws s3api list-object-versions")
def the_file(shell: Shell, output: str) -> None:
    assert (shell.checkout / "file").read_bytes() == FILE


@before("aws sqs receive-message")
def a_dead_letter(shell: Shell) -> None:
    boto3.client("sqs").send_message(QueueUrl=shell.name_of("MailerDeadLetters"), MessageBody="an order")


@after("aws sqs receive-message")
def the_dead_letter(shell: Shell, output: str) -> None:
    assert "an order" in output, output


@after("aws sqs purge-queue")
def the_queue_is_empty(shell: Shell, output: str) -> None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue = shell.name_of("MailerDeadLetters")
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert set(found.values()) == {"0"}, found


@before("aws sesv2 delete-suppressed-destination")
def an_address_that_bounced(shell: Shell) -> None:
    shell.set(ADDRESS="ada@example.com")


@before("aws lambda put-function-concurrency")
def the_function_of_sign_ins(shell: Shell) -> None:
    shell.set(SIGNIN_FUNCTION=shell.name_of("SigninFunction"))


@before("cloakroom secrets migrate")
def secrets_of_an_earlier_version(shell: Shell) -> None:
    """Stores a secret under the path that stacks of a stage shared."""
    boto3.client("ssm").put_parameter(Name="/cloakroom/dev/smtp/password", Value="hush", Type="SecureString")


@after("cloakroom secrets migrate")
def the_secret_is_copied(shell: Shell, output: str) -> None:
    assert "/cloakroom/cloakroom-dev/smtp/password" in parameters(), output


@after("aws ssm get-parameters-by-path --path /cloakroom/dev --recursive")
def the_old_path_is_empty(shell: Shell, output: str) -> None:
    assert not [name for name in parameters() if name.startswith("/cloakroom/dev/")], parameters()


def parameters() -> list[str]:
    pages = boto3.client("ssm").get_paginator("describe_parameters").paginate()
    return [one["Name"] for page in pages for one in page["Parameters"]]


@after(">resources.json")
def the_stack_is_deleted(shell: Shell, output: str) -> None:
    stacks = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    status = {one["StackStatus"] for one in stacks if one["StackName"] == "cloakroom-dev"}
    assert status <= {"DELETE_COMPLETE"}, status


@after("aws dynamodb delete-table --table-name")
def no_data_is_kept(shell: Shell, output: str) -> None:
    kept = [name for name in boto3.client("dynamodb").list_tables()["TableNames"] if name.startswith("cloakroom-dev-")]
    assert all(name.endswith(("-restored", "-from-backup")) for name in kept), kept
    assert not [name for name in parameters() if name.startswith("/cloakroom/cloakroom-dev/")], parameters()


KEYS = [*_BEFORE, *_AFTER]


def filled_in(text: str, shell: Shell) -> str:
    """A command as a reader types it."""
    for old, new in REPLACED.items():
        text = text.replace(old, new)
    return text.replace('{"S": "…"}', '{"S": "%s"}' % shell.person.id) if shell.person else text


def prepare(command: Command, shell: Shell) -> None:
    for part, hook in _BEFORE.items():
        if part in command.text:
            hook(shell)


def verify(command: Command, shell: Shell, code: int, output: str) -> None:
    """Checks a command that has run."""
    if "cloakroom doctor" in command.text:
        is_first = "--deep" in command.text
        is_new = is_first or "preview" in command.text
        doctor.check(code, output, set(doctor.REMAINING) | (set(doctor.CORRECTED) if is_new else set()))
        if is_first:
            doctor.correct(shell, output)
        if "preview" in command.text:
            fix = "fix: sam build && sam deploy --config-env dev --stack-name cloakroom-preview-42"
            assert fix in output, f"no command for the preview stack:\n{output[-2000:]}"
    else:
        assert code == 0, f"exit code {code}\n{output[-2000:]}"
    for part, check in _AFTER.items():
        if part in command.text:
            check(shell, output)
