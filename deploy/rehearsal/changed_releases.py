"""The next releases of a rehearsal: with a module more, with a table and two indexes more, and one that cannot be deployed."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.package import Package

TABLE = "crm-prod-notes"
INDEXES = {"by_reference": "reference", "by_status": "status"}
"""New indexes of the orders, and the attributes that are their keys. DynamoDB creates one in an update."""


def with_new_module(built: Package, target: Path) -> Package:
    changed = _copy(built, target, lambda _resources: None)
    with zipfile.ZipFile(changed.code, "a") as archive:
        archive.writestr("chalicelib/next_release.py", '"""One module more."""\n')
    return changed


def with_new_table_and_indexes(built: Package, target: Path) -> Package:
    def add(resources: dict[str, Any]) -> None:
        resources["NotesTable"] = {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "TableName": TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
        }
        orders = resources["OrdersTable"]["Properties"]
        orders["AttributeDefinitions"] += [{"AttributeName": key, "AttributeType": "S"} for key in INDEXES.values()]
        orders["GlobalSecondaryIndexes"] += [
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name, key in INDEXES.items()
        ]

    return _copy(built, target, add)


def broken(built: Package, target: Path) -> Package:
    """A metric of a log group that does not exist."""

    def spoil(resources: dict[str, Any]) -> None:
        metric = {"MetricName": "Lines", "MetricNamespace": "CRM", "MetricValue": "1"}
        resources["Broken"] = {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {"LogGroupName": "/crm/none", "FilterPattern": "", "MetricTransformations": [metric]},
        }

    return _copy(built, target, spoil)


def _copy(built: Package, target: Path, change: Callable[[dict[str, Any]], None]) -> Package:
    target.mkdir()
    code = target / built.code.name
    shutil.copy(built.code, code)
    template = json.loads(built.template.read_text("utf-8"))
    change(template["Resources"])
    changed = target / built.template.name
    changed.write_text(json.dumps(template), "utf-8")
    return Package(changed, code)
