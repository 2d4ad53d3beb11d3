"""Checks the API of template.yaml: its routes, limits, log and domain, and what may invoke functions.

    "$(ci/tools.sh sam)/bin/python" ci/check_api.py
"""

import json
import os
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator asks for one

from cloudformation import ALIAS, PAGES, PSEUDO, Report, Template, api_of, routes_of  # noqa: E402

ACCOUNT = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
# Lambda accepts 20 KB.
MAX_POLICY = 18_000
DOMAIN = {
    "ApiDomain": "api.example.com",
    "ApiCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0",
}

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
        "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "WWW-Authenticate",
        "X-Amzn-Remapped-WWW-Authenticate", "Allow",
    ],
    "allowCredentials": False,
    "maxAge": 3600,
}  # fmt: skip


def check_hashing(report: Report) -> None:
    """Functions that hash passwords have limits of their own: the routes always, the instances if a parameter says so."""
    template = Template(HashingRateLimit="3", HashingBurstLimit="5", HashingConcurrency="7")
    functions = template.of_type("AWS::Lambda::Function")
    hashing = {name for name, it in functions.items() if "BCRYPT_COST" in it["Environment"]["Variables"]}
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    limits = {"ThrottlingRateLimit": "3", "ThrottlingBurstLimit": "5"}
    routes = {route: limits for route, function in routes_of(template).items() if f"{function}Function" in hashing}
    report.same(stage["RouteSettings"], routes, "the routes of functions that hash passwords have limits of their own")
    reserved = {name: it.get("ReservedConcurrentExecutions") for name, it in functions.items()}
    expected = {name: "7" if name in hashing else None for name in functions}
    report.same(reserved, expected, "HashingConcurrency limits functions that hash passwords")
    unlimited = Template(HashingConcurrency="0").of_type("AWS::Lambda::Function").values()
    report.check(all("ReservedConcurrentExecutions" not in it for it in unlimited), "HashingConcurrency 0 is no limit")


