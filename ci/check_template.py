"""What template.yaml must say, checked on the template that CloudFormation gets.

    AWS_DEFAULT_REGION=eu-central-1 "$(ci/tools.sh sam)/bin/python" ci/check_template.py

Permissions, environment and routes are written down a second time here on purpose: a change of who may do what has
to be made in two places, so that nobody makes it in passing.
"""

import json
import os
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import PSEUDO, Report, Template, dump  # noqa: E402

PRIVATE_KEYS = "/cloakroom/dev"  # and the public ones, which lie below
PUBLIC_KEYS = "/cloakroom/dev/keys/public"

# Who may do what: function -> resource -> actions. Every function also writes its own log, and nothing more.
GRANTS = {
    "Signup": {
        "CredentialsTable": {"PutItem"},
        "UsersTable": {"PutItem"},
        "IdempotencyTable": {"GetItem", "PutItem"},
    },
    "Signin": {
        "CredentialsTable": {"GetItem", "UpdateItem"},
        "UsersTable": {"GetItem"},
        "SessionsTable": {"PutItem"},
        PRIVATE_KEYS: {"GetParametersByPath"},
    },
    "Users": {
        "UsersTable": {"GetItem", "UpdateItem"},
        "UsersTable/index/listing": {"Query"},
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    "Account": {
        "CredentialsTable": {"GetItem", "UpdateItem", "DeleteItem"},
        "UsersTable": {"GetItem", "UpdateItem", "DeleteItem"},
        "SessionsTable": {"UpdateItem"},
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    "Keys": {PUBLIC_KEYS: {"GetParametersByPath"}},
}

COMMON = {"CLOAKROOM_ENV", "RUST_LOG"}
VERIFIER = {"PARAMETER_PATH", "PARAMETER_CACHE_SECONDS", "ISSUER", "AUDIENCE"}
ENVIRONMENT = {
    "Signup": {"CREDENTIALS_TABLE", "USERS_TABLE", "IDEMPOTENCY_TABLE", "BCRYPT_COST"},
    "Signin": VERIFIER
    | {"CREDENTIALS_TABLE", "USERS_TABLE", "SESSIONS_TABLE", "BCRYPT_COST"}
    | {"ACCESS_TOKEN_SECONDS", "REFRESH_TOKEN_DAYS"},
    "Users": VERIFIER | {"USERS_TABLE"},
    "Account": VERIFIER | {"CREDENTIALS_TABLE", "USERS_TABLE", "SESSIONS_TABLE", "BCRYPT_COST"},
    "Keys": {"PARAMETER_PATH", "PARAMETER_CACHE_SECONDS", "ISSUER"},
}

ROUTES = {
    "POST /signup": "Signup",
    "POST /signin": "Signin",
    "GET /users": "Users",
    "GET /users/{id}": "Users",
    "GET /users/me": "Users",
    "PATCH /users/me": "Users",
    "PUT /users/me/password": "Account",
    "DELETE /users/me": "Account",
    "GET /.well-known/jwks.json": "Keys",
    "GET /.well-known/openid-configuration": "Keys",
    "$default": "Keys",
}

HASHING = {"Signup", "Signin", "Account"}
TABLES_THAT_EXPIRE = {"SessionsTable", "IdempotencyTable"}
TABLES = {"CredentialsTable", "UsersTable"} | TABLES_THAT_EXPIRE

# All that an access log line may hold: no path, header, query or token among them.
LOGGED = {
    "requestTime", "requestId", "identity.sourceIp", "routeKey", "status", "responseLength", "responseLatency",
    "integrationLatency", "integration.integrationStatus", "error.responseType",
}  # fmt: skip


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def grants_of(role: dict) -> dict[str, set[str]]:
    """Resource -> actions, with the account's part of each name taken off."""
    arn = f"arn:aws:ssm:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:parameter"
    found: dict[str, set[str]] = {}
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            for resource in as_list(statement["Resource"]):
                name = resource.removeprefix(arn).replace(".Arn", "")
                found.setdefault(name, set()).update(as_list(statement["Action"]))
    return found


def qualified(grants: dict[str, set[str]]) -> dict[str, set[str]]:
    """The table above, with the service's name before each action."""
    service = {True: "ssm", False: "dynamodb"}
    return {name: {f"{service[name.startswith('/')]}:{a}" for a in actions} for name, actions in grants.items()}


def check_roles(report: Report, template: Template) -> None:
    roles = template.of_type("AWS::IAM::Role")
    report.same(set(roles), {f"{name}Role" for name in GRANTS}, "one role for each function")
    for name, grants in GRANTS.items():
        role = roles[f"{name}Role"]
        log = {f"{name}LogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"}}
        report.same(grants_of(role), qualified(grants) | log, f"{name} may do what it needs and nothing else")
        report.check("*" not in dump(role), f"{name}'s policies have no wildcard")
        report.check("ManagedPolicyArns" not in role, f"{name} has no managed policy")
        statements = [s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"]]
        keys = {key for statement in statements for key in statement}
        report.same(keys, {"Effect", "Action", "Resource"}, f"{name}'s statements name actions and resources")
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        report.same([s["Principal"] for s in trust], [{"Service": "lambda.amazonaws.com"}], f"{name}: Lambda alone")
    kinds = {it["Type"] for it in template.resources.values()}
    report.same({k for k in kinds if "IAM" in k}, {"AWS::IAM::Role"}, "no other way to permissions")


def check_functions(report: Report, template: Template) -> None:
    functions = template.of_type("AWS::Lambda::Function")
    groups = template.of_type("AWS::Logs::LogGroup")
    report.same(set(functions), {f"{name}Function" for name in GRANTS}, "the functions")
    for name in GRANTS:
        function = functions[f"{name}Function"]
        report.same(function["Role"], f"{name}Role.Arn", f"{name} has a role of its own")
        report.same(function["Runtime"], "provided.al2023", f"{name}'s runtime")
        report.same(function["Architectures"], ["arm64"], f"{name}'s architecture")
        report.same(function["Timeout"], 10, f"{name}'s timeout")
        report.same(function["MemorySize"], 1769 if name in HASHING else 256, f"{name}'s memory")
        report.same(function["LoggingConfig"]["LogGroup"], f"{name}LogGroup", f"{name} has a log of its own")
        metadata = template.resources[f"{name}Function"]["Metadata"]
        report.same(metadata["BuildMethod"], "rust-cargolambda", f"{name} is built by cargo lambda")
        report.same(metadata["BuildProperties"], {"Binary": name.lower()}, f"{name}'s binary")
        variables = function["Environment"]["Variables"]
        report.same(set(variables), COMMON | ENVIRONMENT[name], f"{name}'s environment")
        secret = [v for v in variables.values() if re.search(r"BEGIN |\{\{resolve|[A-Za-z0-9+=_-]{24}", str(v))]
        report.same(secret, [], f"{name}'s environment holds nothing that looks like a secret")
    for name, group in groups.items():
        report.check(group.get("RetentionInDays", 0) > 0, f"{name} forgets")


def check_tables(report: Report) -> None:
    for env in ("dev", "qa", "prod"):
        tables = Template(Env=env).of_type("AWS::DynamoDB::Table")
        report.same(set(tables), TABLES, f"{env}: the tables")
        for name, table in tables.items():
            what = f"{env}: {name}"
            report.same(table["BillingMode"], "PAY_PER_REQUEST", f"{what} is on demand")
            recovery = table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
            report.check(recovery is True, f"{what} can be restored")
            report.check(table["SSESpecification"]["SSEEnabled"] is True, f"{what} is encrypted")
            report.check(table["DeletionProtectionEnabled"] is (env == "prod"), f"{what}: protected in prod only")
            expiry = {"AttributeName": "expires_at", "Enabled": True} if name in TABLES_THAT_EXPIRE else None
            report.same(table.get("TimeToLiveSpecification"), expiry, f"{what}'s time to live")
            report.check("TableName" not in table, f"{what} has a generated name")


def routes_of(body: dict) -> dict[str, str]:
    """`METHOD /path` -> function."""
    found = {}
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            function = re.search(r"/(\w+)Function\.Arn/", operation["x-amazon-apigateway-integration"]["uri"])[1]
            default = operation.get("isDefaultRoute")
            found["$default" if default else f"{method.upper()} {path}"] = function
            assert operation["x-amazon-apigateway-integration"]["payloadFormatVersion"] == "2.0"
    return found


def check_api(report: Report, template: Template) -> None:
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    report.same(routes_of(api["Body"]), ROUTES, "the routes")
    report.same(stage["StageName"], "$default", "the stage")
    report.same(stage["DefaultRouteSettings"], {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200}, "throttling")
    log = json.loads(stage["AccessLogSettings"]["Format"])
    report.same({value.removeprefix("$context.") for value in log.values()}, LOGGED, "what is logged of a request")
    report.same(stage["AccessLogSettings"]["DestinationArn"], "ApiAccessLogGroup.Arn", "where requests are logged")

    origins = ["https://one.example", "https://two.example"]
    (api,) = Template(AllowedOrigins=",".join(origins)).of_type("AWS::ApiGatewayV2::Api").values()
    report.same(api["Body"]["x-amazon-apigateway-cors"]["allowOrigins"], origins, "origins come from the parameter")
    pattern = template.parameters["AllowedOrigins"]["AllowedPattern"]
    for origin in ("*", "https://*.example.com", "https://example.com/", "example.com", "null"):
        report.check(not re.search(pattern, origin), f"{origin} is no origin")


def check_invocation(report: Report, template: Template) -> None:
    """Only this API may invoke a function, and only for the function's own routes."""
    arn = f"arn:aws:execute-api:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:Api/*/"
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        function = permission["FunctionName"].removesuffix("Function")
        allowed = {re.sub(r"\{\w+\}", "*", r.replace(" ", "")) for r, f in ROUTES.items() if f == function}
        # `$default` is every method and path that no other route takes.
        allowed = {"*" if route == "$default" else route for route in allowed}
        report.same(permission["Principal"], "apigateway.amazonaws.com", f"{name}: who")
        report.same(permission["Action"], "lambda:InvokeFunction", f"{name}: what")
        source = permission["SourceArn"]
        report.check(source.startswith(arn) and source.removeprefix(arn) in allowed, f"{name} is narrow: {source}")
    report.check("AWS::Lambda::Url" not in {it["Type"] for it in template.resources.values()}, "no function URL")


def check_parameters(report: Report, template: Template) -> None:
    for name, parameter in template.parameters.items():
        report.check(bool(parameter.get("Description")), f"{name} is described")
        limits = {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
        report.check(bool(limits), f"{name} has limits")


def main() -> int:
    report = Report()
    template = Template()
    check_roles(report, template)
    check_functions(report, template)
    check_tables(report)
    check_api(report, template)
    check_invocation(report, template)
    check_parameters(report, template)
    return report.finish()


sys.exit(main())
