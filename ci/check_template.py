"""Checks what is Cloakroom's own in template.yaml, on the template that CloudFormation gets.

    "$(ci/tools.sh sam)/bin/python" ci/check_template.py

Generic rules are checkov's and cfn-lint's (ci/check_sam.sh). ci/check_parameters.py, ci/check_api.py,
ci/check_files.py, ci/check_page.py and ci/check_alarms.py check those parts. Which actions a function may call stands in template.yaml alone;
ci/check_grants.py proves by the tests that all of them are needed.
"""

import json
import os
import pathlib
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import (  # noqa: E402
    ALIAS, PSEUDO, Report, Template, as_list, dump, grants_of, routes_of, statements_of,
)  # fmt: skip
from functions import FUNCTIONS, ROOT, logical_name  # noqa: E402

# Resources of statements end with a wildcard only here: which objects there will be, and which identities and configuration
# sets SES checks for a mail, is not known.
UNKNOWN = ("/object/*",)
SES = (":identity/*", ":configuration-set/*")
# Conditions on attributes have one form for reads and one for writes.
READS, WRITES = {"BatchGetItem", "GetItem", "Query", "Scan"}, {"PutItem", "UpdateItem", "DeleteItem"}
PRESENT = {"dynamodb:Attributes": "false"}
# The stack with mail, without which the mailer may not send.
MAIL = {"MailFrom": "app@mail.example", "AppUrl": "https://app.example/"}
# Tables whose items are secrets, or let someone in.
SECRETS = {"CredentialsTable", "SessionsTable", "EmailTokensTable", "SignUpsTable", "UploadGrantsTable"}
# The services: their functions and their tables.
SERVICES = {name: (it["functions"], it["tables"]) for name, it in json.loads((ROOT / "ci/services.json").read_text()).items()}
# Tables without a service of their own: keys, responses to repeated requests, counts of requests, and the operator's ledger.
SHARED = {"PublicKeysTable", "IdempotencyTable", "LimitsTable", "MigrationsTable"}
# Uploads is older than the services around products. Its routes read whom a file is shared with, and upload-locks checks a
# password. No other function reads the tables of another service.
FOREIGN = {
    "Uploads": {"CredentialsTable", "SessionsTable", "UsersTable"},
    "UploadLocks": {"CredentialsTable", "UsersTable"},
}
# Records of deleted uploads and accounts, and marks of deleted users expire; what else these tables have is kept like accounts.
KEPT_AND_EXPIRING = {"UsersTable", "UploadsTable", "ProductsTable", "EntitlementsTable", "OrdersTable", "SoldFilesTable"}

def check_functions(report: Report, template: Template) -> None:
    functions, roles = template.of_type("AWS::Lambda::Function"), template.of_type("AWS::IAM::Role")
    report.same(set(functions), {f"{logical_name(binary)}Function" for binary in FUNCTIONS}, "the functions")
    report.same(set(roles), {f"{logical_name(binary)}Role" for binary in FUNCTIONS}, "one role for each function")
    kinds = {resource["Type"] for resource in template.resources.values() if template.is_deployed(resource)}
    report.same({kind for kind in kinds if "IAM" in kind}, {"AWS::IAM::Role"}, "permissions come from roles alone")
    called = set(routes_of(template).values())
    for binary in FUNCTIONS:
        name = logical_name(binary)
        function, role = functions[f"{name}Function"], roles[f"{name}Role"]
        variables = function["Environment"]["Variables"]
        report.same(function["Role"], f"{name}Role.Arn", f"{name} has a role of its own")
        report.same(function["LoggingConfig"]["LogGroup"], f"{name}LogGroup", f"{name} has a log of its own")
        report.same(function["Architectures"], ["arm64"], f"{name}'s architecture")
        report.same(function["Runtime"], "provided.al2023", f"{name}'s runtime")
        # bcrypt uses one whole vCPU; what does not hash only waits.
        report.same(function["MemorySize"], 1769 if "BCRYPT_COST" in variables else 256, f"{name}'s memory")
        if name in called:
            report.check(function["Timeout"] < 30, f"{name} answers before the gateway gives up after 30 seconds")
        metadata = template.resources[f"{name}Function"]["Metadata"]
        report.same(metadata["BuildMethod"], "rust-cargolambda", f"{name} is built by cargo lambda")
        report.same(metadata["BuildProperties"], {"Binary": binary}, f"{name}'s binary")
        check_environment(report, name, variables, grants_of(statements_of(role)))
        check_role(report, name, role)
        check_conditions(report, name, role)


