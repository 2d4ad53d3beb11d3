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
from functions import FUNCTIONS, ROOT, logical_name  # noqa: E402

PRIVATE_KEYS = "/cloakroom/dev"  # and the public ones, which lie below
PUBLIC_KEYS = "/cloakroom/dev/keys/public"

# The ways into the bucket, which policies name by the stack's name, and what lies behind them.
UPLOADS_POINT = f"accesspoint/{PSEUDO['AWS::StackName']}-uploads"
LOCKS_POINT = f"accesspoint/{PSEUDO['AWS::StackName']}-locks"
EVENTS_POINT = f"accesspoint/{PSEUDO['AWS::StackName']}-events"
# The one wildcard: which objects there will be, nobody knows.
OBJECTS = "/object/*"

# Who may do what: function -> resource -> actions. Every function also writes its own log, and nothing more.
GRANTS = {
    "Signup": {
        "CredentialsTable": {"PutItem"},
        "UsersTable": {"PutItem"},
        "IdempotencyTable": {"GetItem", "PutItem", "UpdateItem"},
        "LimitsTable": {"UpdateItem"},
        "SignUpsTable": {"PutItem"},
        "OutboxTable": {"PutItem"},
    },
    "Signin": {
        "CredentialsTable": {"GetItem", "UpdateItem"},
        "UsersTable": {"GetItem"},
        "SessionsTable": {"PutItem"},
        "LimitsTable": {"UpdateItem"},
        PRIVATE_KEYS: {"GetParametersByPath"},
    },
    "Session": {
        "SessionsTable": {"BatchGetItem", "GetItem", "UpdateItem", "DeleteItem"},
        "SessionsTable/index/by_user": {"Query"},
        "UsersTable": {"GetItem", "UpdateItem"},
        "CredentialsTable": {"UpdateItem"},
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
        "LimitsTable": {"UpdateItem"},
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    "Admin": {
        "CredentialsTable": {"UpdateItem", "DeleteItem"},
        "UsersTable": {"GetItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"},
        "UsersTable/index/listing": {"Query"},
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    "Recovery": {
        "OutboxTable": {"PutItem"},
        "EmailTokensTable": {"DeleteItem", "GetItem"},
        "SignUpsTable": {"DeleteItem", "GetItem"},
        "CredentialsTable": {"PutItem", "UpdateItem"},
        "UsersTable": {"PutItem", "UpdateItem"},
        "LimitsTable": {"UpdateItem"},
    },
    "Mailer": {
        "OutboxTable.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"},
        "CredentialsTable": {"GetItem"},
        "UsersTable": {"GetItem"},
        "EmailTokensTable": {"PutItem"},
        "LimitsTable": {"UpdateItem"},
        "identity/app@mail.example": {"SendEmail"},
        "identity/mail.example": {"SendEmail"},
        "MailerDeadLetters": {"SendMessage"},
    },
    "Keys": {PUBLIC_KEYS: {"GetParametersByPath"}},
    "Uploads": {
        "UploadsTable": {"ConditionCheckItem", "GetItem", "PutItem", "Query"},
        "QuotasTable": {"GetItem", "UpdateItem"},
        "UsersTable": {"GetItem"},
        "SessionsTable": {"GetItem"},
        "LimitsTable": {"UpdateItem"},
        "IdempotencyTable": {"GetItem", "PutItem"},
        "UploadGrantsTable": {"GetItem", "PutItem"},
        "ReadGrantsTable": {"DeleteItem", "GetItem", "PutItem", "Query"},
        UPLOADS_POINT: {"ListBucket", "ListBucketVersions"},
        UPLOADS_POINT + OBJECTS: {
            "AbortMultipartUpload",
            "DeleteObject",
            "DeleteObjectVersion",
            "GetObject",
            "GetObjectVersion",
            "ListMultipartUploadParts",
            "PutObject",
        },
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    # Only this one locks, and none can bypass a lock.
    "UploadLocks": {
        "UploadsTable": {"GetItem", "PutItem"},
        "CredentialsTable": {"GetItem", "UpdateItem"},
        "UsersTable": {"GetItem"},
        "LimitsTable": {"UpdateItem"},
        LOCKS_POINT + OBJECTS: {"GetObjectRetention", "PutObjectRetention"},
        PUBLIC_KEYS: {"GetParametersByPath"},
    },
    "UploadEvents": {
        "UploadsTable": {"GetItem", "PutItem", "Query"},
        "UploadsTable/index/due": {"Query"},
        "QuotasTable": {"GetItem", "Scan", "UpdateItem"},
        EVENTS_POINT: {"ListBucket", "ListBucketMultipartUploads", "ListBucketVersions"},
        EVENTS_POINT + OBJECTS: {
            "AbortMultipartUpload",
            "DeleteObject",
            "DeleteObjectVersion",
            "GetObject",
            "ListMultipartUploadParts",
        },
        "UploadEventsDeadLetters": {"SendMessage"},
    },
}

# The stack with mail, without which the mailer may send nothing.
MAIL = {"MailFrom": "app@mail.example", "AppUrl": "https://app.example/"}


def naming_only(*names: str) -> dict:
    """A request that names attributes, and no others."""
    return {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": list(names)},
        "Null": {"dynamodb:Attributes": "false"},
    }


def reading_only(*names: str) -> dict:
    """One that reads no more than it names."""
    return naming_only(*names) | {"StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}


def changing_only(*names: str) -> dict:
    """One that is handed back no more than it changes."""
    returned = ["NONE", "UPDATED_OLD", "UPDATED_NEW"]
    return naming_only(*names) | {"StringEqualsIfExists": {"dynamodb:ReturnValues": returned}}


RETURNS_NOTHING = {"StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"}}


def writing_only(*names: str) -> dict:
    """One that writes no more than it names, and is not given what it replaces."""
    return naming_only(*names) | RETURNS_NOTHING


# A new user, without roles.
NEW_USER = (
    "id", "shard", "email", "email_canonical", "name", "profile", "version", "session_epoch", "created_at", "updated_at"
)  # fmt: skip

# What holds of a grant besides: function -> resource -> condition. All others have none.
CONDITIONS = {
    "Signup": {
        "CredentialsTable": writing_only("email", "user_id", "hash", "status", "session_epoch"),
        "UsersTable": writing_only(*NEW_USER),
        "SignUpsTable": RETURNS_NOTHING,
        "OutboxTable": RETURNS_NOTHING,
    },
    "Recovery": {"CredentialsTable": RETURNS_NOTHING, "UsersTable": RETURNS_NOTHING},
    "Users": {"UsersTable": naming_only("id", "name", "profile", "version", "updated_at", "write_id")},
    "Session": {
        "CredentialsTable": changing_only("email", "user_id", "session_epoch"),
        # Of BatchGetItem alone.
        "SessionsTable": reading_only("id", "created_at", "generation", "rotated_at", "epoch", "expires_at"),
    },
    "UploadLocks": {"CredentialsTable": naming_only("email", "user_id", "failures", "locked_until", "write_id")},
    "Admin": {"CredentialsTable": changing_only("email", "user_id", "roles", "status", "session_epoch")},
    "Uploads": {
        "UsersTable": reading_only("id", "status", "session_epoch"),
        "SessionsTable": reading_only("id", "epoch"),
    },
    "Mailer": {
        "CredentialsTable": reading_only("email", "user_id", "status", "session_epoch"),
        "UsersTable": reading_only("id", "email", "email_canonical"),
        "identity/app@mail.example": {"StringEquals": {"ses:FromAddress": "app@mail.example"}},
        "identity/mail.example": {"StringEquals": {"ses:FromAddress": "app@mail.example"}},
    },
}

COMMON = {"CLOAKROOM_ENV", "RUST_LOG"}
LIMITED = {"LIMITS_TABLE", "REQUESTS_PER_ADDRESS"}
VERIFIER = {"PARAMETER_PATH", "PARAMETER_CACHE_SECONDS", "ISSUER", "AUDIENCE"}
ENVIRONMENT = {
    "Signup": LIMITED
    | {"CREDENTIALS_TABLE", "USERS_TABLE", "IDEMPOTENCY_TABLE", "BCRYPT_COST"}
    | {"SIGN_UPS_TABLE", "OUTBOX_TABLE", "MAIL_FROM", "SIGNUP_MODE"},
    "Signin": VERIFIER
    | LIMITED
    | {"CREDENTIALS_TABLE", "USERS_TABLE", "SESSIONS_TABLE", "BCRYPT_COST"}
    | {"ACCESS_TOKEN_SECONDS", "REFRESH_TOKEN_DAYS"},
    "Session": VERIFIER | {"CREDENTIALS_TABLE", "USERS_TABLE", "SESSIONS_TABLE", "ACCESS_TOKEN_SECONDS"},
    "Users": VERIFIER | {"USERS_TABLE"},
    "Account": VERIFIER | LIMITED | {"CREDENTIALS_TABLE", "USERS_TABLE", "SESSIONS_TABLE", "BCRYPT_COST"},
    "Admin": VERIFIER | {"CREDENTIALS_TABLE", "USERS_TABLE"},
    "Recovery": LIMITED
    | {"CREDENTIALS_TABLE", "USERS_TABLE", "EMAIL_TOKENS_TABLE", "SIGN_UPS_TABLE", "OUTBOX_TABLE"}
    | {"MAIL_FROM", "BCRYPT_COST"},
    "Mailer": {"CREDENTIALS_TABLE", "USERS_TABLE", "EMAIL_TOKENS_TABLE", "MAIL_FROM", "APP_URL"}
    | {"LIMITS_TABLE", "MAILS_PER_MAILBOX", "MAILS_PER_DAY"},
    "Keys": {"PARAMETER_PATH", "PARAMETER_CACHE_SECONDS", "ISSUER"},
    "Uploads": VERIFIER
    | {"UPLOADS_TABLE", "QUOTAS_TABLE", "IDEMPOTENCY_TABLE", "UPLOAD_GRANTS_TABLE", "READ_GRANTS_TABLE"}
    | {"USERS_TABLE", "SESSIONS_TABLE", "LIMITS_TABLE"}
    | {"UPLOADS_BUCKET", "UPLOAD_QUOTA_BYTES", "OLD_VERSION_DAYS", "REQUESTS_PER_USER"},
    "UploadLocks": VERIFIER
    | LIMITED
    | {"UPLOADS_TABLE", "CREDENTIALS_TABLE", "USERS_TABLE", "UPLOADS_BUCKET", "BCRYPT_COST"}
    | {"MAX_LOCK_DAYS", "LOCK_MODE"},
    "UploadEvents": {"UPLOADS_TABLE", "QUOTAS_TABLE", "UPLOADS_BUCKET", "UPLOAD_QUOTA_BYTES"},
}

ROUTES = {
    "POST /signup": "Signup",
    "POST /signin": "Signin",
    "POST /session/refresh": "Session",
    "POST /signout": "Session",
    "GET /users/me/sessions": "Session",
    "DELETE /users/me/sessions/{id}": "Session",
    "GET /users": "Users",
    "GET /users/{id}": "Users",
    "GET /users/me": "Users",
    "PATCH /users/me": "Users",
    "PUT /users/me/password": "Account",
    "DELETE /users/me": "Account",
    "GET /admin/users": "Admin",
    "GET /admin/users/{id}": "Admin",
    "DELETE /admin/users/{id}": "Admin",
    "POST /admin/users/{id}/disable": "Admin",
    "POST /admin/users/{id}/enable": "Admin",
    "PUT /admin/users/{id}/roles": "Admin",
    "POST /password/forgot": "Recovery",
    "POST /password/reset": "Recovery",
    "POST /verify-email": "Recovery",
    "GET /.well-known/jwks.json": "Keys",
    "GET /.well-known/openid-configuration": "Keys",
    "$default": "Keys",
    "POST /uploads": "Uploads",
    "GET /uploads": "Uploads",
    "GET /uploads/usage": "Uploads",
    "GET /uploads/{id}": "Uploads",
    "DELETE /uploads/{id}": "Uploads",
    "POST /uploads/{id}/parts": "Uploads",
    "GET /uploads/{id}/parts": "Uploads",
    "POST /uploads/{id}/complete": "Uploads",
    "GET /uploads/{id}/versions": "Uploads",
    "POST /uploads/{id}/restore": "Uploads",
    "PUT /uploads/{id}/lock": "UploadLocks",
    "GET /uploads/{id}/grants": "Uploads",
    "PUT /uploads/{id}/grants/{grantee}": "Uploads",
    "DELETE /uploads/{id}/grants/{grantee}": "Uploads",
    "POST /s3/grants": "Uploads",
    "GET /s3/params": "Uploads",
    "POST /s3/multipart": "Uploads",
    "GET /s3/multipart/{uploadId}": "Uploads",
    "GET /s3/multipart/{uploadId}/{part}": "Uploads",
    "POST /s3/multipart/{uploadId}/complete": "Uploads",
    "DELETE /s3/multipart/{uploadId}": "Uploads",
    "GET /s3/g/{grant}/params": "Uploads",
    "POST /s3/g/{grant}/multipart": "Uploads",
    "GET /s3/g/{grant}/multipart/{uploadId}": "Uploads",
    "GET /s3/g/{grant}/multipart/{uploadId}/{part}": "Uploads",
    "POST /s3/g/{grant}/multipart/{uploadId}/complete": "Uploads",
    "DELETE /s3/g/{grant}/multipart/{uploadId}": "Uploads",
    "GET /s3/g/{grant}/s3/params": "Uploads",
    "POST /s3/g/{grant}/s3/multipart": "Uploads",
    "GET /s3/g/{grant}/s3/multipart/{uploadId}": "Uploads",
    "GET /s3/g/{grant}/s3/multipart/{uploadId}/{part}": "Uploads",
    "POST /s3/g/{grant}/s3/multipart/{uploadId}/complete": "Uploads",
    "DELETE /s3/g/{grant}/s3/multipart/{uploadId}": "Uploads",
}

# What wakes a function that nobody waits for: the rule, without its target.
RULES = {
    "UploadEventsFunctionObjectCreated": {
        "EventPattern": {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": ["UploadsBucket"]}},
        }
    },
    "UploadEventsFunctionReconcile": {"ScheduleExpression": "rate(15 minutes)"},
    "UploadEventsFunctionRepair": {"ScheduleExpression": "rate(1 day)"},
}
# How often and for how many seconds EventBridge tries. A schedule's event is worth nothing when the next one is there.
RETRIES = {
    "UploadEventsFunctionObjectCreated": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 21600},
    "UploadEventsFunctionReconcile": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 900},
    "UploadEventsFunctionRepair": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 900},
}

