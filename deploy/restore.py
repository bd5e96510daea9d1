"""Restores all tables of a stage to one instant, as tables of a new generation.

Each step looks at what is there, so a restore that was stopped goes on when the command is repeated. DynamoDB restores rows and
indexes. It does not restore expiry, point-in-time recovery, protection and tags:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy import generations, table_changes
from deploy.stack_states import DeployError

Say = Callable[[str], None]
_SETTLE_SECONDS = 600
"""How long a new table may refuse point-in-time recovery."""
_REPORT_SECONDS = 60
_APPEAR_SECONDS = 60
"""How long DescribeTable may not know a table whose restore has begun."""


@dataclass(frozen=True, slots=True)
class Restore:
    """From one generation to another. `tables` are the properties of the stack's tables, by their names."""

    stage: str
    moment: datetime
    source: int
    target: int
    tables: Mapping[str, Mapping[str, Any]]
    is_protected: bool

    def target_name(self, table: str) -> str:
        rest = table.removeprefix(generations.prefix(self.stage, self.source))
        return generations.prefix(self.stage, self.target) + rest


def parse_moment(text: str) -> datetime:
    """Return the instant, in UTC and whole seconds: point-in-time recovery knows no finer ones. Raises DeployError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise DeployError(f"{text!r} is not a date and time. Write it as 2026-11-27T10:00:00Z.") from None
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found.replace(microsecond=0)


def choose_generation(
    stage: str, current: int, existing: list[int], tables: Mapping[str, Any], moment: datetime
) -> int:
    """Return the generation to restore to: one whose restore to this instant has begun, or a new one.

    The current one is returned if it is the result of that restore.
    """
    for number in sorted({current, *existing}, key=lambda each: each != current):
        before = [name.removeprefix(generations.prefix(stage, current)) for name in tables]
        live = table_changes.describe(generations.prefix(stage, number) + name for name in before)
        moments = {_moment_of(table) for table in live.values()}
        if moments == {moment} and (number != current or len(live) == len(tables)):
            return number
    return max([current, *existing]) + 1


def _moment_of(table: Mapping[str, Any]) -> datetime | None:
    found = table.get("RestoreSummary", {}).get("RestoreDateTime")
    return found.astimezone(UTC) if found else None


def check_window(restore: Restore) -> None:
    """Raise DeployError if a table that is still to be restored cannot be restored to that instant."""
    dynamodb: Any = boto3.client("dynamodb")
    missing = _missing(restore)
    windows = {}
    for name in missing:
        found = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        window = found.get("PointInTimeRecoveryDescription", {})
        if window.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise DeployError(
                f"{name} has no point-in-time recovery, so the stage cannot be restored. Nothing was changed."
            )
        windows[name] = (window["EarliestRestorableDateTime"], window["LatestRestorableDateTime"])
    outside = [name for name, (first, last) in windows.items() if not first <= restore.moment <= last]
    if outside:
        first, last = max(each[0] for each in windows.values()), min(each[1] for each in windows.values())
        raise DeployError(
            f"{_text(restore.moment)} is outside the time that can be restored of {', '.join(outside)}. All tables can be restored"
            f" to an instant from {_text(first)} to {_text(last)}. Nothing was changed."
        )


def restore_tables(restore: Restore, say: Say, poll: float) -> None:
    """Restore the tables that are missing, all at the same time, and wait until they are there. Raises DeployError."""
    reported, started = time.monotonic(), dict[str, float]()
    while True:
        for name in _missing(restore):
            if name not in started:
                if _start(restore, name, say):
                    started[name] = time.monotonic()
            elif time.monotonic() - started[name] > _APPEAR_SECONDS:
                raise DeployError(
                    f"DynamoDB has given up to restore {name}: you may lack rights on {restore.target_name(name)}. The stage runs"
                    " on its old tables. To try again, repeat the command."
                )
        live = table_changes.describe(map(restore.target_name, restore.tables))
        waiting = [name for name in map(restore.target_name, restore.tables) if not _is_active(live.get(name))]
        if not waiting:
            return
        if time.monotonic() - reported > _REPORT_SECONDS:
            reported = time.monotonic()
            say(f"Waiting for {', '.join(waiting)}. You may stop this command and repeat it: it goes on from here")
        time.sleep(poll)


def _missing(restore: Restore) -> list[str]:
    live = table_changes.describe(map(restore.target_name, restore.tables))
    return [name for name in restore.tables if restore.target_name(name) not in live]


def _start(restore: Restore, name: str, say: Say) -> bool:
    """Return whether the restore has begun."""
    target = restore.target_name(name)
    try:
        boto3.client("dynamodb").restore_table_to_point_in_time(
            SourceTableName=name, TargetTableName=target, RestoreDateTime=restore.moment
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "LimitExceededException":
            raise
        return False  # too many restores at a time: the next look tries again
    say(f"Restoring {name} to {target}")
    return True


def _is_active(table: Mapping[str, Any] | None) -> bool:
    if table is None:
        return False
    indexes = table.get("GlobalSecondaryIndexes", ())
    return table["TableStatus"] == "ACTIVE" and all(each.get("IndexStatus", "ACTIVE") == "ACTIVE" for each in indexes)


def configure(restore: Restore, say: Say, poll: float) -> None:
    """Give the restored tables the settings that the stack's template has, and the tags of the old tables."""
    for name, properties in restore.tables.items():
        target = restore.target_name(name)
        changed = [
            *_set_expiry(target, properties),
            *_set_recovery(target, properties, poll),
            *_protect(target, is_protected=restore.is_protected),
            *_copy_tags(name, target),
        ]
        if changed:
            say(f"{target}: {', '.join(changed)}")