def check_tracing(report: Report) -> None:
    """Traces, and the permission to write them, only if a parameter says so."""
    for tracing, mode in [("off", "PassThrough"), ("xray", "Active")]:
        template = Template(Tracing=tracing)
        modes = {it["TracingConfig"]["Mode"] for it in template.of_type("AWS::Lambda::Function").values()}
        report.same(modes, {mode}, f"Tracing={tracing}: all functions")
        policies = list(template.of_type("AWS::IAM::Policy").values())
        if tracing == "off":
            report.same(policies, [], "without tracing, no role may write traces")
            continue
        (policy,) = policies
        report.same(set(policy["Roles"]), set(template.of_type("AWS::IAM::Role")), "all roles may write traces")
        writes = {"Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": "*"}
        report.same(policy["PolicyDocument"]["Statement"], [writes], "the policy of traces allows nothing else")


def check_environment(report: Report, name: str, variables: dict, grants: dict[str, set[str]]) -> None:
    """A function is told of the resources that it may use, and of no others."""
    tables = {value for variable, value in variables.items() if variable.endswith("_TABLE")}
    granted = {resource.split(".Arn")[0] for resource in grants if resource.split(".Arn")[0].endswith("Table")}
    # The relay is told the names of the tables, to know the records of their streams.
    streamed = {resource.removesuffix(".StreamArn") for resource in grants if resource.endswith(".StreamArn")}
    expected = streamed if name == "EventRelay" else granted - streamed
    report.same(tables, expected, f"{name}'s tables")
    parameters = {resource.split(":parameter")[1] for resource in grants if ":parameter/" in resource}
    path = {variables["PARAMETER_PATH"]} if "PARAMETER_PATH" in variables else set()
    report.same(path, parameters, f"{name}'s parameters")
    values = [v for v in variables.values() if not str(v).endswith(ALIAS)]
    secret = [v for v in values if re.search(r"BEGIN |\{\{resolve|[A-Za-z0-9+=_-]{24}", str(v))]
    report.same(secret, [], f"{name}'s environment holds nothing that looks like a secret")
    for variable in variables:
        report.check(f'"{variable}"' in SOURCES, f"{name}: {variable} is read by the code")


def check_role(report: Report, name: str, role: dict) -> None:
    wildcards = {word for word in dump(role).split() if "*" in word}
    unknown = UNKNOWN + SES if name == "Mailer" else UNKNOWN
    report.check(all(word.endswith(unknown) for word in wildcards), f"{name} has wildcards only for {unknown}")
    for statement in statements_of(role):
        if "ses:SendEmail" in as_list(statement["Action"]):
            sender = {"StringEquals": {"ses:FromAddress": MAIL["MailFrom"]}}
            report.same(statement["Condition"], sender, f"{name} sends mail from one address")
    report.check("ManagedPolicyArns" not in role, f"{name} has no managed policy")
    trust = role["AssumeRolePolicyDocument"]["Statement"]
    report.same([s["Principal"] for s in trust], [{"Service": "lambda.amazonaws.com"}], f"{name}: Lambda alone")