INPUTS = {"UploadEventsFunctionRepair": {"Input": '{"source": "cloakroom", "detail-type": "Repair", "detail": {}}'}}

HASHING = {"Signup", "Signin", "Account", "Recovery", "UploadLocks"}
# Seconds. The gateway waits no longer than 30.
TIMEOUT, OTHER_TIMEOUTS = 10, {"Uploads": 29, "UploadEvents": 300, "Mailer": 60}
TABLES_THAT_EXPIRE = {"SessionsTable", "IdempotencyTable", "UploadsTable", "UploadGrantsTable", "LimitsTable"} | {
    "OutboxTable", "EmailTokensTable", "SignUpsTable",
}  # fmt: skip
TABLES = {"CredentialsTable", "UsersTable", "QuotasTable", "ReadGrantsTable"} | TABLES_THAT_EXPIRE

# All that an access log line may hold: no path, header, query or token among them.
LOGGED = {
    "requestTime", "requestId", "identity.sourceIp", "routeKey", "status", "responseLength", "responseLatency",
    "integrationLatency", "integration.integrationStatus", "error.responseType",
}  # fmt: skip


# What holds for every bucket.
PRIVATE = {
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
}

# The parameter WebDomain, and the origin that the page has with it.
PAGES = {"": "https://WebDistribution.DomainName", "app.example.com": "https://app.example.com"}
# How the pages of all origins may call, none with a cookie.
CORS = {
    "allowMethods": ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    "allowHeaders": ["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
    "exposeHeaders": [
        "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "WWW-Authenticate", "Allow"
    ],
    "allowCredentials": False,
    "maxAge": 3600,
}  # fmt: skip
# In the page's headers. The widest origins are this region's: their names are not known before the page's.
ANY_BUCKET = f"https://*.s3.{PSEUDO['AWS::Region']}.amazonaws.com"
ANY_API = f"https://*.execute-api.{PSEUDO['AWS::Region']}.amazonaws.com"
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:", ANY_BUCKET],
    "connect-src": ["'self'", ANY_API, ANY_BUCKET],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def statements_of(role: dict) -> list[dict]:
    return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def grants_of(statements: list[dict]) -> dict[str, set[str]]:
    """Resource -> actions, with the account's part of each name taken off."""
    account = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
    found: dict[str, set[str]] = {}
    for statement in statements:
        for resource in as_list(statement["Resource"]):
            name = resource.removeprefix(f"arn:aws:ssm:{account}:parameter")
            for prefix in ("s3", "ses"):
                name = name.removeprefix(f"arn:aws:{prefix}:{account}:")
            found.setdefault(name.replace(".Arn", ""), set()).update(as_list(statement["Action"]))
    return found


def service(resource: str) -> str:
    if resource.startswith("/"):
        return "ssm"
    if resource.startswith("accesspoint/"):
        return "s3"
    if resource.startswith("identity/"):
        return "ses"
    return "sqs" if resource.endswith("DeadLetters") else "dynamodb"


def qualified(grants: dict[str, set[str]]) -> dict[str, set[str]]:
    """The table above, with the service's name before each action."""
    return {name: {f"{service(name)}:{action}" for action in actions} for name, actions in grants.items()}


def conditions_of(statements: list[dict]) -> dict[str, dict]:
    """Resource -> condition, of those that have one."""
    return {
        resource: statement["Condition"]
        for statement in statements
        if "Condition" in statement
        for resource in grants_of([statement])
    }


def check_roles(report: Report) -> None:
    template = Template(**MAIL)
    roles = template.of_type("AWS::IAM::Role")
    report.same(set(roles), {f"{name}Role" for name in GRANTS}, "one role for each function")
    for name, grants in GRANTS.items():
        role = roles[f"{name}Role"]
        log = {f"{name}LogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"}}
        statements = statements_of(role)
        report.same(grants_of(statements), qualified(grants) | log, f"{name} may do what it needs and nothing else")
        wildcards = [word for word in dump(role).split() if "*" in word]
        account = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
        objects = [f"arn:aws:s3:{account}:{resource}" for resource in grants if resource.endswith(OBJECTS)]
        report.same(wildcards, objects, f"{name}'s policies have no wildcard but for objects")
        report.check("ManagedPolicyArns" not in role, f"{name} has no managed policy")
        keys = {key for statement in statements for key in statement}
        named = {"Effect", "Action", "Resource"} | ({"Condition"} if name in CONDITIONS else set())
        report.same(keys, named, f"{name}'s statements name actions and resources")
        report.same(conditions_of(statements), CONDITIONS.get(name, {}), f"{name}'s conditions")
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        report.same([s["Principal"] for s in trust], [{"Service": "lambda.amazonaws.com"}], f"{name}: Lambda alone")
    kinds = {it["Type"] for it in template.resources.values()}
    report.same({k for k in kinds if "IAM" in k}, {"AWS::IAM::Role"}, "no other way to permissions")


