"""Checks the buckets of template.yaml and the ways into them, on the template that CloudFormation gets.

    "$(ci/tools.sh sam)/bin/python" ci/check_files.py
"""

import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import PAGES, PSEUDO, Report, Template, dump, grants_of, statements_of, tls_only  # noqa: E402

ORIGINS = "https://one.example,https://two.example"


def check_bucket(report: Report, template: Template) -> None:
    """The files are versioned and may be locked; they outlive the stack."""
    bucket = template.of_type("AWS::S3::Bucket")["UploadsBucket"]
    # Object Lock without a retention by default: most files are deleted when their owners want it.
    settings = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "ObjectLockEnabled": True,
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    for name, value in settings.items():
        report.same(bucket.get(name), value, f"the bucket's {name}")
    others = {"CorsConfiguration", "LifecycleConfiguration", "PublicAccessBlockConfiguration", "BucketEncryption"}
    report.same(set(bucket), others | set(settings), "the bucket has no name and no website")
    resource = template.resources["UploadsBucket"]
    report.same(resource["DeletionPolicy"], "RetainExceptOnCreate", "files outlive the stack")
    report.same(resource["UpdateReplacePolicy"], "Retain", "files outlive a replacement")


def check_cors(report: Report, template: Template) -> None:
    (rule,) = template.of_type("AWS::S3::Bucket")["UploadsBucket"]["CorsConfiguration"]["CorsRules"]
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    origins = api["Body"]["x-amazon-apigateway-cors"]["allowOrigins"]
    report.same(rule["AllowedOrigins"], origins, "the bucket's origins are the API's")
    report.same(set(rule["AllowedMethods"]), {"GET", "HEAD", "PUT", "POST"}, "the methods of pages")
    # Without the ETag of its parts a page cannot complete an upload.
    report.same(set(rule["ExposedHeaders"]), {"ETag", "Location"}, "the headers that pages may read")
    # The headers that are signed for a PUT or a POST.
    signed = {"content-type", "if-none-match", "x-amz-*"}
    report.same(set(rule["AllowedHeaders"]), signed, "the headers that pages may send")


def check_lifecycle(report: Report) -> None:
    template = Template(OldVersionDays="7")
    bucket = template.of_type("AWS::S3::Bucket")["UploadsBucket"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    report.same(set(rules), {"older-is-colder", "abandoned-parts", "old-versions"}, "the lifecycle rules")
    report.same({rule["Status"] for rule in rules.values()}, {"Enabled"}, "and all of them work")
    transitions = rules["older-is-colder"]["Transitions"]
    report.check(all(it["TransitionInDays"] >= 730 for it in transitions), "files are at hand for two years")
    # The functions give an upload up a day before.
    abandoned = {"DaysAfterInitiation": 7}
    report.same(rules["abandoned-parts"]["AbortIncompleteMultipartUpload"], abandoned, "parts that are abandoned")
    expiry = {"NoncurrentDays": template.values["OldVersionDays"]}
    report.same(rules["old-versions"]["NoncurrentVersionExpiration"], expiry, "deleted files can be restored")
    report.check(rules["old-versions"]["ExpiredObjectDeleteMarker"] is True, "and later nothing is left of them")


def check_access_points(report: Report, template: Template) -> set[str]:
    """Each function has an access point that grants what its role grants. Returns what the bucket must allow."""
    roles, functions = template.of_type("AWS::IAM::Role"), template.of_type("AWS::Lambda::Function")
    points = template.of_type("AWS::S3::AccessPoint")
    own = f"arn:aws:s3:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:"
    actions: set[str] = set()
    with_s3 = {name.removesuffix("Role") for name, role in roles.items() if "s3:" in dump(role)}
    report.same({name.removesuffix("AccessPoint") for name in points}, with_s3, "the access points")
    for name, point in points.items():
        function = name.removesuffix("AccessPoint")
        report.same(point["Bucket"], "UploadsBucket", f"{name} leads to the bucket")
        variables = functions[f"{function}Function"]["Environment"]["Variables"]
        report.same(variables["UPLOADS_BUCKET"], f"{name}.Alias", f"{function} uses its own access point")
        statements = point["Policy"]["Statement"]
        report.same(
            [(s["Effect"], s["Principal"]) for s in statements],
            [("Allow", {"AWS": f"{function}Role.Arn"})] * len(statements),
            f"{name} is for one role",
        )
        granted, of_role = grants_of(statements), grants_of(statements_of(roles[f"{function}Role"]))
        report.same(granted, {r: a for r, a in of_role.items() if ":s3:" in r}, f"{name} grants what its role grants")
        path = f"{own}accesspoint/{point['Name']}"
        report.check(set(granted) <= {path, f"{path}/object/*"}, f"{name} grants only itself")
        if function != "UploadLocks":
            actions = actions.union(*granted.values())
    lockers = [name for name, role in roles.items() if "s3:PutObjectRetention" in dump(role)]
    report.same(lockers, ["UploadLocksRole"], "the role that locks")
    report.check("BypassGovernanceRetention" not in dump(template.resources), "no function can lift a lock")
    return actions


def check_policy(report: Report, template: Template, actions: set[str]) -> None:
    """The bucket trusts its access points alone."""
    policy = template.of_type("AWS::S3::BucketPolicy")["UploadsBucketPolicy"]
    report.same(policy["Bucket"], "UploadsBucket", "the bucket's policy")
    denied, by_access_point, locks = policy["PolicyDocument"]["Statement"]
    report.same(denied, tls_only("UploadsBucket"), "requests without TLS are denied")
    report.same(set(by_access_point.pop("Action")), actions, "the bucket grants what its access points grant")
    allowed = {
        "Sid": "ByAccessPoint",
        "Effect": "Allow",
        "Principal": {"AWS": ["UploadsRole.Arn", "UploadEventsRole.Arn"]},
        "Resource": ["UploadsBucket.Arn", "UploadsBucket.Arn/*"],
        "Condition": {"StringEquals": {"s3:DataAccessPointAccount": PSEUDO["AWS::AccountId"]}},
    }
    report.same(by_access_point, allowed, "by an access point of this account")
    allowed |= {
        "Sid": "LocksByAccessPoint",
        "Principal": {"AWS": "UploadLocksRole.Arn"},
        "Action": ["s3:GetObjectRetention", "s3:PutObjectRetention"],
        "Resource": "UploadsBucket.Arn/*",
    }
    report.same(locks, allowed, "one role locks and does nothing else")


def main() -> int:
    report, template = Report(), Template()
    buckets, policies = (set(template.of_type(f"AWS::S3::{kind}")) for kind in ("Bucket", "BucketPolicy"))
    report.same(buckets, {"UploadsBucket", "WebBucket"}, "the buckets")
    report.same(policies, {"UploadsBucketPolicy", "WebBucketPolicy"}, "the policies of buckets")
    check_bucket(report, template)
    for domain in PAGES:
        check_cors(report, Template(AllowedOrigins=ORIGINS, WebDomain=domain))
    check_cors(report, Template(AllowedOrigins=ORIGINS, WebPage="false"))
    check_lifecycle(report)
    check_policy(report, template, check_access_points(report, template))
    return report.finish()


sys.exit(main())
