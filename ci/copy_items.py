"""Copies the items of a DynamoDB table to another one, such as those of a restored table back to the stack's.

    "$(ci/tools.sh sam)/bin/python" -B ci/copy_items.py --from cloakroom-prod-UsersTable-restored --to NAME [--missing-only]

An item replaces the one with the same key; with --missing-only, existing items stay. Other items of the target are not changed.
The tables must have the same key. Uses the credentials and the region of the environment.
"""

import argparse
import sys

import boto3
from botocore.exceptions import ClientError


def key_of(client, table: str) -> list[dict]:
    return client.describe_table(TableName=table)["Table"]["KeySchema"]


def copy(source: str, target: str, missing_only: bool) -> tuple[int, int]:
    """Returns the numbers of copied items and of items that exist already."""
    client, tables = boto3.client("dynamodb"), boto3.resource("dynamodb")
    key = key_of(client, target)
    if source == target or key_of(client, source) != key:
        raise SystemExit(f"{source} and {target} must be two tables with the same key")
    names = {f"#{number}": part["AttributeName"] for number, part in enumerate(key)}
    condition = " AND ".join(f"attribute_not_exists({name})" for name in names)
    copied = existing = 0
    with tables.Table(target).batch_writer() as batch:
        for page in client.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
            for item in page["Items"]:
                if not missing_only:
                    batch.put_item(Item=deserialized(item))
                    copied += 1
                    continue
                try:
                    client.put_item(
                        TableName=target, Item=item, ConditionExpression=condition, ExpressionAttributeNames=names
                    )
                    copied += 1
                except client.exceptions.ConditionalCheckFailedException:
                    existing += 1
    return copied, existing


def deserialized(item: dict) -> dict:
    read = boto3.dynamodb.types.TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", required=True, metavar="TABLE")
    parser.add_argument("--to", dest="target", required=True, metavar="TABLE")
    parser.add_argument("--missing-only", action="store_true", help="do not replace existing items")
    arguments = parser.parse_args()
    try:
        copied, existing = copy(arguments.source, arguments.target, arguments.missing_only)
    except ClientError as error:
        raise SystemExit(f"{error}. Check the names, the region and the credentials, then run it again.") from error
    print(f"{copied} items copied, {existing} existed already")
    return 0


sys.exit(main())