def check_api(report: Report, template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    report.same(stage["StageName"], "$default", "the stage")
    report.same(set(stage["DefaultRouteSettings"]), {"ThrottlingRateLimit", "ThrottlingBurstLimit"}, "throttling")
    warned = api_of(template).get("FailOnWarnings", False)
    report.same(warned, False, "a warning about the definition fails no deployment")
    log = json.loads(stage["AccessLogSettings"]["Format"])
    report.same({value.removeprefix("$context.") for value in log.values()}, LOGGED, "what is logged of a request")
    report.same(stage["AccessLogSettings"]["DestinationArn"], "ApiAccessLogGroup.Arn", "where requests are logged")
    origins = ["https://one.example", "https://two.example"]
    for domain, own in PAGES.items():
        page = Template(AllowedOrigins=",".join(origins), WebDomain=domain)
        api = api_of(page)
        cors = {"allowOrigins": [*origins, own]} | CORS
        report.same(api["Body"]["x-amazon-apigateway-cors"], cors, "the API's CORS")
    api = api_of(Template(AllowedOrigins=",".join(origins), WebPage="false"))
    cors = {"allowOrigins": origins} | CORS
    report.same(api["Body"]["x-amazon-apigateway-cors"], cors, "the API's CORS without the page")
    pattern = template.parameters["AllowedOrigins"]["AllowedPattern"]
    for origin in ("*", "https://*.example.com", "https://example.com/", "example.com", "null"):
        report.check(not re.search(pattern, origin), f"{origin} is refused as an origin")


def check_invocation(report: Report, template: Template) -> None:
    """The API may invoke a function for the function's own routes; a rule may invoke its target."""
    rules, routes = template.of_type("AWS::Events::Rule"), routes_of(template)
    arn = f"arn:aws:execute-api:{ACCOUNT}:Api/*/"
    by_rules = set()
    for name, permission in template.of_type("AWS::Lambda::Permission").items():
        function, source = permission["FunctionName"].removesuffix(f"Function{ALIAS}"), permission["SourceArn"]
        if permission["Principal"] == "events.amazonaws.com":
            rule = source.removesuffix(".Arn")
            targets = [target["Arn"] for target in rules.get(rule, {}).get("Targets", [])]
            report.same(targets, [f"{function}Function{ALIAS}"], f"{name}: the target of {source}")
            by_rules.add(rule)
            continue
        own = {re.sub(r"\{\w+\}", "*", r.replace(" ", "")) for r, f in routes.items() if f == function}
        # `$default` is every method and path that no other route takes.
        own = {"*" if route == "$default" else route for route in own}
        report.same(permission["Principal"], "apigateway.amazonaws.com", f"{name}: the principal")
        report.check(source.startswith(arn) and source.removeprefix(arn) in own, f"{name} names one route: {source}")
    # Rules of the stack's own bus write to queues.
    invoking = {name for name, rule in rules.items() if "EventBusName" not in rule}
    report.same(by_rules, invoking, "every rule may invoke its target")
    kinds = {resource["Type"] for resource in template.resources.values()}
    report.same({"AWS::Lambda::Url", "AWS::Scheduler::Schedule"} & kinds, set(), "no other way to a function")


def check_policies(report: Report, template: Template) -> None:
    """Lambda limits the policy of an alias to 20 KB. SAM adds one statement for each route."""
    # The longest names that AWS allows, in a region with a long name.
    region = "ap-southeast-1"
    sizes: dict[str, int] = {}
    for permission in template.of_type("AWS::Lambda::Permission").values():
        source = permission["SourceArn"].replace(PSEUDO["AWS::Region"], region)
        statement = {
            "Sid": "x" * 100,
            "Effect": "Allow",
            "Principal": {"Service": permission["Principal"]},
            "Action": permission["Action"],
            "Resource": f"arn:aws:lambda:{region}:{PSEUDO['AWS::AccountId']}:function:{'x' * 64}:live",
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        }
        name = permission["FunctionName"]
        sizes[name] = sizes.get(name, 0) + len(json.dumps(statement, separators=(",", ":"))) + 1
    largest = max(sizes, key=sizes.__getitem__)
    what = f"the policy of {largest} has {sizes[largest]} bytes; keep it below {MAX_POLICY}, by fewer routes or functions"
    report.check(sizes[largest] < MAX_POLICY, what)


def check_domain(report: Report) -> None:
    """With a domain of its own, the API has no other address, and everything that names it names the domain."""
    for values, url in [({}, "Api.ApiEndpoint"), (DOMAIN, "https://api.example.com")]:
        template = Template(**values)
        report.same(template.outputs()["ApiUrl"], url, f"{url}: the output names it")
        (server,) = api_of(template)["Body"]["servers"]
        endpoint = server["x-amazon-apigateway-endpoint-configuration"]
        report.same(endpoint, {"disableExecuteApiEndpoint": bool(values)}, f"{url} is the only address")
    kinds = {"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping", "AWS::Route53::RecordSet"}
    found = {resource["Type"] for resource in Template().decided()["Resources"].values()}
    report.same(found & kinds, set(), "without ApiDomain there is no domain")
    template = Template(**DOMAIN)
    (name,) = template.of_type("AWS::ApiGatewayV2::DomainName").values()
    (configuration,) = name["DomainNameConfigurations"]
    expected = {
        "CertificateArn": DOMAIN["ApiCertificateArn"],
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    report.same((name["DomainName"], configuration), (DOMAIN["ApiDomain"], expected), "the domain of the API")
    (mapping,) = template.of_type("AWS::ApiGatewayV2::ApiMapping").values()
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage")
    report.same(mapping, {"ApiId": "Api", "DomainName": "ApiDomainName", "Stage": stage}, "the mapping of the domain")
    report.same(template.of_type("AWS::Route53::RecordSet"), {}, "without HostedZoneId there is no DNS record")
    (record,) = Template(**DOMAIN, HostedZoneId="Z1").of_type("AWS::Route53::RecordSet").values()
    target = {"DNSName": "ApiDomainName.RegionalDomainName", "HostedZoneId": "ApiDomainName.RegionalHostedZoneId"}
    expected = {"HostedZoneId": "Z1", "Name": DOMAIN["ApiDomain"], "Type": "A", "AliasTarget": target}
    report.same(record, expected, "the DNS record")


def main() -> int:
    report, template = Report(), Template()
    check_api(report, template)
    check_hashing(report)
    check_invocation(report, template)
    check_policies(report, template)
    check_domain(report)
    return report.finish()


sys.exit(main())