def check_functions(report: Report, template: Template) -> None:
    functions = template.of_type("AWS::Lambda::Function")
    groups = template.of_type("AWS::Logs::LogGroup")
    report.same(set(functions), {f"{name}Function" for name in GRANTS}, "the functions")
    report.same({logical_name(binary) for binary in FUNCTIONS}, set(GRANTS), "the binaries")
    for binary in FUNCTIONS:
        name = logical_name(binary)
        function = functions[f"{name}Function"]
        report.same(function["Role"], f"{name}Role.Arn", f"{name} has a role of its own")
        report.same(function["Runtime"], "provided.al2023", f"{name}'s runtime")
        report.same(function["Architectures"], ["arm64"], f"{name}'s architecture")
        report.same(function["Timeout"], OTHER_TIMEOUTS.get(name, TIMEOUT), f"{name}'s timeout")
        report.same(function["MemorySize"], 1769 if name in HASHING else 256, f"{name}'s memory")
        report.same(function["LoggingConfig"]["LogGroup"], f"{name}LogGroup", f"{name} has a log of its own")
        metadata = template.resources[f"{name}Function"]["Metadata"]
        report.same(metadata["BuildMethod"], "rust-cargolambda", f"{name} is built by cargo lambda")
        report.same(metadata["BuildProperties"], {"Binary": binary}, f"{name}'s binary")
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
    for domain, own in PAGES.items():
        page = Template(AllowedOrigins=",".join(origins), WebDomain=domain)
        (api,) = page.of_type("AWS::ApiGatewayV2::Api").values()
        # The parameter's, and our own.
        cors = {"allowOrigins": [*origins, own]} | CORS
        report.same(api["Body"]["x-amazon-apigateway-cors"], cors, "which pages may call, and how")
    pattern = template.parameters["AllowedOrigins"]["AllowedPattern"]
    for origin in ("*", "https://*.example.com", "https://example.com/", "example.com", "null"):
        report.check(not re.search(pattern, origin), f"{origin} is no origin")


