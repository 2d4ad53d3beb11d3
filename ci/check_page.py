"""Checks how template.yaml serves the web page, on the template that CloudFormation gets.

    "$(ci/tools.sh sam)/bin/python" ci/check_page.py
"""

import json
import os
import re
import subprocess
import sys
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import PAGES, PSEUDO, ROOT, Report, Template, tls_only  # noqa: E402

# The widest origins are this region's: the API's and the bucket's names are not known before the page's.
ANY_BUCKET = f"https://*.s3.{PSEUDO['AWS::Region']}.amazonaws.com"
ANY_API = f"https://*.execute-api.{PSEUDO['AWS::Region']}.amazonaws.com"
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:", ANY_BUCKET],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
SECURITY_HEADERS = {
    "ContentTypeOptions": {"Override": True},
    "FrameOptions": {"FrameOption": "DENY", "Override": True},
    "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
    "StrictTransportSecurity": {"AccessControlMaxAgeSec": 31536000, "IncludeSubdomains": False, "Override": True},
}
# The parameters of lists that are public. The others are not in the key of a cached response, and do not reach the API.
LIST_PARAMETERS = ["cursor", "limit", "seller"]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0"


def check_bucket(report: Report, template: Template) -> None:
    """The page's bucket goes with the stack, and the distribution alone reads it."""
    bucket = template.of_type("AWS::S3::Bucket")["WebBucket"]
    private = {"PublicAccessBlockConfiguration", "OwnershipControls", "BucketEncryption"}
    report.same(set(bucket), private, "the page's bucket is no website")
    resource = template.resources["WebBucket"]
    kept = [resource["DeletionPolicy"], resource["UpdateReplacePolicy"]]
    report.same(kept, ["Delete", "Delete"], "the page goes with the stack")
    policy = template.of_type("AWS::S3::BucketPolicy")["WebBucketPolicy"]
    report.same(policy["Bucket"], "WebBucket", "the policy of the page's bucket")
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
    report.same(statements, [tls_only("WebBucket"), allowed], "this distribution reads, with TLS")
    (access,) = template.of_type("AWS::CloudFront::OriginAccessControl").values()
    report.same(access["OriginAccessControlConfig"]["SigningBehavior"], "always", "CloudFront signs what it reads")


def check_distribution(report: Report) -> None:
    own = {
        "Aliases": ["app.example.com"],
        "ViewerCertificate": {
            "AcmCertificateArn": CERTIFICATE,
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        },
    }
    certificates = {"": {"ViewerCertificate": {"CloudFrontDefaultCertificate": True}}, "app.example.com": own}
    origin = {
        "Id": "bucket",
        "DomainName": "WebBucket.RegionalDomainName",
        "OriginAccessControlId": "WebAccessControl.Id",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    for domain, url in PAGES.items():
        template = Template(WebDomain=domain, WebCertificateArn=CERTIFICATE)
        (distribution,) = template.of_type("AWS::CloudFront::Distribution").values()
        config = distribution["DistributionConfig"]
        # Without a domain of its own, the API is not behind it.
        report.same(config["Origins"], [origin], f"{url}: the origin is the bucket")
        report.check("CacheBehaviors" not in config, f"{url}: the bucket serves all paths")
        named = {key: config[key] for key in own if key in config}
        report.same(named, certificates[domain], f"{url}: the domain and its certificate")
        behavior = config["DefaultCacheBehavior"]
        report.same(behavior["AllowedMethods"], ["GET", "HEAD"], f"{url}: the page is read alone")
        report.same(behavior["ResponseHeadersPolicyId"], "WebHeaders", f"{url}: the headers")
        report.same(config["DefaultRootObject"], "index.html", f"{url}: the page")
        missing = [{"ErrorCode": 403, "ResponseCode": 404, "ResponsePagePath": "/404.html"}]
        report.same(config["CustomErrorResponses"], missing, f"{url}: the page for unknown paths")
        report.same(template.outputs()["WebUrl"], url, f"{url}: the output names it")


def check_api_cache(report: Report) -> None:
    """With ApiDomain, public responses of the API are cached below /api/: GET, without access tokens and cookies, with TLS."""
    template = Template(ApiDomain="api.example.com")
    config = template.of_type("AWS::CloudFront::Distribution")["WebDistribution"]["DistributionConfig"]
    origin = {
        "Id": "api",
        "DomainName": "api.example.com",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]},
    }
    report.same(config["Origins"][1:], [origin], "the API's own domain is the second origin, with TLS")
    behavior = {
        "PathPattern": "/api/*",
        "TargetOriginId": "api",
        "AllowedMethods": ["GET", "HEAD"],
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": "ApiCachePolicy",
        "Compress": True,
        "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": "ApiPathRewrite.FunctionARN"}],
    }
    report.same(config["CacheBehaviors"], [behavior], "how the distribution serves the API")
    policy = template.of_type("AWS::CloudFront::CachePolicy")["ApiCachePolicy"]["CachePolicyConfig"]
    times = [policy[name] for name in ("MinTTL", "DefaultTTL", "MaxTTL")]
    report.same(times, [0, 0, 60], "a response is kept only if the API says so, and at most a minute")
    key = {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": {"HeaderBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": LIST_PARAMETERS},
        "EnableAcceptEncodingBrotli": True,
        "EnableAcceptEncodingGzip": True,
    }
    report.same(policy["ParametersInCacheKeyAndForwardedToOrigin"], key, "the key of a cached response")
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    parameters = document["paths"]["/products"]["get"]["parameters"]
    asked = sorted(one["name"] for one in parameters if one["in"] == "query")
    report.same(asked, LIST_PARAMETERS, "the parameters of GET /products are in the key")
    check_path_function(report, template.of_type("AWS::CloudFront::Function")["ApiPathRewrite"])


