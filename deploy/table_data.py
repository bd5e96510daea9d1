"""The tables of a stage, which outlive its stack: protected against deletion, and deleted only by name."""

from typing import Any

import boto3

from deploy import template


def table_names(stage: str) -> list[str]:
    resources = template.to_merge(stage)["Resources"].values()
    return [entry["Properties"]["TableName"] for entry in resources if entry.get("Type") == "AWS::DynamoDB::Table"]


def existing(stage: str) -> list[str]:
    dynamodb: Any = boto3.client("dynamodb")
    pages = dynamodb.get_paginator("list_tables").paginate()
    known = {name for page in pages for name in page["TableNames"]}
    return [name for name in table_names(stage) if name in known]


def protect(stage: str) -> None:
    """Protect the tables against deletion. Safe to repeat."""
    dynamodb: Any = boto3.client("dynamodb")
    for name in existing(stage):
        if not dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
            dynamodb.get_waiter("table_exists").wait(TableName=name)


def delete(stage: str) -> list[str]:
    """Delete the tables with all that is in them, protected or not. Return their names."""
    dynamodb: Any = boto3.client("dynamodb")
    doomed = existing(stage)
    for name in doomed:
        if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name)
        dynamodb.delete_table(TableName=name)
    for name in doomed:
        dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    return doomed