def check_conditions(report: Report, name: str, role: dict) -> None:
    """What a statement with a condition on attributes must require, so that neither a missing key nor a return opens it.

    Writes in transactions may have no `Null`, because AWS may not set the key there. ci/check_grants.py checks from the
    recorded calls that each write without it is a part of a transaction.
    """
    for statement in statements_of(role):
        condition = statement.get("Condition", {})
        if "dynamodb:Attributes" not in condition.get("ForAllValues:StringEquals", {}):
            continue
        actions = {action.removeprefix("dynamodb:") for action in as_list(statement["Action"])}
        what = f"{name}: {', '.join(sorted(actions))} on {statement['Resource']}"
        report.check(actions <= READS or actions <= WRITES, f"{what}: reads and writes have statements of their own")
        if actions <= READS:
            # Without a projection, AWS sets no dynamodb:Attributes, and all attributes are returned.
            report.same(condition.get("Null"), PRESENT, f"{what}: the request names attributes")
            selected = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}
            report.same(condition.get("StringEqualsIfExists"), selected, f"{what}: the request selects attributes")
        else:
            report.check(condition.get("Null", PRESENT) == PRESENT, f"{what}: the key is not required to be absent")


def check_tables(report: Report) -> None:
    for env in ("dev", "qa", "prod"):
        template = Template(Env=env)
        for name, table in template.of_type("AWS::DynamoDB::Table").items():
            what = f"{env}: {name}"
            report.same(table["BillingMode"], "PAY_PER_REQUEST", f"{what} is on demand")
            report.check(table["SSESpecification"]["SSEEnabled"] is True, f"{what} is encrypted with the account's key")
            report.check(table["DeletionProtectionEnabled"] is (env == "prod"), f"{what} is protected in prod only")
            report.check("TableName" not in table, f"{what} has a generated name")
            goes = template.resources[name]["DeletionPolicy"] == "Delete" or name in KEPT_AND_EXPIRING
            # The operator's commands delete its items.
            goes = goes and name != "PublicKeysTable"
            kept = template.resources[name]["DeletionPolicy"] != "Delete"
            recovery = {"PointInTimeRecoveryEnabled": True} if kept else None
            report.same(table.get("PointInTimeRecoverySpecification"), recovery, f"{what}: backups of what is kept")
            expiry = {"AttributeName": "expires_at", "Enabled": True} if goes else None
            report.same(table.get("TimeToLiveSpecification"), expiry, f"{what}: its time to live")


def check_events(report: Report, template: Template) -> None:
    """An event is tried again, and one that fails for good is kept in a queue."""
    rules, configs = template.of_type("AWS::Events::Rule"), template.of_type("AWS::Lambda::EventInvokeConfig")
    # Those of the default bus, which invoke functions. check_bus checks the others.
    rules = {name: rule for name, rule in rules.items() if "EventBusName" not in rule}
    targets = {name: target for name, rule in rules.items() for target in rule["Targets"]}
    queue_of = {
        "MailFeedbackFunction": "MailerDeadLetters.Arn",
        "OrdersFunction": "OrdersDeadLetters.Arn",
        "UploadEventsFunction": "UploadEventsDeadLetters.Arn",
        "WebhookDeliverFunction": "WebhookDeadLetters.Arn",
    }
    for name, target in targets.items():
        queue = queue_of[target["Arn"].removesuffix(ALIAS)]
        report.same(target["DeadLetterConfig"], {"Arn": queue}, f"{name}: dead letters")
        limits = {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}
        report.same(set(target["RetryPolicy"]), limits, f"{name}: retries")
    repair = {"source": "cloakroom", "detail-type": "Repair", "detail": {}}
    report.same(json.loads(targets["UploadEventsFunctionRepair"]["Input"]), repair, "the event of the repair")
    invoked = {target["Arn"].removesuffix(ALIAS) for target in targets.values()}
    by_function = {config["FunctionName"]: config for config in configs.values()}
    report.same(set(by_function), invoked, "the functions of rules say what becomes of an event that fails")
    for name, config in by_function.items():
        destination = config["DestinationConfig"]["OnFailure"]["Destination"]
        report.same(destination, queue_of[name], f"{name}: what fails for good is kept")
        report.check(config["MaximumRetryAttempts"] == 2, f"{name} is tried again")
        report.same(config["Qualifier"], "live", f"{name}: the alias")
    # 14 days is the longest that SQS keeps a message.
    kept = {"MessageRetentionPeriod": 14 * 86400, "SqsManagedSseEnabled": True}
    queues = template.of_type("AWS::SQS::Queue")
    for name, queue in queues.items():
        if name.endswith("DeadLetters"):
            report.same(queue, kept, f"{name}: what failed is kept for 14 days")
    statements = [
        statement
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if isinstance(statement["Resource"], str) and statement["Resource"].endswith("DeadLetters.Arn")
    ]
    report.same({it["Resource"] for it in statements}, set(queue_of.values()), "the queues that rules write to")
    this_account = {"StringEquals": {"aws:SourceAccount": PSEUDO["AWS::AccountId"]}}
    for statement in statements:
        report.same(statement["Principal"], {"Service": "events.amazonaws.com"}, "rules write to the queue")
        report.same(statement["Condition"], this_account, "and only those of this account")


