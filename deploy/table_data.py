"""The tables of a stage, which outlive its stack: protected against deletion, and deleted only by name."""

from typing import Any

import boto3

from deploy import generations, template


def table_names(stage: str, generation: int = 1) -> list[str]:
    """Return the names that the tables of a stage have in this generation, whether they exist or not."""
    resources = template.to_merge(stage)["Resources"].values()
    first = [entry["Properties"]["TableName"] for entry in resources if entry.get("Type") == "AWS::DynamoDB::Table"]
    prefixes = generations.prefix(stage, 1), generations.prefix(stage, generation)
    return [prefixes[1] + name.removeprefix(prefixes[0]) for name in first]


def existing(stage: str, generation: int | None = None) -> list[str]:
    """Return the tables that there are, of one generation or of all.

    Of the first one they are those of this checkout; tables of a restore belong to the stage whatever their names are.
    """
    dynamodb: Any = boto3.client("dynamodb")
    pages = dynamodb.get_paginator("list_tables").paginate()
    known = {name for page in pages for name in page["TableNames"]}
    numbers = {name: generations.of_name(name, stage) for name in sorted(known)}
    first = [name for name in table_names(stage) if name in known]
    found = first + [name for name, number in numbers.items() if (number or 1) > 1]
    return [name for name in found if generation in {None, numbers[name]}]


def existing_generations(stage: str) -> list[int]:
    return sorted({generations.of_name(name, stage) or 1 for name in existing(stage)})


def protect(stage: str) -> None:
    """Protect the tables against deletion. Safe to repeat. Tables that are being restored are left to the restore."""
    dynamodb: Any = boto3.client("dynamodb")
    for name in existing(stage):
        table = dynamodb.describe_table(TableName=name)["Table"]
        if not table.get("DeletionProtectionEnabled") and table["TableStatus"] != "CREATING":
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
            dynamodb.get_waiter("table_exists").wait(TableName=name)


def delete(stage: str, generation: int | None = None) -> list[str]:
    """Delete the tables with all that is in them, protected or not. Return their names."""
    dynamodb: Any = boto3.client("dynamodb")
    doomed = existing(stage, generation)
    for name in doomed:
        if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name)
        dynamodb.delete_table(TableName=name)
    for name in doomed:
        dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    return doomed