def check_invocation(report: Report, template: Template) -> None:
    """Only this API may invoke a function, and only for the function's own routes; or a rule whose target it is."""
    rules = template.of_type("AWS::Events::Rule")
    arn = f"arn:aws:execute-api:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:Api/*/"
    by_rules = set()
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        function = permission["FunctionName"].removesuffix("Function")
        source = permission["SourceArn"]
        report.same(permission["Action"], "lambda:InvokeFunction", f"{name}: what")
        if permission["Principal"] == "events.amazonaws.com":
            rule = source.removesuffix(".Arn")
            targets = [target["Arn"] for target in rules.get(rule, {}).get("Targets", [])]
            report.same(targets, [f"{function}Function.Arn"], f"{name}: the rule {source} and its target")
            by_rules.add(rule)
            continue
        allowed = {re.sub(r"\{\w+\}", "*", r.replace(" ", "")) for r, f in ROUTES.items() if f == function}
        # `$default` is every method and path that no other route takes.
        allowed = {"*" if route == "$default" else route for route in allowed}
        report.same(permission["Principal"], "apigateway.amazonaws.com", f"{name}: who")
        report.check(source.startswith(arn) and source.removeprefix(arn) in allowed, f"{name} is narrow: {source}")
    report.same(by_rules, set(rules), "every rule may invoke its target")
    kinds = {it["Type"] for it in template.resources.values()}
    others = {f"AWS::{kind}" for kind in ("Lambda::Url", "Scheduler::Schedule")}
    report.same(others & kinds, set(), "no other way to a function")


