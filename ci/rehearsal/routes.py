"""The routes of the HTTP API, as resources of their own.

template.yaml has the routes in the OpenAPI document in the API's property `Body`, as SAM writes it. A stand-in that does not
read that document gets each of its operations as a route and an integration, with the same intrinsic functions.
"""

import copy
import re
from typing import Any

METHODS = {"get", "head", "options", "patch", "post", "put", "delete", "x-amazon-apigateway-any-method"}


def with_routes(body: dict[str, Any]) -> dict[str, Any]:
    """A copy of an expanded template whose APIs have their routes and CORS settings as properties and resources."""
    body = copy.deepcopy(body)
    for name, api in list(body["Resources"].items()):
        if api["Type"] == "AWS::ApiGatewayV2::Api":
            document = api["Properties"].pop("Body")
            api["Properties"] |= {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}
            if "x-amazon-apigateway-cors" in document:
                # With the members' names of the document: ministack ignores those of CloudFormation.
                api["Properties"]["CorsConfiguration"] = document["x-amazon-apigateway-cors"]
            for route, uri in operations(document).items():
                body["Resources"] |= _route(name, route, uri)
    return body


def operations(document: dict[str, Any]) -> dict[str, Any]:
    """Route key -> URI of the function that answers it."""
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                route = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
                found[route] = operation["x-amazon-apigateway-integration"]["uri"]
    return found


def _route(api: str, route: str, uri: Any) -> dict[str, Any]:
    name = "Rehearsal" + re.sub(r"[^A-Za-z0-9]", lambda m: f"{ord(m[0]):02x}", route)
    integration = {
        "ApiId": {"Ref": api},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": uri,
        "PayloadFormatVersion": "2.0",
    }
    target = {"Fn::Sub": f"integrations/${{{name}Integration}}"}
    return {
        f"{name}Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        f"{name}Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {"ApiId": {"Ref": api}, "RouteKey": route, "Target": target},
        },
    }