def _set_expiry(target: str, properties: Mapping[str, Any]) -> list[str]:
    wanted = properties.get("TimeToLiveSpecification")
    dynamodb: Any = boto3.client("dynamodb")
    found = dynamodb.describe_time_to_live(TableName=target)["TimeToLiveDescription"].get("TimeToLiveStatus")
    if not wanted or found in {"ENABLED", "ENABLING"}:
        return []
    dynamodb.update_time_to_live(TableName=target, TimeToLiveSpecification=wanted)
    return ["expiry of rows"]


def _set_recovery(target: str, properties: Mapping[str, Any], poll: float) -> list[str]:
    """A new table refuses point-in-time recovery until its backups are ready."""
    wanted = properties.get("PointInTimeRecoverySpecification")
    dynamodb: Any = boto3.client("dynamodb")
    found = dynamodb.describe_continuous_backups(TableName=target)["ContinuousBackupsDescription"]
    if not wanted or found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED":
        return []
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            dynamodb.update_continuous_backups(TableName=target, PointInTimeRecoverySpecification=wanted)
        except ClientError as error:
            unready = error.response["Error"]["Code"] == "ContinuousBackupsUnavailableException"
            if not unready or time.monotonic() > deadline:
                raise
            time.sleep(poll)
        else:
            return ["point-in-time recovery"]


def _protect(target: str, *, is_protected: bool) -> list[str]:
    dynamodb: Any = boto3.client("dynamodb")
    if not is_protected or dynamodb.describe_table(TableName=target)["Table"].get("DeletionProtectionEnabled"):
        return []
    dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)
    dynamodb.get_waiter("table_exists").wait(TableName=target, WaiterConfig={"Delay": 2})
    return ["protection"]


def _copy_tags(source: str, target: str) -> list[str]:
    """CloudFormation's own tags (aws:...) cannot be set; it sets them when it takes the table over."""
    tags = {key: value for key, value in _tags(source).items() if not key.startswith("aws:")}
    if not tags.items() - _tags(target).items():
        return []
    boto3.client("dynamodb").tag_resource(
        ResourceArn=_arn(target), Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    return ["tags"]


def _tags(name: str) -> dict[str, str]:
    pages = boto3.client("dynamodb").get_paginator("list_tags_of_resource").paginate(ResourceArn=_arn(name))
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _arn(name: str) -> str:
    arn: str = boto3.client("dynamodb").describe_table(TableName=name)["Table"]["TableArn"]
    return arn


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def describe(restore: Restore) -> list[str]:
    """Return what a restore will do, for whoever has to confirm it."""
    old = f"make delete-generation STAGE={restore.stage} GENERATION={restore.source}"
    return [
        f"Restore {restore.stage} to {_text(restore.moment)}, with tables of generation {restore.target}:",
        *(f"  {name} -> {restore.target_name(name)}" for name in restore.tables),
        "Then the stage is switched over. Until then it runs on its old tables, and what it writes there is left behind.",
        "API keys that were revoked after that instant work again. Jobs catch up from there, and may send e-mails again.",
        f"The old tables stay until you delete them: {old} CONFIRM=crm-{restore.stage}-{restore.source}",
    ]