def check_events(report: Report, template: Template) -> None:
    """Nothing that nobody waits for gets lost: it is tried again, and in the end it is kept for a person to look at."""
    dead_letters = "UploadEventsDeadLetters.Arn"
    rules = template.of_type("AWS::Events::Rule")
    report.same(set(rules), set(RULES), "the rules")
    for name, rule in rules.items():
        own = {key: value for key, value in rule.items() if key != "Targets"}
        report.same(own, RULES[name], f"{name}: when")
        for target in rule["Targets"]:
            report.same(target.get("RetryPolicy"), RETRIES[name], f"{name}: how often")
            report.same(target.get("DeadLetterConfig"), {"Arn": dead_letters}, f"{name}: what becomes of the rest")
            # But for the repair, a function gets the event as it is.
            given = {key: value for key, value in target.items() if key.startswith("Input")}
            report.same(given, INPUTS.get(name, {}), f"{name}: what the function gets")

    # From Lambda's own queue on, EventBridge's numbers count no more.
    invoked = {target["Arn"].removesuffix(".Arn") for rule in rules.values() for target in rule["Targets"]}
    configs = {it["FunctionName"]: it for it in template.of_type("AWS::Lambda::EventInvokeConfig").values()}
    report.same(set(configs), invoked, "every function that is invoked by events says what becomes of them")
    for name, config in configs.items():
        report.same(config.get("MaximumRetryAttempts"), 2, f"{name} is tried again")
        report.same(config.get("MaximumEventAgeInSeconds"), 21600, f"{name}: for how long")
        rest = {"OnFailure": {"Destination": dead_letters}}
        report.same(config.get("DestinationConfig"), rest, f"{name}: and the rest")

    queues = template.of_type("AWS::SQS::Queue")
    # SQS keeps nothing for longer than 14 days.
    kept = {"MessageRetentionPeriod": 14 * 86400, "SqsManagedSseEnabled": True}
    report.same(queues, {"UploadEventsDeadLetters": kept, "MailerDeadLetters": kept}, "the queues")
    (policy,) = template.of_type("AWS::SQS::QueuePolicy").values()
    report.same(policy["Queues"], ["UploadEventsDeadLetters"], "the queue's policy")
    # Lambda sends with the function's own permissions.
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": dead_letters,
        "Condition": {"StringEquals": {"aws:SourceAccount": PSEUDO["AWS::AccountId"]}},
    }
    report.same(policy["PolicyDocument"]["Statement"], [allowed], "only this account's rules write to the queue")


