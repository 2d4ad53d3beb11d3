"""Compares the tables of a stack with the template."""

from typing import Any

import boto3
from cloudformation import Template

from .deployment import Deployed


def check(stack: Deployed, values: dict[str, str]) -> None:
    """Compares keys, indexes and stream of each table."""
    client = boto3.client("dynamodb")
    tables = stack.of_type("AWS::DynamoDB::Table")
    for name, properties in Template(**values).of_type("AWS::DynamoDB::Table").items():
        found = settings(client.describe_table(TableName=tables[name])["Table"])
        assert found == settings(properties), f"{name}: found {found}, expected {settings(properties)}"


def settings(table: dict[str, Any]) -> dict[str, Any]:
    indexes = [(one["IndexName"], one["KeySchema"], one["Projection"]) for one in table.get("GlobalSecondaryIndexes", [])]
    stream = table.get("StreamSpecification", {}).get("StreamViewType")
    return {"keys": table["KeySchema"], "indexes": indexes, "stream": stream}