def check_bus(report: Report, template: Template) -> None:
    """Each service that listens has a rule, a queue, and a queue of dead letters; a message that fails delays no other."""
    rules, queues = template.of_type("AWS::Events::Rule"), template.of_type("AWS::SQS::Queue")
    policies, functions = template.of_type("AWS::SQS::QueuePolicy"), template.of_type("AWS::Lambda::Function")
    mappings = {it["EventSourceArn"]: it for it in template.of_type("AWS::Lambda::EventSourceMapping").values()}
    services = {name.removesuffix("Rule"): rule for name, rule in rules.items() if "EventBusName" in rule}
    report.same({f"{name}Queue" for name in services}, {q for q in queues if not q.endswith("DeadLetters")}, "the queues")
    schemas = {file.name.removesuffix(".schema.json") for file in (ROOT / "docs/events").glob("*.schema.json")}
    for name, rule in services.items():
        queue, dead_letters = f"{name}Queue.Arn", f"{name}DeadLetters.Arn"
        mapping = mappings[queue]
        function = functions[mapping["FunctionName"].removesuffix(ALIAS)]
        pattern = rule["EventPattern"]
        report.same(pattern["source"], ["cloakroom"], f"{name}: events of Cloakroom alone")
        report.check(set(pattern.get("detail-type", schemas)) <= schemas, f"{name}: types with a schema in docs/events")
        target = {"Id": "queue", "Arn": queue, "InputPath": "$.detail", "DeadLetterConfig": {"Arn": dead_letters}}
        report.same(rule["Targets"], [target], f"{name}: the rule writes the event itself to the queue")
        expected = {
            "MessageRetentionPeriod": 14 * 86400,
            "SqsManagedSseEnabled": True,
            "RedrivePolicy": {"deadLetterTargetArn": dead_letters, "maxReceiveCount": 5},
        }
        expected["VisibilityTimeout"] = visible = queues[f"{name}Queue"]["VisibilityTimeout"]
        report.same(queues[f"{name}Queue"], expected, f"{name}: the queue")
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        report.check(6 * function["Timeout"] <= visible <= 7 * function["Timeout"], f"{name}: six times the timeout")
        statement = policies[f"{name}QueuePolicy"]["PolicyDocument"]["Statement"][0]
        report.same(statement["Principal"], {"Service": "events.amazonaws.com"}, f"{name}: the bus writes to the queue")
        report.same(statement["Condition"], {"ArnEquals": {"aws:SourceArn": f"{name}Rule.Arn"}}, f"{name}: by its rule alone")
        report.check(mapping["FunctionName"].endswith(ALIAS), f"{name}: the queue invokes the alias")
        report.same(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"], f"{name}: a failure delays no other message")
        report.check(2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 20, f"{name}: the queue cannot use up the account")


def check_owners(report: Report, template: Template) -> None:
    """Each table belongs to one service, and no role of another service names it."""
    roles = template.of_type("AWS::IAM::Role")
    tables = set(template.of_type("AWS::DynamoDB::Table"))
    owned = [table for _, owns in SERVICES.values() for table in owns]
    report.same(sorted([*owned, *SHARED]), sorted(tables), "each table belongs to one service, or is shared")
    report.same(
        sorted(name for functions, _ in SERVICES.values() for name in functions),
        sorted({logical_name(binary) for binary in FUNCTIONS} - {"EventRelay"}),
        "each function belongs to one service",
    )
    for functions, owns in SERVICES.values():
        for name in functions:
            grants = grants_of(statements_of(roles[f"{name}Role"]))
            named = {resource.split(".")[0] for resource in grants} & tables
            allowed = set(owns) | SHARED | FOREIGN.get(name, set())
            report.same(named - allowed, set(), f"{name} names no table of another service")
    relay = grants_of(statements_of(roles["EventRelayRole"]))
    report.same({r for r in relay if r.endswith("Table.Arn")}, set(), "the relay reads streams, and no table")


def check_relay(report: Report, template: Template) -> None:
    """The relay follows the streams of the tables whose changes are events, and of no table with secrets."""
    tables = template.of_type("AWS::DynamoDB::Table")
    followed = {
        mapping["EventSourceArn"].removesuffix(".StreamArn")
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["FunctionName"] == f"EventRelayFunction{ALIAS}"
    }
    streams = {name for name, table in tables.items() if table.get("StreamSpecification")}
    report.same(streams, followed | {"OutboxTable"}, "the tables with a stream")
    report.same(followed & SECRETS, set(), "no stream has hashes, sessions or tokens")
    for name in followed:
        view = tables[name]["StreamSpecification"]["StreamViewType"]
        report.same(view, "NEW_AND_OLD_IMAGES", f"{name}: the stream has both images")


def check_mail(report: Report) -> None:
    template = Template(**MAIL)
    mappings = template.of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [it for it in mappings if it["EventSourceArn"] == "OutboxTable.StreamArn"]
    report.same(mapping["FunctionName"], f"MailerFunction{ALIAS}", "the stream invokes the alias")
    dead_letters = {"OnFailure": {"Destination": "MailerDeadLetters.Arn"}}
    report.same(mapping["DestinationConfig"], dead_letters, "orders that fail for good are kept")
    report.same(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"], "a mail that was sent is not sent again")
    report.same(mapping["MaximumRecordAgeInSeconds"], 3600, "a link that has expired is not sent")
    for values, page in [
        ({}, "https://WebDistribution.DomainName/"),
        ({"WebDomain": "app.example"}, "https://app.example/"),
        (MAIL, MAIL["AppUrl"]),
        (MAIL | {"WebPage": "false"}, MAIL["AppUrl"]),
        ({"WebPage": "false"}, ""),
    ]:
        mailer = Template(**values).of_type("AWS::Lambda::Function")["MailerFunction"]
        report.same(mailer["Environment"]["Variables"]["APP_URL"], page, f"{values}: where links in mails lead")


def sources() -> str:
    """The code of the functions and of what they share."""
    files = [file for folder in ("functions", "shared") for file in sorted(pathlib.Path(ROOT, folder).rglob("*.rs"))]
    return "\n".join(file.read_text() for file in files)


SOURCES = sources()


def main() -> int:
    report, template = Report(), Template(**MAIL)
    check_functions(report, template)
    check_tracing(report)
    check_tables(report)
    check_events(report, template)
    check_bus(report, template)
    check_relay(report, template)
    check_owners(report, template)
    check_mail(report)
    return report.finish()


sys.exit(main())