def tls_only(bucket: str) -> dict:
    """The statement by which nobody comes without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"{bucket}.Arn", f"{bucket}.Arn/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def check_streams(report: Report, template: Template) -> None:
    """Mail: each order is handed on once, in order, again when that fails, and in the end its place is kept."""
    tables = template.of_type("AWS::DynamoDB::Table")
    streams = {name: table["StreamSpecification"] for name, table in tables.items() if "StreamSpecification" in table}
    report.same(streams, {"OutboxTable": {"StreamViewType": "NEW_IMAGE"}}, "the streams")
    mappings = template.of_type("AWS::Lambda::EventSourceMapping")
    expected = {
        "EventSourceArn": "OutboxTable.StreamArn",
        "FunctionName": "MailerFunction",
        "StartingPosition": "TRIM_HORIZON",
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "BatchSize": 2,
        "MaximumRetryAttempts": 20,
        "MaximumRecordAgeInSeconds": 3600,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": "MailerDeadLetters.Arn"}},
    }
    report.same(mappings, {"MailerFunctionOutbox": expected}, "who follows a stream, and how")
    for values, page in [
        ({}, "https://WebDistribution.DomainName/"),
        ({"WebDomain": "app.example"}, "https://app.example/"),
        (MAIL, MAIL["AppUrl"]),
    ]:
        mailer = Template(**values).of_type("AWS::Lambda::Function")["MailerFunction"]
        report.same(mailer["Environment"]["Variables"]["APP_URL"], page, f"{values}: where links in mails lead")


def check_alarms(report: Report, template: Template) -> None:
    """The alarm reads the metric that the filter writes, from lines that the mailer prints."""
    (metric,) = template.of_type("AWS::Logs::MetricFilter").values()
    (alarm,) = template.of_type("AWS::CloudWatch::Alarm").values()
    report.same(metric["LogGroupName"], "MailerLogGroup", "the metric is of the mailer's log")
    report.check("mail_limit_reached" in metric["FilterPattern"], "the metric counts mail that is not sent")
    (counted,) = metric["MetricTransformations"]
    written = (counted["MetricNamespace"], counted["MetricName"])
    report.same((alarm["Namespace"], alarm["MetricName"]), written, "the alarm reads the metric")
    source = (ROOT / "functions/mailer/src/order.rs").read_text()
    report.check('"mail_limit_reached"' in source, "the mailer prints the line that is counted")


def check_rules(report: Report, template: Template) -> None:
    """What no stack may be deployed with."""
    rules = template.body["Rules"]
    rule = rules["VerificationNeedsMail"]
    report.same(rule["RuleCondition"], {"Fn::Equals": [{"Ref": "SignupMode"}, "verified"]}, "verification: when")
    asserted = [assertion["Assert"] for assertion in rule["Assertions"]]
    report.same(asserted, [{"Fn::Not": [{"Fn::Equals": [{"Ref": "MailFrom"}, ""]}]}], "verification needs mail")


def check_bucket(report: Report, template: Template) -> None:
    """The files: private, encrypted, versioned, and reached by the functions' access points alone."""
    buckets = template.of_type("AWS::S3::Bucket")
    report.same(set(buckets), {"UploadsBucket", "WebBucket"}, "the buckets")
    bucket = buckets["UploadsBucket"]
    # With Object Lock, but no retention by default: most files may go when their owners want it. No name, no website.
    settings = PRIVATE | {
        "VersioningConfiguration": {"Status": "Enabled"},
        "ObjectLockEnabled": True,
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
    }
    for name, value in settings.items():
        report.same(bucket.get(name), value, f"the bucket's {name}")
    described = {"CorsConfiguration", "LifecycleConfiguration"} | set(settings)
    report.same(set(bucket), described, "the bucket says nothing else")
    resource = template.resources["UploadsBucket"]
    report.same(resource["DeletionPolicy"], "RetainExceptOnCreate", "files outlive the stack")
    report.same(resource["UpdateReplacePolicy"], "Retain", "files outlive a replacement")

    other = Template(AllowedOrigins="https://one.example,https://two.example", OldVersionDays="7")
    for domain in PAGES:
        check_cors(report, Template(AllowedOrigins="https://one.example,https://two.example", WebDomain=domain))
    check_lifecycle(report, other)
    check_access(report, template)


def check_cors(report: Report, template: Template) -> None:
    (rule,) = template.of_type("AWS::S3::Bucket")["UploadsBucket"]["CorsConfiguration"]["CorsRules"]
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    origins = api["Body"]["x-amazon-apigateway-cors"]["allowOrigins"]
    report.same(rule["AllowedOrigins"], origins, "the bucket's origins are the API's")
    report.check("*" not in rule["AllowedOrigins"], "the bucket answers no page of just any origin")
    report.same(set(rule["AllowedMethods"]), {"GET", "HEAD", "PUT", "POST"}, "what pages may do in the bucket")
    # Without the tags of its parts no page can complete an upload.
    report.same(set(rule["ExposedHeaders"]), {"ETag", "Location"}, "what pages may read of the bucket's answers")
    # What is signed for a PUT or a POST, and nothing by which a page could say who it is.
    report.same(set(rule["AllowedHeaders"]), {"content-type", "if-none-match", "x-amz-*"}, "what pages may send")


