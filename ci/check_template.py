"""Checks what is Cloakroom's own in template.yaml, on the template that CloudFormation gets.

    "$(ci/tools.sh sam)/bin/python" ci/check_template.py

Generic rules are checkov's and cfn-lint's (ci/check_sam.sh), the files' and the page's are in ci/check_files.py
and ci/check_page.py. Which actions a function
may call stands in template.yaml alone; ci/check_grants.py proves by the tests that all of them are needed.
"""

import json
import os
import pathlib
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import PAGES, PSEUDO, Report, Template, dump, grants_of, statements_of  # noqa: E402
from functions import FUNCTIONS, ROOT, logical_name  # noqa: E402

ACCOUNT = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
# Resources of statements end with a wildcard only here: which objects there will be is not known.
OBJECTS = "/object/*"
# The stack with mail, without which the mailer may not send.
MAIL = {"MailFrom": "app@mail.example", "AppUrl": "https://app.example/"}
# Records of deleted uploads expire, those of files are kept like accounts.
KEPT_AND_EXPIRING = {"UploadsTable"}

# The fields of an access log line: no path, header, query or token among them.
LOGGED = {
    "requestTime", "requestId", "identity.sourceIp", "routeKey", "status", "responseLength", "responseLatency",
    "integrationLatency", "integration.integrationStatus", "error.responseType",
}  # fmt: skip
# How web pages may call the API.
CORS = {
    "allowMethods": ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    "allowHeaders": ["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
    "exposeHeaders": [
        "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "WWW-Authenticate", "Allow"
    ],
    "allowCredentials": False,
    "maxAge": 3600,
}  # fmt: skip


def check_functions(report: Report, template: Template) -> None:
    functions, roles = template.of_type("AWS::Lambda::Function"), template.of_type("AWS::IAM::Role")
    report.same(set(functions), {f"{logical_name(binary)}Function" for binary in FUNCTIONS}, "the functions")
    report.same(set(roles), {f"{logical_name(binary)}Role" for binary in FUNCTIONS}, "one role for each function")
    kinds = {resource["Type"] for resource in template.resources.values()}
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


def check_environment(report: Report, name: str, variables: dict, grants: dict[str, set[str]]) -> None:
    """A function is told of the resources that it may use, and of no others."""
    tables = {value for variable, value in variables.items() if variable.endswith("_TABLE")}
    granted = {resource.split(".Arn")[0] for resource in grants if resource.split(".Arn")[0].endswith("Table")}
    report.same(tables, {table for table in granted if f"{table}.StreamArn" not in grants}, f"{name}'s tables")
    parameters = {resource.split(":parameter")[1] for resource in grants if ":parameter/" in resource}
    path = {variables["PARAMETER_PATH"]} if "PARAMETER_PATH" in variables else set()
    report.same(path, parameters, f"{name}'s parameters")
    secret = [v for v in variables.values() if re.search(r"BEGIN |\{\{resolve|[A-Za-z0-9+=_-]{24}", str(v))]
    report.same(secret, [], f"{name}'s environment holds nothing that looks like a secret")
    for variable in variables:
        report.check(f'"{variable}"' in SOURCES, f"{name}: {variable} is read by the code")


def check_role(report: Report, name: str, role: dict) -> None:
    wildcards = {word for word in dump(role).split() if "*" in word}
    report.check(all(word.endswith(OBJECTS) for word in wildcards), f"{name} has wildcards only for objects")
    report.check("ManagedPolicyArns" not in role, f"{name} has no managed policy")
    trust = role["AssumeRolePolicyDocument"]["Statement"]
    report.same([s["Principal"] for s in trust], [{"Service": "lambda.amazonaws.com"}], f"{name}: Lambda alone")


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
            expiry = {"AttributeName": "expires_at", "Enabled": True} if goes else None
            report.same(table.get("TimeToLiveSpecification"), expiry, f"{what}: its time to live")


def routes_of(template: Template) -> dict[str, str]:
    """The function behind each `METHOD /path`."""
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    found = {}
    for path, methods in api["Body"]["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert integration["payloadFormatVersion"] == "2.0"
            route = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
            found[route] = re.search(r"/(\w+)Function\.Arn/", integration["uri"])[1]
    return found


def check_api(report: Report, template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    report.same(stage["StageName"], "$default", "the stage")
    report.same(set(stage["DefaultRouteSettings"]), {"ThrottlingRateLimit", "ThrottlingBurstLimit"}, "throttling")
    log = json.loads(stage["AccessLogSettings"]["Format"])
    report.same({value.removeprefix("$context.") for value in log.values()}, LOGGED, "what is logged of a request")
    report.same(stage["AccessLogSettings"]["DestinationArn"], "ApiAccessLogGroup.Arn", "where requests are logged")
    origins = ["https://one.example", "https://two.example"]
    for domain, own in PAGES.items():
        page = Template(AllowedOrigins=",".join(origins), WebDomain=domain)
        (api,) = page.of_type("AWS::ApiGatewayV2::Api").values()
        cors = {"allowOrigins": [*origins, own]} | CORS
        report.same(api["Body"]["x-amazon-apigateway-cors"], cors, "the API's CORS")
    pattern = template.parameters["AllowedOrigins"]["AllowedPattern"]
    for origin in ("*", "https://*.example.com", "https://example.com/", "example.com", "null"):
        report.check(not re.search(pattern, origin), f"{origin} is refused as an origin")


def check_invocation(report: Report, template: Template) -> None:
    """The API may invoke a function for the function's own routes; a rule may invoke its target."""
    rules, routes = template.of_type("AWS::Events::Rule"), routes_of(template)
    arn = f"arn:aws:execute-api:{ACCOUNT}:Api/*/"
    by_rules = set()
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        function, source = permission["FunctionName"].removesuffix("Function"), permission["SourceArn"]
        if permission["Principal"] == "events.amazonaws.com":
            rule = source.removesuffix(".Arn")
            targets = [target["Arn"] for target in rules.get(rule, {}).get("Targets", [])]
            report.same(targets, [f"{function}Function.Arn"], f"{name}: the target of {source}")
            by_rules.add(rule)
            continue
        own = {re.sub(r"\{\w+\}", "*", r.replace(" ", "")) for r, f in routes.items() if f == function}
        # `$default` is every method and path that no other route takes.
        own = {"*" if route == "$default" else route for route in own}
        report.same(permission["Principal"], "apigateway.amazonaws.com", f"{name}: the principal")
        report.check(source.startswith(arn) and source.removeprefix(arn) in own, f"{name} names one route: {source}")
    report.same(by_rules, set(rules), "every rule may invoke its target")
    kinds = {resource["Type"] for resource in template.resources.values()}
    report.same({"AWS::Lambda::Url", "AWS::Scheduler::Schedule"} & kinds, set(), "no other way to a function")


def check_events(report: Report, template: Template) -> None:
    """An event is tried again, and one that fails for good is kept in a queue."""
    rules, configs = template.of_type("AWS::Events::Rule"), template.of_type("AWS::Lambda::EventInvokeConfig")
    targets = {name: target for name, rule in rules.items() for target in rule["Targets"]}
    for name, target in targets.items():
        report.same(target["DeadLetterConfig"], {"Arn": "UploadEventsDeadLetters.Arn"}, f"{name}: dead letters")
        limits = {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}
        report.same(set(target["RetryPolicy"]), limits, f"{name}: retries")
    repair = {"source": "cloakroom", "detail-type": "Repair", "detail": {}}
    report.same(json.loads(targets["UploadEventsFunctionRepair"]["Input"]), repair, "the event of the repair")
    invoked = {target["Arn"].removesuffix(".Arn") for target in targets.values()}
    by_function = {config["FunctionName"]: config for config in configs.values()}
    report.same(set(by_function), invoked, "the functions of rules say what becomes of an event that fails")
    for name, config in by_function.items():
        destination = config["DestinationConfig"]["OnFailure"]["Destination"]
        report.same(destination, "UploadEventsDeadLetters.Arn", f"{name}: what fails for good is kept")
        report.check(config["MaximumRetryAttempts"] == 2, f"{name} is tried again")
    # 14 days is the longest that SQS keeps a message.
    kept = {"MessageRetentionPeriod": 14 * 86400, "SqsManagedSseEnabled": True}
    queues = template.of_type("AWS::SQS::Queue")
    report.same(queues, {"UploadEventsDeadLetters": kept, "MailerDeadLetters": kept}, "the queues")
    (policy,) = template.of_type("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    this_account = {"StringEquals": {"aws:SourceAccount": PSEUDO["AWS::AccountId"]}}
    report.same(statement["Principal"], {"Service": "events.amazonaws.com"}, "rules write to the queue")
    report.same(statement["Condition"], this_account, "and only those of this account")


def check_mail(report: Report) -> None:
    template = Template(**MAIL)
    (mapping,) = template.of_type("AWS::Lambda::EventSourceMapping").values()
    dead_letters = {"OnFailure": {"Destination": "MailerDeadLetters.Arn"}}
    report.same(mapping["DestinationConfig"], dead_letters, "orders that fail for good are kept")
    report.same(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"], "a mail that was sent is not sent again")
    report.same(mapping["MaximumRecordAgeInSeconds"], 3600, "a link that has expired is not sent")
    for values, page in [
        ({}, "https://WebDistribution.DomainName/"),
        ({"WebDomain": "app.example"}, "https://app.example/"),
        (MAIL, MAIL["AppUrl"]),
    ]:
        mailer = Template(**values).of_type("AWS::Lambda::Function")["MailerFunction"]
        report.same(mailer["Environment"]["Variables"]["APP_URL"], page, f"{values}: where links in mails lead")


def check_metrics(report: Report, template: Template) -> None:
    """Each alarm on our own metrics reads one that the functions write, in their namespace and without dimensions."""
    functions = template.of_type("AWS::Lambda::Function").values()
    (namespace,) = {function["Environment"]["Variables"]["METRICS_NAMESPACE"] for function in functions}
    report.same(namespace, f"Cloakroom/{PSEUDO['AWS::StackName']}", "the namespace of the metrics")
    declared = re.findall(r"^    (\w+): (?:None|Bytes|Milliseconds),$", SOURCES, re.MULTILINE)
    report.check(len(declared) > 15, f"the metrics of shared/metrics are found: {declared}")
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    ours = {name: alarm for name, alarm in alarms.items() if alarm.get("Namespace", "").startswith("Cloakroom")}
    report.check("MailLimitAlarm" in ours, "there is an alarm for the limit of mail")
    for name, alarm in ours.items():
        report.same(alarm["Namespace"], namespace, f"{name}: the namespace")
        report.check(alarm["MetricName"] in declared, f"{name}: the functions write {alarm['MetricName']}")
        report.same([alarm.get("Dimensions"), alarm.get("Unit")], [None, None], f"{name}: no dimensions and no unit")
    report.same(template.of_type("AWS::Logs::MetricFilter"), {}, "metrics come from the functions' lines")


def check_parameters(report: Report, template: Template) -> None:
    for name, parameter in template.parameters.items():
        limits = {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
        report.check(bool(parameter.get("Description") and limits), f"{name} is described and has limits")
    rules = template.body["Rules"]
    when = rules["VerificationNeedsMail"]["RuleCondition"]
    report.same(when, {"Fn::Equals": [{"Ref": "SignupMode"}, "verified"]}, "verification needs mail")
    for rule, needed in [("VerificationNeedsMail", "MailFrom"), ("DomainWithItsCertificate", "WebCertificateArn")]:
        asserted = [assertion["Assert"] for assertion in rules[rule]["Assertions"]]
        report.same(asserted, [{"Fn::Not": [{"Fn::Equals": [{"Ref": needed}, ""]}]}], f"{rule} asks for {needed}")


def sources() -> str:
    """The code of the functions and of what they share."""
    files = [file for folder in ("functions", "shared") for file in sorted(pathlib.Path(ROOT, folder).rglob("*.rs"))]
    return "\n".join(file.read_text() for file in files)


SOURCES = sources()


def main() -> int:
    report, template = Report(), Template(**MAIL)
    check_functions(report, template)
    check_tables(report)
    check_api(report, template)
    check_invocation(report, template)
    check_events(report, template)
    check_mail(report)
    check_metrics(report, template)
    check_parameters(report, template)
    return report.finish()


sys.exit(main())