def check_path_function(report: Report, function: dict[str, Any]) -> None:
    """Runs the function that CloudFront runs for each request below /api/."""
    report.same(function["AutoPublish"], True, "the function is published")
    script = f"""{function["FunctionCode"]}
    const event = {{request: {{method: "GET", uri: process.argv[1], querystring: {{limit: {{value: "5"}}}}}}}};
    console.log(JSON.stringify(handler(event)));"""
    for path in ("/products", "/products/01890000-0000-7000-8000-000000000000", "/", "/api/products"):
        done = subprocess.run(["node", "-e", script, "--", f"/api{path}"], capture_output=True, text=True, check=True)
        expected = {"method": "GET", "uri": path, "querystring": {"limit": {"value": "5"}}}
        report.same(json.loads(done.stdout), expected, f"/api{path} leads to {path}")


def check_outputs(report: Report, template: Template) -> None:
    outputs = template.outputs()
    report.same(outputs["WebBucketName"], "WebBucket", "where web/deploy.sh puts files")
    uploads = f"https://UploadsAccessPoint.Alias.s3.{PSEUDO['AWS::Region']}.amazonaws.com"
    report.same(outputs["UploadsOrigin"], uploads, "where presigned URLs lead")
    elsewhere = CERTIFICATE.replace("us-east-1", "eu-central-1")
    for name, wrong in (("WebDomain", "https://app.example.com"), ("WebCertificateArn", elsewhere)):
        report.check(not re.search(template.parameters[name]["AllowedPattern"], wrong), f"{wrong} is refused as {name}")


def check_headers(report: Report, template: Template, api: str) -> None:
    (headers,) = template.of_type("AWS::CloudFront::ResponseHeadersPolicy").values()
    config = headers["ResponseHeadersPolicyConfig"]
    report.same(set(config), {"Name", "SecurityHeadersConfig"}, "no other headers")
    security = dict(config["SecurityHeadersConfig"])
    csp = security.pop("ContentSecurityPolicy")
    report.check(csp["Override"] is True, "the content security policy is this one")
    directives = [directive.split() for directive in csp["ContentSecurityPolicy"].split(";")]
    found = {name: sources for name, *sources in directives}
    expected = CONTENT_SECURITY_POLICY | {"connect-src": ["'self'", api, ANY_BUCKET]}
    report.same(found, expected, "the content security policy")
    report.same(security, SECURITY_HEADERS, "the other security headers")


def check_without_page(report: Report) -> None:
    """A stack without the page has nothing of CloudFront, and nothing refers to it."""
    body = Template(WebPage="false", ApiDomain="api.example.com", AllowedOrigins="https://one.example").decided()
    parts = [*body["Resources"].values(), *body["Outputs"].values()]
    report.check("AWS::CloudFront" not in json.dumps(parts), "without the page, the stack has nothing of CloudFront")
    left = {part for section in ("Resources", "Outputs") for part in body[section] if re.match("Web(?!hook)", part)}
    report.same(left, set(), "without the page, the stack has no resource and no output of the page")
    named = set(re.findall(r"\bWeb(?!hook)\w+", json.dumps(parts))) & set(Template().resources)
    report.same(named, set(), "without the page, nothing refers to it")


def main() -> int:
    report, template = Report(), Template()
    check_without_page(report)
    check_bucket(report, template)
    check_distribution(report)
    check_api_cache(report)
    check_outputs(report, template)
    check_headers(report, template, ANY_API)
    check_headers(report, Template(ApiDomain="api.example.com"), "https://api.example.com")
    return report.finish()


sys.exit(main())
