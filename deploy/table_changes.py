"""Compares a template's tables with those that exist, and plans the updates that lead from one to the other.

DynamoDB creates or deletes one index of a table in an update; CloudFormation refuses more, after minutes. An index that is new is
added while the old code runs, and one that is gone is deleted after the new code has come.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.stack_states import DeployError

TABLE = "AWS::DynamoDB::Table"
Template = dict[str, Any]
Index = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What an update has to do to one table, by the names of its indexes."""

    live: Mapping[str, Index]
    wanted: Mapping[str, Index]

    @property
    def added(self) -> list[str]:
        return [name for name in self.wanted if name not in self.live]

    @property
    def removed(self) -> list[str]:
        return [name for name in self.live if name not in self.wanted]


def describe(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return DynamoDB's descriptions of those tables that exist, by name."""
    dynamodb: Any = boto3.client("dynamodb")
    found = {}
    for name in names:
        try:
            found[name] = dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
    return found


def tables_of(template: Template) -> dict[str, dict[str, Any]]:
    """Return the properties of a template's tables, by their names."""
    entries = [entry["Properties"] for entry in template["Resources"].values() if entry.get("Type") == TABLE]
    return {entry["TableName"]: entry for entry in entries}


def compare(template: Template, live: Mapping[str, Mapping[str, Any]]) -> dict[str, Change]:
    """Return the changes of existing tables. Raises DeployError for what DynamoDB cannot change."""
    changes = {}
    for name, wanted in tables_of(template).items():
        if name not in live:
            continue
        if _keys(wanted["KeySchema"]) != _keys(live[name]["KeySchema"]):
            raise DeployError(
                f"{name} has the key {_keys(live[name]['KeySchema'])}, and the release wants {_keys(wanted['KeySchema'])}. The key"
                " of a table cannot be changed: give the new table another name and copy the rows."
            )
        change = Change(_indexes(live[name]), _indexes(wanted))
        _check_unchanged(name, change)
        changes[name] = change
    return changes


def _check_unchanged(name: str, change: Change) -> None:
    for index in change.live.keys() & change.wanted.keys():
        before, after = change.live[index], change.wanted[index]
        same_keys = _keys(before["KeySchema"]) == _keys(after["KeySchema"])
        if not same_keys or _projection(before) != _projection(after):
            raise DeployError(
                f"The index {index} of {name} changes its key or its projection, which DynamoDB cannot do. Give the new index"
                " another name, and remove the old one in the release after it."
            )


def plan(current: Template | None, template: Template, live: Mapping[str, Mapping[str, Any]]) -> list[Template]:
    """Return the templates to deploy one after the other, the last of which is `template`.

    `current` is that of the stack, None if it does not exist. Raises DeployError.
    """
    changes = compare(template, live)
    adopted = {name for name in changes if current is None or name not in tables_of(current)}
    differs = any(changes[name].added or changes[name].removed for name in adopted)
    most = max((len(change.added) + len(change.removed) for change in changes.values()), default=0)
    if most <= 1 and not differs:
        return [template]
    base = template if current is None else _with_tables(current, template, adopted)
    counts = [(len(change.added), len(change.removed)) for change in changes.values()]
    additions, removals = (max(each) for each in zip(*counts, strict=True))
    # A table that is taken over keeps the indexes that it has: whatever its template says, CloudFormation creates none.
    before = range(0 if differs else 1, additions + 1)
    steps = [_with_indexes(base, {name: _grown(change, count) for name, change in changes.items()}) for count in before]
    after = range(removals)
    steps += [
        _with_indexes(template, {name: _shrunk(change, count) for name, change in changes.items()}) for count in after
    ]
    return [*steps, template]


def _with_tables(current: Template, template: Template, names: set[str]) -> Template:
    """Return a copy of `current` that has these tables of `template`, too."""
    changed = copy.deepcopy(current)
    for logical_id, entry in template["Resources"].items():
        if entry.get("Type") == TABLE and entry["Properties"]["TableName"] in names:
            changed["Resources"][logical_id] = copy.deepcopy(entry)
    return changed


def _grown(change: Change, count: int) -> dict[str, Index]:
    return {**change.live, **{name: change.wanted[name] for name in change.added[:count]}}


def _shrunk(change: Change, count: int) -> dict[str, Index]:
    return {**change.wanted, **{name: change.live[name] for name in change.removed[count:]}}


def _with_indexes(template: Template, indexes: Mapping[str, Mapping[str, Index]]) -> Template:
    """Return a copy whose tables have those indexes, and define the attributes that their keys need."""
    changed = copy.deepcopy(template)
    for name, properties in tables_of(changed).items():
        if name not in indexes:
            continue
        wanted = [_declared(index) for index in indexes[name].values()]
        properties.pop("GlobalSecondaryIndexes", None)
        if wanted:
            properties["GlobalSecondaryIndexes"] = wanted
        keys = {entry["AttributeName"] for schema in _schemas(properties) for entry in schema}
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in properties["AttributeDefinitions"]}
        for index in indexes[name].values():
            types |= index.get("types", {})
        properties["AttributeDefinitions"] = [
            {"AttributeName": key, "AttributeType": types[key]} for key in sorted(keys)
        ]
    return changed


def _declared(index: Index) -> Index:
    return {"IndexName": index["IndexName"], "KeySchema": index["KeySchema"], "Projection": index["Projection"]}


def _schemas(properties: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    return [properties["KeySchema"], *(index["KeySchema"] for index in properties.get("GlobalSecondaryIndexes", ()))]


def _indexes(properties: Mapping[str, Any]) -> dict[str, Index]:
    """Indexes by name, each with the types of the attributes in its key."""
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in properties["AttributeDefinitions"]}
    return {
        index["IndexName"]: {
            **_declared(index),
            "types": {entry["AttributeName"]: types[entry["AttributeName"]] for entry in index["KeySchema"]},
        }
        for index in properties.get("GlobalSecondaryIndexes") or ()
    }


def _keys(schema: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    return sorted((entry["KeyType"], entry["AttributeName"]) for entry in schema)


def _projection(index: Index) -> tuple[str, tuple[str, ...]]:
    projection = index["Projection"]
    return projection["ProjectionType"], tuple(sorted(projection.get("NonKeyAttributes") or ()))
