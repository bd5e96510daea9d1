"""Point-in-time recovery as DynamoDB has it: MiniStack restores what a table holds now, to whatever instant.

Standard library only: this module runs in MiniStack's own environment.
"""

import copy
import json
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

WRITES = ("_put_item", "_update_item", "_delete_item", "_batch_write_item", "_transact_write_items")
RESTORE_SECONDS = 1.0
"""How long a restored table is not there yet."""
PRECISION_SECONDS = 0.2


def keep(dynamodb: Any, provisioners: Any) -> None:
    """Keep what tables with point-in-time recovery held, and restore that. Settings are not restored, as on AWS."""
    _enable_by_template(dynamodb, provisioners)
    past = PastRows(dynamodb)
    for name in WRITES:
        setattr(dynamodb, name, _kept(past, getattr(dynamodb, name)))
    dynamodb._restore_table_to_point_in_time = _restored(past, dynamodb._restore_table_to_point_in_time)
    dynamodb._describe_continuous_backups = _with_window(dynamodb, dynamodb._describe_continuous_backups)
    dynamodb._table_description = _with_summary(dynamodb, dynamodb._table_description)


class PastRows:
    """The rows of each table before each write, for as long as the emulator runs."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._times: dict[str, list[float]] = defaultdict(list)
        self._rows: dict[str, list[Any]] = defaultdict(list)

    def note(self, name: str) -> None:
        table = self._dynamodb._tables.get(name)
        if table is None or not self._dynamodb._pitr_settings.get(name):
            return
        arn, now = table["TableArn"], time.time()
        if self._times[arn] and now - self._times[arn][-1] < PRECISION_SECONDS:
            return
        self._times[arn].append(now)
        self._rows[arn].append(copy.deepcopy(dict(table["items"])))

    def at(self, arn: str, moment: float) -> Any | None:
        """Return the rows before the first write after that moment; None if there was no write since."""
        index = bisect_left(self._times[arn], moment)
        return self._rows[arn][index] if index < len(self._rows[arn]) else None


def _tables_of(data: Mapping[str, Any]) -> Iterator[str]:
    if "TableName" in data:
        yield data["TableName"]
    yield from data.get("RequestItems", ())
    for item in data.get("TransactItems", ()):
        yield from (entry["TableName"] for entry in item.values())


def _kept(past: PastRows, write: Any) -> Any:
    def noted(data: dict[str, Any]) -> Any:
        for name in set(_tables_of(data)):
            past.note(name)
        return write(data)

    return noted


def _restored(past: PastRows, restore: Any) -> Any:
    dynamodb = past._dynamodb

    def at_moment(data: dict[str, Any]) -> Any:
        answer = restore(data)
        source, target = (dynamodb._tables.get(data.get(key)) for key in ("SourceTableName", "TargetTableName"))
        if answer[0] == 200:  # noqa: PLR2004 - OK
            rows = past.at(source["TableArn"], data["RestoreDateTime"])
            if rows is not None:
                target["items"] = defaultdict(dict, copy.deepcopy(rows))
                dynamodb._items_replaced(target)
            target["ready_at"] = time.time() + RESTORE_SECONDS
            target["RestoreSummary"] = {
                "SourceTableArn": source["TableArn"],
                "RestoreDateTime": data["RestoreDateTime"],
                "RestoreInProgress": False,
            }
        return answer

    return at_moment


def _with_window(dynamodb: Any, describe: Any) -> Any:
    def with_window(data: dict[str, Any]) -> Any:
        status, headers, body = describe(data)
        content = json.loads(body)
        found = content.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        if "EarliestRestorableDateTime" in found:
            found["EarliestRestorableDateTime"] = dynamodb._tables[data["TableName"]]["CreationDateTime"]
        return status, headers, json.dumps(content).encode()

    return with_window


def _with_summary(dynamodb: Any, describe: Any) -> Any:
    def with_summary(name: str) -> dict[str, Any]:
        found: dict[str, Any] = describe(name)
        table = dynamodb._tables[name]
        if "RestoreSummary" in table:
            found["RestoreSummary"] = table["RestoreSummary"]
            if time.time() < table["ready_at"]:
                found["TableStatus"] = "CREATING"
        return found

    return with_summary


def _enable_by_template(dynamodb: Any, provisioners: Any) -> None:
    """MiniStack's CloudFormation reads neither PointInTimeRecoverySpecification nor TimeToLiveSpecification."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create = handlers["create"]

    def enabled(logical_id: str, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        name, attributes = create(logical_id, properties, *rest, **named)
        if properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            dynamodb._pitr_settings[name] = True
        if expiry := properties.get("TimeToLiveSpecification"):
            dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": expiry})
        return name, attributes

    handlers["create"] = enabled