def check_lifecycle(report: Report, template: Template) -> None:
    bucket = template.of_type("AWS::S3::Bucket")["UploadsBucket"]
    rules = {rule.pop("Id"): rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    colder = [("STANDARD_IA", 730), ("GLACIER", 2920), ("DEEP_ARCHIVE", 5475)]
    expected = {
        "older-is-colder": {"Transitions": [{"StorageClass": name, "TransitionInDays": days} for name, days in colder]},
        # A day after the functions have given the upload up.
        "abandoned-parts": {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        "old-versions": {
            "NoncurrentVersionExpiration": {"NoncurrentDays": template.values["OldVersionDays"]},
            "ExpiredObjectDeleteMarker": True,
        },
    }
    report.same(rules, {name: {"Status": "Enabled"} | rule for name, rule in expected.items()}, "what becomes of files")


def check_access(report: Report, template: Template) -> None:
    """An access point for each function, which says what the function's role says; the bucket trusts only those."""
    roles, functions = template.of_type("AWS::IAM::Role"), template.of_type("AWS::Lambda::Function")
    points = template.of_type("AWS::S3::AccessPoint")
    expected = {f"{function}AccessPoint" for function in ("Uploads", "UploadLocks", "UploadEvents")}
    report.same(set(points), expected, "the access points")
    actions: set[str] = set()
    for name, point in points.items():
        function = name.removesuffix("AccessPoint")
        report.same(set(point), {"Name", "Bucket", "Policy"}, f"{name} says nothing else")
        report.same(point["Bucket"], "UploadsBucket", f"{name} leads to the bucket")
        variables = functions[f"{function}Function"]["Environment"]["Variables"]
        report.same(variables["UPLOADS_BUCKET"], f"{name}.Alias", f"{function} goes by its own access point")
        statements = point["Policy"]["Statement"]
        for statement in statements:
            report.same(set(statement), {"Effect", "Principal", "Action", "Resource"}, f"{name}: who may do what")
            report.same(statement["Effect"], "Allow", f"{name}: grants")
            report.same(statement["Principal"], {"AWS": f"{function}Role.Arn"}, f"{name} is for one role")
        granted = grants_of(statements)
        of_role = grants_of(statements_of(roles[f"{function}Role"]))
        of_role = {resource: what for resource, what in of_role.items() if service(resource) == "s3"}
        report.same(granted, of_role, f"{name} grants what its role grants")
        own = f"accesspoint/{point['Name']}"
        report.check(set(granted) <= {own, own + OBJECTS}, f"{name} grants nothing but itself")
        if function != "UploadLocks":
            actions = actions.union(*granted.values())

    policies = template.of_type("AWS::S3::BucketPolicy")
    report.same(set(policies), {"UploadsBucketPolicy", "WebBucketPolicy"}, "the buckets' policies")
    policy = policies["UploadsBucketPolicy"]
    report.same(policy["Bucket"], "UploadsBucket", "the bucket's policy")
    everything = ["UploadsBucket.Arn", "UploadsBucket.Arn/*"]
    denied, by_access_point, locks = policy["PolicyDocument"]["Statement"]
    report.same(denied, tls_only("UploadsBucket"), "nobody comes without TLS")
    report.same(set(by_access_point.pop("Action")), actions, "the bucket grants what its access points grant")
    allowed = {
        "Sid": "ByAccessPoint",
        "Effect": "Allow",
        "Principal": {"AWS": ["UploadsRole.Arn", "UploadEventsRole.Arn"]},
        "Resource": everything,
        "Condition": {"StringEquals": {"s3:DataAccessPointAccount": PSEUDO["AWS::AccountId"]}},
    }
    report.same(by_access_point, allowed, "nobody comes but by an access point of this account")
    allowed |= {
        "Sid": "LocksByAccessPoint",
        "Principal": {"AWS": "UploadLocksRole.Arn"},
        "Action": ["s3:GetObjectRetention", "s3:PutObjectRetention"],
        "Resource": "UploadsBucket.Arn/*",
    }
    report.same(locks, allowed, "one role locks, and does nothing else")
    lockers = [name for name, role in roles.items() if "s3:PutObjectRetention" in dump(role)]
    report.same(lockers, ["UploadLocksRole"], "who can lock")
    report.check("BypassGovernanceRetention" not in dump(template.resources), "no function can lift a lock")


def check_page(report: Report, template: Template) -> None:
    """The page's files: private, and read by the one distribution alone, which says what the page may do."""
    bucket = template.of_type("AWS::S3::Bucket")["WebBucket"]
    report.same(bucket, PRIVATE, "the page's bucket is private, and nothing else")
    resource = template.resources["WebBucket"]
    kept = [resource["DeletionPolicy"], resource["UpdateReplacePolicy"]]
    report.same(kept, ["Delete", "Delete"], "the page goes with the stack")
    policy = template.of_type("AWS::S3::BucketPolicy")["WebBucketPolicy"]
    report.same(policy["Bucket"], "WebBucket", "the page's bucket's policy")
    distribution = f"arn:aws:cloudfront::{PSEUDO['AWS::AccountId']}:distribution/WebDistribution"
    allowed = {
        "Sid": "ByDistribution",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "WebBucket.Arn/*",
        "Condition": {"StringEquals": {"aws:SourceArn": distribution}},
    }
    statements = policy["PolicyDocument"]["Statement"]
    report.same(statements, [tls_only("WebBucket"), allowed], "only this distribution reads, and with TLS")
    access = template.of_type("AWS::CloudFront::OriginAccessControl")
    signed = {"OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}
    named = {"Name": f"{PSEUDO['AWS::StackName']}-{PSEUDO['AWS::Region']}-web"}
    report.same(access, {"WebAccessControl": {"OriginAccessControlConfig": named | signed}}, "CloudFront signs")
    check_distribution(report, template)
    check_headers(report, template, named)


def check_distribution(report: Report, template: Template) -> None:
    described = {
        "Comment": "Cloakroom (dev)",
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_100",
        "DefaultRootObject": "index.html",
        # No API behind it: functions see who calls.
        "Origins": [
            {
                "Id": "bucket",
                "DomainName": "WebBucket.RegionalDomainName",
                "OriginAccessControlId": "WebAccessControl.Id",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "AllowedMethods": ["GET", "HEAD"],
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "Compress": True,
            "ResponseHeadersPolicyId": "WebHeaders",
        },
    }
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0"
    own = {
        "Aliases": ["app.example.com"],
        "ViewerCertificate": {
            "AcmCertificateArn": certificate,
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        },
    }
    certificates = {"": {"ViewerCertificate": {"CloudFrontDefaultCertificate": True}}, "app.example.com": own}
    for domain, origin in PAGES.items():
        page = Template(WebDomain=domain, WebCertificateArn=certificate)
        distributions = page.of_type("AWS::CloudFront::Distribution")
        expected = {"WebDistribution": {"DistributionConfig": described | certificates[domain]}}
        report.same(distributions, expected, f"the distribution, at {origin}")
        report.same(page.value(page.body["Outputs"]["WebUrl"]["Value"]), origin, "the output names it")
    outputs = {name: template.value(output["Value"]) for name, output in template.body["Outputs"].items()}
    report.same(outputs["WebBucketName"], "WebBucket", "where web/deploy.sh puts files")
    uploads = f"https://UploadsAccessPoint.Alias.s3.{PSEUDO['AWS::Region']}.amazonaws.com"
    report.same(outputs["UploadsOrigin"], uploads, "where presigned URLs lead")
    elsewhere = certificate.replace("us-east-1", "eu-central-1")
    for name, wrong in (("WebDomain", "https://app.example.com"), ("WebCertificateArn", elsewhere)):
        report.check(not re.search(template.parameters[name]["AllowedPattern"], wrong), f"{wrong} is no {name}")
    (assertion,) = template.body["Rules"]["DomainWithItsCertificate"]["Assertions"]
    required = {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebCertificateArn"}, ""]}]}
    report.same(assertion["Assert"], required, "a domain needs its certificate")


def check_headers(report: Report, template: Template, named: dict) -> None:
    headers = template.of_type("AWS::CloudFront::ResponseHeadersPolicy")
    report.same(set(headers), {"WebHeaders"}, "the headers of the page")
    config = headers["WebHeaders"]["ResponseHeadersPolicyConfig"]
    security = config.pop("SecurityHeadersConfig")
    report.same(config, named, "no other headers")
    csp = security.pop("ContentSecurityPolicy")
    report.check(csp["Override"] is True, "the policy is ours")
    directives = [directive.split() for directive in csp["ContentSecurityPolicy"].split(";")]
    found = {name: sources for name, *sources in directives}
    report.same(found, CONTENT_SECURITY_POLICY, "what the page may do")
    expected = {
        "ContentTypeOptions": {"Override": True},
        "FrameOptions": {"FrameOption": "DENY", "Override": True},
        "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
        "StrictTransportSecurity": {
            "AccessControlMaxAgeSec": 31536000,
            "IncludeSubdomains": False,
            "Override": True,
        },
    }
    report.same(security, expected, "the other headers")


def check_parameters(report: Report, template: Template) -> None:
    for name, parameter in template.parameters.items():
        report.check(bool(parameter.get("Description")), f"{name} is described")
        limits = {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
        report.check(bool(limits), f"{name} has limits")


def main() -> int:
    report = Report()
    template = Template()
    check_roles(report)
    check_functions(report, template)
    check_tables(report)
    check_api(report, template)
    check_invocation(report, template)
    check_events(report, template)
    check_streams(report, template)
    check_alarms(report, template)
    check_rules(report, template)
    check_bucket(report, template)
    check_page(report, template)
    check_parameters(report, template)
    return report.finish()


sys.exit(main())
